//! The settings of loop-auth: flags and environment variables, read once.
//!
//! In: clap arguments as text. Out: [`Config`], or every mistake at once. Never: prints a secret.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::Args;
use loop_oauth::{
    account::AccountRules,
    client_metadata_document::{Allowed, DocumentRules},
    config::{Issuer, Rules},
    device::DeviceRules,
    dpop::DpopRules,
    federation::FederationRules,
    par::ParRules,
    register::RegistrationRules,
    resource::Resources,
    sign_in::limits::SignInLimits,
    user::Email,
};
use loop_shared::service::config::{
    DpopArgs, ExternalUrl, Problems, ServiceArgs, ServiceConfig, ServiceIdentity, Warnings, given,
    number, seconds, secret_or_file,
};
use secrecy::SecretString;

pub use crate::store_config::{Database, StoreArgs, StoreConfig};

use crate::{
    device_config::DeviceArgs,
    dpop_config,
    federation_config::FederationArgs,
    key_config::{KeyArgs, KeyConfig},
    outbound::providers::ProviderSettings,
    outbound_config::OutboundArgs,
    par_config::ParArgs,
    pkce_config,
    proxy_config::{ProxyArgs, TrustedProxies},
    registration_config::RegistrationArgs,
    web_clients::{WebClientArgs, WebClientConfig},
};

/// Who this service is.
pub const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "loop-auth",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8083,
};

/// Flags and variables of the running server.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Authorization server")]
pub struct AuthArgs {
    /// File to write the public keys to, for APIs that read JWKS_FILE [default: none]
    #[arg(long, env = "JWKS_FILE", value_name = "PATH")]
    pub jwks_file: Option<String>,
    /// Resources and their scopes: "url=scope scope,url=scope"
    /// [default: <EXTERNAL_URL>/mcp=mcp:read,<EXTERNAL_URL>/exec/mcp=mcp:exec kpi:read]
    #[arg(long, env = "RESOURCES", value_name = "LIST")]
    pub resources: Option<String>,
    /// Seconds that an access token lives [default: 3600]
    #[arg(long, env = "ACCESS_TTL_SECONDS", value_name = "SECONDS")]
    pub access_ttl_seconds: Option<String>,
    /// Seconds that a refresh token may lie unused [default: 7776000]
    #[arg(long, env = "REFRESH_TTL_SECONDS", value_name = "SECONDS")]
    pub refresh_ttl_seconds: Option<String>,
    /// Seconds that an authorization code may be exchanged [default: 60]
    #[arg(long, env = "CODE_TTL_SECONDS", value_name = "SECONDS")]
    pub code_ttl_seconds: Option<String>,
    /// Seconds that a browser stays signed in [default: 1209600]
    #[arg(long, env = "SESSION_TTL_SECONDS", value_name = "SECONDS")]
    pub session_ttl_seconds: Option<String>,
    /// From whom PKCE is demanded: optional (verified when sent), public (of public clients), all [default: all]
    #[arg(long, env = "PKCE_ENFORCEMENT", value_name = "PHASE")]
    pub pkce_enforcement: Option<String>,
    /// How many strangers may wait for a password check, and as many in browsers known to the account; further ones are told to come back [default: 64]
    #[arg(long, env = "BCRYPT_QUEUE", value_name = "COUNT")]
    pub bcrypt_queue: Option<String>,
    /// E-mail of the first administrator, added when there is no user yet [default: admin@example.com]
    #[arg(long, env = "ADMIN_EMAIL", value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// Password of the first administrator [default: generated and shown once]; better set as a variable or file
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub admin_password: Option<SecretString>,
    /// File that holds ADMIN_PASSWORD
    #[arg(long, env = "ADMIN_PASSWORD_FILE", value_name = "PATH")]
    pub admin_password_file: Option<PathBuf>,
}

/// All flags of `loop-auth serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// What every service has.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The database.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The authorization server.
    #[command(flatten)]
    pub auth: AuthArgs,
    /// Its signing keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Clients that describe themselves.
    #[command(flatten)]
    pub outbound: OutboundArgs,
    /// Pushed authorization requests.
    #[command(flatten)]
    pub par: ParArgs,
    /// Proof of possession.
    #[command(flatten)]
    pub dpop: DpopArgs,
    /// Who may register.
    #[command(flatten)]
    pub registration: RegistrationArgs,
    /// Devices without a browser.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// What stands in front.
    #[command(flatten)]
    pub proxy: ProxyArgs,
    /// Who else can say who somebody is.
    #[command(flatten)]
    pub federation: FederationArgs,
    /// Pages of the services.
    #[command(flatten)]
    pub web: WebClientArgs,
}

/// The first administrator, should there be no user.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// Account name.
    pub email: Email,
    /// Password; `None`: generate one and show it once.
    pub password: Option<SecretString>,
}

/// The checked settings of [`ServeArgs`].
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service has.
    pub service: ServiceConfig,
    /// The database.
    pub store: StoreConfig,
    /// Issuer, resources, lifetimes.
    pub rules: Rules,
    /// How signing keys are made, kept and rotated.
    pub keys: KeyConfig,
    /// Certificate authorities beside the system's, PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Where logout tokens may be posted beyond public addresses.
    pub logout_allowed: Allowed,
    /// Which proxies may say where a request comes from.
    pub proxies: TrustedProxies,
    /// Providers that vouch for people.
    pub providers: Vec<ProviderSettings>,
    /// Where the public keys are written.
    pub jwks_file: Option<PathBuf>,
    /// How many logins may wait.
    pub bcrypt_queue: usize,
    /// Who is added first.
    pub first_admin: FirstAdmin,
    /// Pages of the services that people sign in to.
    pub web_clients: Vec<WebClientConfig>,
    /// What is allowed but unwise.
    pub warnings: Warnings,
}

impl ServeArgs {
    /// Checks all settings.
    ///
    /// # Errors
    /// [`Problems`] with every mistake.
    pub fn resolve(&self) -> Result<Config, Problems> {
        let mut problems = Problems::new();
        let service = self.service.resolve(IDENTITY, &mut problems);
        let store = self.store.resolve(&mut problems);
        let outbound = self.outbound.resolve(&mut problems);
        let registration = self.registration.resolve(&mut problems);
        let device = self.device.resolve(&mut problems);
        let proxies = self.proxy.resolve(&mut problems);
        let federation = self.federation.resolve(&mut problems);
        let par = self.par.resolve(&mut problems);
        let rules = self.auth.rules(&service.external_url, &mut problems);
        let access_ttl = rules
            .as_ref()
            .map_or(TimeDelta::zero(), |rules| rules.access_ttl);
        let keys = self.keys.resolve(access_ttl, &mut problems);
        let secret = keys.settings.secret.as_ref();
        let dpop = dpop_config::rules(&self.dpop, secret, &mut problems);
        let first_admin = self.auth.first_admin(&mut problems);
        let queue = self.auth.bcrypt_queue.as_deref();
        let queue = number("BCRYPT_QUEUE", queue, 0..=10_000, 64, &mut problems);
        let web_clients = self.web.resolve(&mut problems);
        let warnings = problems.finish()?;
        Ok(Config {
            web_clients,
            service,
            store,
            rules: Rules {
                documents: outbound.documents,
                dpop,
                par,
                registration,
                device,
                federation: federation.rules,
                ..rules.ok_or_else(Problems::new)?
            },
            ca_pem: outbound.ca_pem,
            logout_allowed: outbound.logout_allowed,
            keys,
            proxies,
            providers: federation.providers,
            jwks_file: given(self.auth.jwks_file.as_deref()).map(PathBuf::from),
            bcrypt_queue: usize::try_from(queue).unwrap_or(64),
            first_admin: first_admin.ok_or_else(Problems::new)?,
            warnings,
        })
    }
}

impl AuthArgs {
    /// `None` only when a problem was noted.
    fn rules(&self, external: &ExternalUrl, problems: &mut Problems) -> Option<Rules> {
        let issuer = Issuer::parse(external.as_str()).map_err(|wrong| {
            let fix = "Use the address people type, such as https://loop.example.com.";
            problems.add("EXTERNAL_URL", wrong, fix);
        });
        let default = format!(
            "{}=mcp:read,{}=mcp:exec kpi:read",
            external.join("/mcp"),
            external.join("/exec/mcp")
        );
        let resources = given(self.resources.as_deref()).unwrap_or(&default);
        let resources = Resources::parse(resources).map_err(|wrong| {
            let fix = "Write it as https://loop.example.com/mcp=mcp:read,https://….";
            problems.add("RESOURCES", wrong, fix);
        });
        let pkce = pkce_config::rules(self.pkce_enforcement.as_deref(), problems);
        let mut time = |name, value: &Option<String>, range, default| {
            let duration = seconds(name, value.as_deref(), range, default, problems);
            TimeDelta::from_std(duration).unwrap_or_default()
        };
        let year = 31_536_000;
        let (access, refresh) = (&self.access_ttl_seconds, &self.refresh_ttl_seconds);
        let (code, session) = (&self.code_ttl_seconds, &self.session_ttl_seconds);
        let access_ttl = time("ACCESS_TTL_SECONDS", access, 1..=86_400, 3_600);
        let refresh_ttl = time("REFRESH_TTL_SECONDS", refresh, 1..=10 * year, 7_776_000);
        let code_ttl = time("CODE_TTL_SECONDS", code, 1..=600, 60);
        let session_ttl = time("SESSION_TTL_SECONDS", session, 60..=year, 1_209_600);
        Some(Rules {
            issuer: issuer.ok()?,
            resources: resources.ok()?,
            access_ttl,
            refresh_ttl,
            code_ttl,
            session_ttl,
            pkce,
            documents: DocumentRules::default(),
            par: ParRules::default(),
            dpop: DpopRules::default(),
            registration: RegistrationRules::default(),
            device: DeviceRules::default(),
            account: AccountRules::default(),
            second_step: loop_oauth::second_step::StepLimits::default(),
            passkey: loop_oauth::passkey::PasskeyRules::default(),
            sign_in: SignInLimits::default(),
            federation: FederationRules::default(),
        })
    }

    /// `None` only when a problem was noted.
    fn first_admin(&self, problems: &mut Problems) -> Option<FirstAdmin> {
        let typed = given(self.admin_email.as_deref()).unwrap_or("admin@example.com");
        let email = Email::parse(typed);
        if email.is_none() {
            let wrong = format!("{typed:?} is not an e-mail address");
            problems.add(
                "ADMIN_EMAIL",
                wrong,
                "Use an address such as you@example.com.",
            );
        }
        let (value, file) = (
            self.admin_password.as_ref(),
            self.admin_password_file.as_deref(),
        );
        let password = secret_or_file("ADMIN_PASSWORD", value, file, problems);
        email.map(|email| FirstAdmin { email, password })
    }
}
