//! The settings of auth-proxy: flags and environment variables, read once, every mistake at once.
//!
//! In: arguments and environment. Out: [`Config`], or all problems. Never: a secret from the command line, except
//! a password for this machine alone.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use loop_auth::config::StoreArgs;
use loop_auth::federation_config::FederationArgs;
use loop_shared::service::config::{
    ExternalUrl, JwksLocation, Problems, ServiceIdentity, Warnings, WebLoginArgs, WebLoginConfig,
    given, number, secret_or_file,
};
use loop_shared::service::{ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig};
use secrecy::SecretString;

use crate::connections::provider::Provider;
use crate::connections_config::{ConnectionsArgs, ConnectionsConfig, providers};
use crate::server_config::ServerArgs;
use crate::servers::Server;
use crate::tls::{TlsArgs, TlsConfig};

/// The service's name, version and port.
pub const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "auth-proxy",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8080,
};

/// Flags and variables of the login inside.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Login (without ISSUER, an authorization server runs inside)")]
pub struct LoginArgs {
    /// Password of the one user, for this machine alone: anybody here can read it with ps. Elsewhere set PASSWORD_FILE
    #[arg(
        long,
        env = "PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<SecretString>,
    /// File that holds PASSWORD
    #[arg(long, env = "PASSWORD_FILE", value_name = "PATH")]
    pub password_file: Option<PathBuf>,
    /// E-mail with which that user signs in [default: admin@example.com]
    #[arg(long, env = "ADMIN_EMAIL", value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// Folder for the database and the proxy's own secret [default: ./data]
    #[arg(long, env = "DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// File in which calls are recorded, in a chain of hashes; a file of its own for each replica; off: nowhere
    /// [default: DATA_DIR/audit.jsonl]
    #[arg(long, env = "AUDIT_FILE", value_name = "PATH")]
    pub audit_file: Option<String>,
    /// Secret under which sessions and keys are kept, at least 32 bytes; several replicas need the same. Of several,
    /// separated by commas, the first encrypts and all open [default: made once, kept in DATA_DIR]
    #[arg(
        long,
        env = "AUTH_ENCRYPTION_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub auth_encryption_secret: Option<SecretString>,
    /// File that holds AUTH_ENCRYPTION_SECRET; of several secrets, each is a line of its own
    #[arg(long, env = "AUTH_ENCRYPTION_SECRET_FILE", value_name = "PATH")]
    pub auth_encryption_secret_file: Option<PathBuf>,
}

/// All flags of `auth-proxy`.
#[derive(Args, Clone, Debug, Default)]
pub struct ProxyArgs {
    /// What every service has.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The server behind.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The login inside.
    #[command(flatten)]
    pub login: LoginArgs,
    /// Its database.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Who else can say who somebody is, and keeps people's accounts.
    #[command(flatten)]
    pub federation: FederationArgs,
    /// People's own accounts.
    #[command(flatten)]
    pub connections: ConnectionsArgs,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// Tokens of another issuer.
    #[command(flatten)]
    pub tokens: ResourceServerArgs,
    /// The proxy's own pages behind that issuer.
    #[command(flatten)]
    pub web: WebLoginArgs,
}

/// The checked settings.
#[derive(Debug)]
pub(crate) struct Config {
    /// Settings of every service.
    pub(crate) service: ServiceConfig,
    /// The servers behind.
    pub(crate) servers: Vec<Arc<Server>>,
    /// TLS at the port; `None`: plain HTTP.
    pub(crate) tls: Option<TlsConfig>,
    /// How their file is read again, where there is one.
    pub(crate) file: Option<ServerArgs>,
    /// Who keeps people's accounts.
    pub(crate) providers: Vec<Arc<Provider>>,
    /// Where their tokens are kept, and how they are refreshed.
    pub(crate) connections: ConnectionsConfig,
    /// Whose tokens are taken; `resource` is set for each server.
    pub(crate) tokens: ResourceServerConfig,
    /// The login inside; `None` when another issuer is named.
    pub(crate) embedded: Option<loop_auth::config::Config>,
    /// The proxy's own pages behind another issuer.
    pub(crate) pages: Option<WebLoginConfig>,
    /// The proxy's secret.
    pub(crate) secret: Option<SecretString>,
    /// Where calls are recorded.
    pub(crate) audit: Option<PathBuf>,
    /// Where the proxy keeps things.
    pub(crate) data: PathBuf,
    /// Servers that run at once, at most.
    pub(crate) most: usize,
    /// Whether the password came from the command line or a file, and so needs not be shown.
    pub(crate) user: String,
    /// What is allowed but unwise.
    pub(crate) warnings: Warnings,
}

impl ProxyArgs {
    /// Checks everything; `command` is what follows `--`.
    ///
    /// # Errors
    /// All [`Problems`].
    pub(crate) fn resolve(&self, command: &[String]) -> Result<Config, Problems> {
        let mut problems = Problems::new();
        let service = self.service(&mut problems);
        let data = PathBuf::from(given(self.login.data_dir.as_deref()).unwrap_or("./data"));
        let tls = self.tls.resolve(&service, &data, &mut problems);
        let providers = providers(&self.federation, &mut problems);
        let server = self.server.resolve(command, &providers, &mut problems);
        let login = &self.login;
        let (value, file) = (
            login.auth_encryption_secret.as_ref(),
            login.auth_encryption_secret_file.as_deref(),
        );
        let secret = secret_or_file("AUTH_ENCRYPTION_SECRET", value, file, &mut problems);
        let most = self.server.max_running.as_deref();
        let most = number("MAX_RUNNING", most, 1..=100_000, 256, &mut problems);
        let embedded = given(self.tokens.issuer.as_deref()).is_none();
        let connections = self.connections(&data, &mut problems);
        let pages = self.pages(embedded, &data, &server, &mut problems);
        let tokens = self.tokens(&service, embedded, &mut problems);
        let given_secret = secret.as_ref();
        let inside =
            embedded.then(|| self.embedded(&service, &data, given_secret, &server, &mut problems));
        let mut warnings = problems.finish()?;
        let inside = inside.transpose()?;
        if let Some(inside) = &inside {
            warnings.extend(inside.warnings.iter().cloned());
        }
        Ok(Config {
            service,
            tls,
            servers: server.into_iter().map(Arc::new).collect(),
            file: self.server.has_file().then(|| self.server.clone()),
            providers,
            connections,
            tokens,
            embedded: inside,
            pages,
            secret,
            audit: self.audit_file(),
            data,
            most: usize::try_from(most).unwrap_or(256),
            user: given(login.admin_email.as_deref())
                .unwrap_or("admin@example.com")
                .to_owned(),
            warnings,
        })
    }

    /// The service's settings; the public address is this machine's port unless told otherwise.
    fn service(&self, problems: &mut Problems) -> ServiceConfig {
        let mut args = self.service.clone();
        if given(args.external_url.as_deref()).is_none() {
            let port = given(args.port.as_deref()).unwrap_or("8080");
            let scheme = if self.tls.is_on() { "https" } else { "http" };
            args.external_url = Some(format!("{scheme}://localhost:{port}"));
        } else if given(args.port.as_deref()).is_none() {
            args.port = own_port(args.external_url.as_deref(), self.tls.is_on());
        }
        args.resolve(IDENTITY, problems)
    }

    /// Where the proxy speaks TLS; `None`: nowhere.
    pub(crate) fn tls_address(&self) -> Option<(IpAddr, u16)> {
        let service = self.service(&mut Problems::new());
        let address = (service.bind_address, service.port);
        self.tls.is_on().then_some(address)
    }

    /// Where calls are recorded; `None`: nowhere.
    pub(crate) fn audit_file(&self) -> Option<PathBuf> {
        match given(self.login.audit_file.as_deref()) {
            Some("off") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => {
                let data = given(self.login.data_dir.as_deref()).unwrap_or("./data");
                Some(Path::new(data).join("audit.jsonl"))
            }
        }
    }

    /// Where connections are kept.
    pub(crate) fn connections(&self, data: &Path, problems: &mut Problems) -> ConnectionsConfig {
        let (value, file) = (
            self.store.database_url.as_ref(),
            self.store.database_url_file.as_deref(),
        );
        let database = secret_or_file("DATABASE_URL", value, file, problems);
        self.connections.resolve(data, database.as_ref(), problems)
    }

    /// Whose tokens are taken. Those of the login inside are checked with keys that are asked for over this very
    /// port, as any other server would.
    fn tokens(
        &self,
        service: &ServiceConfig,
        embedded: bool,
        problems: &mut Problems,
    ) -> ResourceServerConfig {
        let mut args = self.tokens.clone();
        if embedded {
            let ip = service.bind_address;
            let ip = if ip.is_unspecified() {
                [127, 0, 0, 1].into()
            } else {
                ip
            };
            let here = std::net::SocketAddr::new(ip, service.port);
            args.jwks_url = Some(format!("http://{here}/.well-known/jwks.json"));
            args.jwks_file = None;
            if args.revocation.revocation_poll_seconds.is_none() {
                args.revocation.revocation_poll_seconds = Some("1".to_owned());
            }
        }
        let config = args.resolve(service, "/mcp", problems);
        if matches!(config.jwks, JwksLocation::File(_)) && config.revocation.is_none() {
            let fix = "Set REVOCATION_URL, or let it be JWKS_URL.";
            problems.warn("JWKS_FILE", "revoked tokens work until they expire", fix);
        }
        config
    }
}

/// The port of an address: of this machine, or wherever nothing else speaks TLS.
fn own_port(external: Option<&str>, tls: bool) -> Option<String> {
    let external = ExternalUrl::parse(external?).ok()?;
    let url = url::Url::parse(external.as_str()).ok()?;
    let port = if tls {
        url.port_or_known_default()
    } else {
        url.port().filter(|_| external.is_loopback())
    };
    Some(port?.to_string())
}
