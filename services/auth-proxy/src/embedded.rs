//! The authorization server inside: loop-auth with settings that follow from the proxy's.

use std::path::Path;

use loop_auth::config::{AuthArgs, Config, ServeArgs};
use loop_auth::key_config::KeyArgs;
use loop_shared::service::ServiceConfig;
use loop_shared::service::config::{Problems, given};
use secrecy::SecretString;

use crate::config::ProxyArgs;
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
                auth_encryption_secret: first(login.auth_encryption_secret.as_ref()),
                auth_encryption_secret_file: login.auth_encryption_secret_file.clone(),
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

/// The current of several secrets.
fn first(secret: Option<&SecretString>) -> Option<SecretString> {
    use secrecy::ExposeSecret as _;

    let text = secret?.expose_secret();
    Some(SecretString::from(
        text.split(',').next().unwrap_or_default().trim(),
    ))
}
