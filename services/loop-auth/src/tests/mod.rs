//! The whole service in process: a real server on a free port, a real database in a temporary
//! folder, a clock that tests move.

mod account;
mod admin;
mod assertions;
mod audit;
mod authorize;
mod cimd;
mod client_credentials;
mod clock;
mod day;
mod device;
mod dpop;
mod engine;
mod federation;
mod flood;
mod flow;
mod forms;
mod fuzz;
mod http;
mod introspect;
mod limits;
mod nul;
mod oidc;
mod outage;
mod par;
mod pkce;
mod probing;
mod register;
mod registration;
mod revocations;
mod step_up;
mod token;

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
};

use actix_web::{HttpServer, dev::ServerHandle, web::Data};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_oauth::{
    account::AccountRules,
    client_metadata_document::{ClientDocuments, DocumentRules, NoDocuments},
    config::{Issuer, Rules},
    device::DeviceRules,
    dpop::DpopRules,
    entropy::OsEntropy,
    federation::{FederationRules, allow::AllowRules},
    key::{Policy as KeyPolicy, SigningKey},
    login::Passwords,
    par::ParRules,
    pkce_phase::{Enforcement, PkceRules},
    register::RegistrationRules,
    resource::Resources,
    sign_in::limits::SignInLimits,
    store::SigningKeys as _,
    user_admin::{self, NewUser},
};
use loop_oauth_store::SqlStore;
use loop_shared::{
    auth::{SigningAlgorithm, scope::Roles},
    service,
    service::config::ExternalUrl,
};
use loop_testkit::{Browser, Decision, MockClock, postgres::Schema};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    app::{App, Parts},
    boot::{self, Opened},
    outbound::providers::{ProviderSettings, Providers},
    passkeys::WebauthnCeremonies,
    passwords::BcryptPasswords,
    proxy_config::TrustedProxies,
    seals::SecretSeals,
    signer::{KeySettings, Signer},
};

/// A password every test user has.
const PASSWORD: &str = "correct horse battery";
/// A verifier of the shortest length (RFC 7636 §4.1).
const VERIFIER: &str = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABC";
/// Where the test client is answered.
const REDIRECT: &str = "https://client.example/cb";

/// A running server.
struct Server {
    url: String,
    app: Data<App>,
    store: Arc<SqlStore>,
    clock: MockClock,
    http: reqwest::Client,
    handle: ServerHandle,
    folder: tempfile::TempDir,
    schema: Option<Schema>,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// What may differ between tests.
#[derive(Default)]
struct Setup {
    /// The public address; `None`: the server's own.
    external_url: Option<&'static str>,
    /// How logins are checked; `None`: cheap bcrypt.
    passwords: Option<Arc<dyn Passwords>>,
    /// The PKCE phase.
    pkce: Enforcement,
    /// Which documents of clients are read.
    rules: DocumentRules,
    /// Where they come from; `None`: there are none.
    documents: Option<Arc<dyn ClientDocuments>>,
    /// Who may register.
    registration: RegistrationRules,
    /// How keys are proven.
    dpop: DpopRules,
    /// Who vouches, and for whom.
    federation: FederationRules,
    /// How they are asked.
    providers: Vec<ProviderSettings>,
    /// The database; `None`: an empty one (see [`engine`]).
    store: Option<SqlStore>,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    async fn start_with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, schema) = match setup.store {
            Some(store) => (store, None),
            None => engine::open(folder.path()).await,
        };
        let store = Arc::new(store);
        let clock = MockClock::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let external = ExternalUrl::parse(setup.external_url.unwrap_or(&url)).unwrap();
        let cheap = || Arc::new(BcryptPasswords::new(4, 2, 64).unwrap()) as Arc<dyn Passwords>;
        let rules = Rules {
            dpop: setup.dpop,
            registration: setup.registration,
            federation: setup.federation,
            documents: setup.rules,
            ..rules(external.as_str(), setup.pkce)
        };
        let ceremonies = Arc::new(WebauthnCeremonies::new(&external));
        let parts = Parts {
            rules,
            external_url: external,
            store: Arc::clone(&store) as _,
            entropy: Arc::new(OsEntropy),
            documents: setup.documents.unwrap_or_else(|| Arc::new(NoDocuments)),
            clock: Arc::new(clock.as_fn()),
            passwords: setup.passwords.unwrap_or_else(cheap),
            signer: signer(&store, &clock).await,
            keys: key_settings(),
            jwks_max_age: std::time::Duration::from_mins(5),
            proxies: TrustedProxies::default(),
            providers: Providers::new(setup.providers).unwrap(),
            seals: Arc::new(SecretSeals::new(None)),
            ceremonies,
        };
        let app = Data::new(App::new(parts).unwrap());
        let handle = serve(&app, &store, listener);
        Self {
            url,
            app,
            store,
            clock,
            http: http(),
            handle,
            folder,
            schema,
        }
    }

    /// Adds a user with [`PASSWORD`].
    async fn user(&self, email: &str, roles: &str) {
        let new = NewUser {
            email: email.to_owned(),
            name: String::new(),
            password: SecretString::from(PASSWORD),
            roles: Roles::parse(roles).unwrap(),
        };
        let cheap = BcryptPasswords::new(4, 1, 8).unwrap();
        user_admin::add_user(&self.app.cx(), &cheap, new)
            .await
            .unwrap();
    }

    /// Registers a public client for [`REDIRECT`] and gives its identifier.
    async fn client(&self) -> String {
        self.client_at(REDIRECT).await
    }

    async fn client_at(&self, redirect: &str) -> String {
        let body = json!({
            "client_name": "Test client",
            "redirect_uris": [redirect],
            "token_endpoint_auth_method": "none",
        });
        let answer = self
            .http
            .post(self.at("/register"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        let body: Value = answer.json().await.unwrap();
        body["client_id"].as_str().unwrap().to_owned()
    }

    fn at(&self, path: &str) -> Url {
        format!("{}{path}", self.url).parse().unwrap()
    }

    /// An authorize URL of `client`, with extra or overriding parameters; an empty value removes one.
    fn authorize_url(&self, client: &str, extra: &[(&str, &str)]) -> Url {
        let mut url = self.at("/authorize");
        let usual = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("code_challenge", &challenge()),
            ("code_challenge_method", "S256"),
            ("state", "st&te=1"),
            ("scope", "mcp:read"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let changed = |name: &str| extra.iter().any(|(other, _)| *other == name);
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(usual.iter().filter(|(name, _)| !changed(name)));
            query.extend_pairs(extra.iter().filter(|(_, value)| !value.is_empty()));
        }
        url
    }

    /// Logs in, allows, and gives the code.
    async fn code(&self, browser: &Browser, client: &str, email: &str) -> String {
        let url = self.authorize_url(client, &[]);
        let outcome = browser
            .authorize(&url, email, PASSWORD, Decision::Allow)
            .await;
        outcome.parameter("code").unwrap()
    }

    /// `POST /token`.
    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self
            .http
            .post(self.at("/token"))
            .form(form)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["pragma"], "no-cache");
        (status, answer.json().await.unwrap())
    }

    /// Exchanges a code as [`Server::code`] gives it.
    async fn exchange(&self, client: &str, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    async fn refresh(&self, client: &str, token: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token),
        ])
        .await
    }
}

/// What answers are looked at with: it follows nothing.
fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// Serves `app` at `listener`, on one thread.
fn serve(app: &Data<App>, store: &Arc<SqlStore>, listener: TcpListener) -> ServerHandle {
    let probed = Arc::clone(store);
    let opened = Opened::new(Arc::clone(store) as _, move || {
        let store = Arc::clone(&probed);
        Box::pin(async move { store.ready().await })
    });
    let health = boot::health(&opened);
    let shared = app.clone();
    let server = HttpServer::new(move || {
        let (app, health) = (shared.clone(), health.clone());
        service::app(move |routes: &mut _| boot::register(&app, &health, routes))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    handle
}

/// A signer with the one key all tests of a process share: making one takes a while.
async fn signer(store: &SqlStore, clock: &MockClock) -> Signer {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        store.add_first_key(key).await.unwrap();
    }
    let signer = Signer::open(store, &key_settings(), clock.now())
        .await
        .unwrap();
    let key = store.signing_keys().await.unwrap().remove(0);
    KEY.get_or_init(|| key);
    signer
}

fn key_settings() -> KeySettings {
    KeySettings {
        policy: KeyPolicy {
            alg: SigningAlgorithm::Rs256,
            publish_ahead: chrono::TimeDelta::seconds(4_200),
            keep_after: chrono::TimeDelta::seconds(4_260),
            rotate_every: None,
        },
        secret: None,
        former: Vec::new(),
    }
}

fn rules(external: &str, pkce: Enforcement) -> Rules {
    let resources = format!("{external}/mcp=mcp:read,{external}/exec/mcp=mcp:exec kpi:read");
    Rules {
        issuer: Issuer::parse(external).unwrap(),
        resources: Resources::parse(&resources).unwrap(),
        access_ttl: chrono::TimeDelta::hours(1),
        refresh_ttl: chrono::TimeDelta::days(90),
        code_ttl: chrono::TimeDelta::minutes(1),
        session_ttl: chrono::TimeDelta::days(14),
        pkce: PkceRules::new(pkce),
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
    }
}

/// The S256 challenge of [`VERIFIER`].
fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The claims of a JWT, unverified.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A member of a JSON object as text.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {body}"))
}
