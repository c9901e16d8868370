//! The state every handler shares, and the whole route table.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::from_fn,
    web,
};
use loop_oauth::{
    client_metadata_document::ClientDocuments,
    config::{Context, Rules},
    entropy::Entropy,
    login::Passwords,
    passkey::Ceremonies,
    second_step::Seals,
    store::Store,
};
use loop_shared::service::{clock::Clock, config::ExternalUrl, headers::cors_open, reading};

use crate::{
    audit,
    extract::cookies::Cookies,
    outbound::providers::Providers,
    pages::{Chrome, Pages},
    proxy_config::TrustedProxies,
    respond,
    revocations::RevocationList,
    routes::{
        account, admin, assets, authorize, consent, device, device_authorization, federation, home,
        introspect, login, logout, metadata, not_found, par, passkey, register, registration,
        revocations, revoke, token, userinfo,
    },
    signer::{KeySettings, Signer},
    visits::Visits,
};

/// What the server is made of; tests put their own clock, entropy and store in.
pub struct Parts {
    /// Issuer, resources, lifetimes.
    pub rules: Rules,
    /// Where people reach the server.
    pub external_url: ExternalUrl,
    /// Users, clients, grants.
    pub store: Arc<dyn Store>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Documents and keys of clients.
    pub documents: Arc<dyn ClientDocuments>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// bcrypt.
    pub passwords: Arc<dyn Passwords>,
    /// The signing keys.
    pub signer: Signer,
    /// What signing keys are made by.
    pub keys: KeySettings,
    /// How long a cache may keep the public keys.
    pub jwks_max_age: Duration,
    /// Which proxies may say where a request comes from.
    pub proxies: TrustedProxies,
    /// Who else can say who somebody is.
    pub providers: Providers,
    /// How secrets of second steps are kept.
    pub seals: Arc<dyn Seals>,
    /// How passkeys are checked.
    pub ceremonies: Arc<dyn Ceremonies>,
}

/// The running server's state.
pub struct App {
    pub(crate) rules: Rules,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) passwords: Arc<dyn Passwords>,
    pub(crate) signer: Signer,
    pub(crate) keys: KeySettings,
    pub(crate) jwks_max_age: Duration,
    pub(crate) pages: Pages,
    pub(crate) cookies: Cookies,
    /// The issuer's path, `""` for most: the prefix of local links.
    pub(crate) base: String,
    /// The signed list of grants that ended.
    pub(crate) revocations: RevocationList,
    pub(crate) proxies: TrustedProxies,
    pub(crate) providers: Providers,
    /// Which browsers were noted a moment ago.
    pub(crate) visits: Visits,
    pub(crate) seals: Arc<dyn Seals>,
    pub(crate) ceremonies: Arc<dyn Ceremonies>,
    entropy: Arc<dyn Entropy>,
    documents: Arc<dyn ClientDocuments>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// A template does not parse; the build is broken then.
    pub fn new(parts: Parts) -> Result<Self, tera::Error> {
        let url = &parts.external_url;
        let pages = Pages::new(Chrome {
            base: url.path().to_owned(),
            site: url.authority(),
            style: assets::style_version(),
            script: assets::script_version(),
        })?;
        Ok(Self {
            base: url.path().to_owned(),
            cookies: Cookies::new(url.is_https()),
            pages,
            rules: parts.rules,
            store: parts.store,
            passwords: parts.passwords,
            signer: parts.signer,
            keys: parts.keys,
            jwks_max_age: parts.jwks_max_age,
            revocations: RevocationList::default(),
            proxies: parts.proxies,
            providers: parts.providers,
            visits: Visits::default(),
            seals: parts.seals,
            ceremonies: parts.ceremonies,
            entropy: parts.entropy,
            documents: parts.documents,
            clock: parts.clock,
        })
    }

    /// What the rules are handed, at this moment.
    pub(crate) fn cx(&self) -> Context<'_> {
        Context {
            rules: &self.rules,
            store: &*self.store,
            entropy: &*self.entropy,
            documents: &*self.documents,
            now: self.clock.now(),
        }
    }
}

/// Routes everything. `app` must also be registered as app data.
///
/// An issuer with a path gets the same routes below it, since a proxy may strip it or not, and the forms of RFC 8414 §3.1.
pub fn routes(config: &mut web::ServiceConfig, app: &App) {
    // One scope around everything: what a request does is written down before it is answered.
    let base = app.base.clone();
    let all = web::scope("").wrap(from_fn(audit::record));
    config.service(all.configure(move |config| everything(config, &base)));
}

fn everything(config: &mut web::ServiceConfig, base: &str) {
    under("", config);
    if !base.is_empty() {
        under(base, config);
        for name in ["oauth-authorization-server", "openid-configuration"] {
            metadata_at(&format!("/.well-known/{name}{base}"), config);
        }
    }
    // Last of all, and ahead of the service's own default.
    config.service(web::resource("/{unknown:.*}").default_service(web::to(not_found::not_found)));
}

/// The route table, below a prefix.
fn under(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    metadata_at(&at("/.well-known/oauth-authorization-server"), config);
    metadata_at(&at("/.well-known/openid-configuration"), config);
    config.service(
        web::resource(at("/.well-known/jwks.json"))
            .wrap(cors_open())
            .route(web::get().to(metadata::jwks))
            .route(web::head().to(metadata::jwks))
            .default_service(web::to(|| async { only("GET") })),
    );
    config.service(
        web::resource(at("/oauth/revocations"))
            .route(web::get().to(revocations::revocations))
            .route(web::head().to(revocations::revocations))
            .default_service(web::to(|| async { only("GET") })),
    );
    for version in ["", "/oauth"] {
        endpoints(&at(version), config);
        registrations(&at(version), config);
    }
    pages(prefix, config);
    assets::routes(prefix, config);
    passkey::routes(prefix, config);
    login::routes(prefix, config);
    device::routes(prefix, config);
    federation::routes(prefix, config);
    admin::routes(prefix, config);
    account::routes(prefix, config);
}

/// Where clients send requests.
fn endpoints(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config.service(
        web::resource(at("/authorize"))
            .route(reading().to(authorize::get))
            .route(web::post().to(authorize::post))
            .default_service(web::to(|| async { only("GET, POST") })),
    );
    config.service(
        web::resource(at("/token"))
            .wrap(cors_open())
            .route(web::post().to(token::token))
            .default_service(web::to(|| async { only("POST") })),
    );
    config.service(
        web::resource(at("/userinfo"))
            .wrap(cors_open())
            .route(web::get().to(userinfo::get))
            .route(web::post().to(userinfo::post))
            .default_service(web::to(|| async { only("GET, POST") })),
    );
    config.service(
        web::resource(at("/revoke"))
            .wrap(cors_open())
            .route(web::post().to(revoke::revoke))
            .default_service(web::to(|| async { only("POST") })),
    );
    config.service(
        web::resource(at("/par"))
            .wrap(cors_open())
            .route(web::post().to(par::push))
            .default_service(web::to(|| async { only("POST") })),
    );
    config.service(
        web::resource(at("/device_authorization"))
            .wrap(cors_open())
            .route(web::post().to(device_authorization::begin))
            .default_service(web::to(|| async { only("POST") })),
    );
    // No CORS: a browser holds no client secret.
    config.service(
        web::resource(at("/introspect"))
            .route(web::post().to(introspect::introspect))
            .default_service(web::to(|| async { only("POST") })),
    );
}

/// Where clients register.
fn registrations(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config.service(
        web::resource(at("/register"))
            .wrap(cors_open())
            .route(web::post().to(register::register))
            .default_service(web::to(|| async { only("POST") })),
    );
    // No CORS: a page keeps no registration.
    config.service(
        web::resource(at("/register/{client_id}"))
            .route(web::get().to(registration::get))
            .route(web::put().to(registration::put))
            .route(web::delete().to(registration::delete))
            .default_service(web::to(|| async { only("GET, PUT, DELETE") })),
    );
}

/// What people see.
fn pages(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config
        .route(&at("/"), reading().to(home::home))
        .route(&at("/oauth"), reading().to(home::home))
        .route(&at("/oauth/"), reading().to(home::home))
        .route(&at("/oauth/consent"), web::post().to(consent::post))
        .route(&at("/oauth/logout"), reading().to(logout::get))
        .route(&at("/oauth/logout"), web::post().to(logout::post));
}

fn metadata_at(path: &str, config: &mut web::ServiceConfig) {
    config.service(
        web::resource(path)
            .wrap(cors_open())
            .route(web::get().to(metadata::metadata))
            .route(web::head().to(metadata::metadata))
            .default_service(web::to(|| async { only("GET") })),
    );
}

/// The answer to a method that a path does not have (RFC 9110 §15.5.6).
fn only(methods: &'static str) -> HttpResponse {
    let mut response = respond::json::error(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        format!("This address answers {methods} only."),
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}
