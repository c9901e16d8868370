//! The authorization server inside: loop-auth with settings that follow from the proxy's.

use std::path::Path;

use loop_auth::config::{AuthArgs, Config, ServeArgs};
use loop_auth::key_config::KeyArgs;
use loop_shared::service::ServiceConfig;
use loop_shared::service::config::{Problems, given};
use secrecy::SecretString;

use crate::config::ProxyArgs;
use crate::secret::several;
use crate::servers::{Server, resources};

impl ProxyArgs {
    /// loop-auth's settings. Its issuer is the proxy's own address, its resources are the servers.
    ///
    /// # Errors
    /// loop-auth's own problems.
    pub(crate) fn embedded(
        &self,
        service: &ServiceConfig,
        data: &Path,
        secret: Option<&SecretString>,
        servers: &[Server],
        problems: &mut Problems,
    ) -> Result<Config, Problems> {
        let external = &service.external_url;
        let mut store = self.store.clone();
        if given(store.oauth_db_path.as_deref()).is_none() {
            store.oauth_db_path = Some(data.join("auth-proxy.db").display().to_string());
        }
        let login = &self.login;
        self.check_password(service, problems);
        let mut secrets = secret.map(several).unwrap_or_default().into_iter();
        let mut args = ServeArgs {
            service: self.service.clone(),
            store,
            auth: AuthArgs {
                resources: Some(resources(external, servers)),
                admin_email: login.admin_email.clone(),
                admin_password: login.password.clone(),
                admin_password_file: login.password_file.clone(),
                ..AuthArgs::default()
            },
            keys: KeyArgs {
                auth_encryption_secret: secrets.next(),
                former_secrets: secrets.collect(),
                ..KeyArgs::default()
            },
            federation: self.federation.clone(),
            ..ServeArgs::default()
        };
        args.service.external_url = Some(external.as_str().to_owned());
        args.service.port = Some(service.port.to_string());
        if servers.is_empty() {
            // A problem was noted already; loop-auth needs some resource to say anything else.
            args.auth.resources = None;
        }
        args.resolve()
    }

    /// A password that everybody on this machine can read is for this machine alone.
    fn check_password(&self, service: &ServiceConfig, problems: &mut Problems) {
        if service.port == 0 {
            let fix = "Choose a port: the login inside must know it.";
            problems.add("PORT", "0 is no port to come back to", fix);
        }
        if self.login.password.is_some() && !service.external_url.is_loopback() {
            problems.warn(
                "PASSWORD",
                "it is a development password and this address is reachable from elsewhere",
                "Put a long one into a file and set PASSWORD_FILE.",
            );
        }
    }
}
