//! The service's state and its whole route table.
//!
//! In: checked settings. Out: [`App`], and what it serves. Never: business rules; those are in [`crate::ask`].

use std::sync::Arc;

use actix_web::middleware::Compat;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route, guard};
use loop_shared::auth::bearer::{Bearer, BearerConfig};
use loop_shared::auth::jwks::{JwksOpenError, JwksSource};
use loop_shared::auth::resource_metadata::ResourceMetadata;
use loop_shared::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use loop_shared::auth::{Scope, Scopes};
use loop_shared::mcp::{McpMount, mount};
use loop_shared::service::{Clock, Health, Shutdown, SystemClock, headers};
use loop_vault::{OpenError, Snapshot, Vault, VaultConfig, VaultStatus};
use url::Url;

use crate::config::{Config, IDENTITY, MCP_PATH};
use crate::endpoint::Endpoint;
use crate::mcp::VaultTools;
use crate::openapi;
use crate::routes::{
    docs, entities, entity, fallback, health, note, openapi as description, scan, search, stats,
};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The vault cannot be read.
    #[error("{0} (VAULT_DIR)")]
    Vault(#[from] OpenError),
    /// The keys cannot be asked for.
    #[error(transparent)]
    Keys(#[from] JwksOpenError),
    /// A setting that is no URL after all.
    #[error("RESOURCE or EXTERNAL_URL: {0}")]
    Url(#[from] url::ParseError),
}

/// What every request shares.
#[derive(Debug)]
pub struct App {
    vault: Vault,
    notes_url: Url,
    openapi: String,
    bearer: Bearer,
    metadata: ResourceMetadata,
    mcp: McpMount,
    health: Health,
    origins: Vec<String>,
}

impl App {
    /// Reads the vault and prepares everything else. Blocks until the vault is read; fetches no keys yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let (service, tokens) = (&config.service, &config.tokens);
        let external = service.external_url.as_str();
        let scopes = Scopes::from(Scope::McpRead);
        let metadata =
            ResourceMetadata::new(&tokens.resource, &tokens.issuer, scopes, "Loop vault")?
                .with_documentation(service.external_url.join(docs::PAGE));
        let verifying = VerifierConfig {
            issuer: tokens.issuer.clone(),
            audience: tokens.resource.clone(),
            leeway: DEFAULT_LEEWAY,
        };
        let verifier = Arc::new(Verifier::new(verifying, JwksSource::open(tokens)?));
        let bearer = Bearer::new(BearerConfig {
            verifier: Arc::clone(&verifier),
            metadata: metadata.clone(),
            bypass: tokens.bypass,
            required: Scope::McpRead.into(),
        });
        Ok(Self {
            notes_url: Url::parse(&format!("{external}/api/notes"))?,
            openapi: openapi::document(&endpoints(), external, &tokens.issuer).to_string(),
            mcp: McpMount::new(bearer.clone(), service).stopping_with(shutdown.token()),
            health: readiness(verifier),
            origins: service.allowed_origins.clone(),
            vault: Vault::open(VaultConfig::new(&config.vault_dir))?,
            bearer,
            metadata,
        })
    }

    /// The vault at this moment.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.vault.snapshot()
    }

    /// How the vault is followed.
    pub(crate) fn vault_status(&self) -> VaultStatus {
        self.vault.status()
    }

    /// The OpenAPI document.
    pub(crate) fn openapi(&self) -> &str {
        &self.openapi
    }

    /// Where a note is: `<EXTERNAL_URL>/api/notes/<path>`.
    pub(crate) fn note_url(&self, path: &str) -> String {
        let mut url = self.notes_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        url.into()
    }
}

/// Ready when the vault was read, which is before anything is served, and the issuer's keys are known.
fn readiness(verifier: Arc<Verifier>) -> Health {
    Health::new(IDENTITY, move || {
        let verifier = Arc::clone(&verifier);
        async move {
            let keys = verifier.keys().current(SystemClock.now()).await;
            keys.map(drop)
                .map_err(|_| "The vault is read; the issuer's keys are not known yet.".to_owned())
        }
    })
}

/// What is served to callers with a token, and how.
const VAULT: [(Endpoint, fn() -> Route); 6] = [
    (entities::ENDPOINT, || reading().to(entities::get)),
    (entity::ENDPOINT, || reading().to(entity::get)),
    (note::ENDPOINT, || reading().to(note::get)),
    (search::ENDPOINT, || reading().to(search::get)),
    (scan::ENDPOINT, || reading().to(scan::get)),
    (stats::ENDPOINT, || reading().to(stats::get)),
];

/// Everything that the description describes.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let open = [health::ALIVE, health::READY, description::ENDPOINT];
    VAULT
        .iter()
        .map(|(endpoint, _)| *endpoint)
        .chain(open)
        .collect()
}

/// Registers every route. Call it once for each worker.
pub fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    config.app_data(app.clone());
    app.metadata.routes(config);
    app.health.routes("", config);
    app.health.routes("/api", config);
    config.service(resource(
        description::ENDPOINT.pattern,
        reading().to(description::get),
    ));
    config.service(resource(docs::PAGE, reading().to(docs::page)));
    config.service(resource(docs::STYLE, reading().to(docs::style)));
    config.service(resource(docs::SCRIPT, reading().to(docs::script)));
    config.service(resource(docs::ICON, reading().to(docs::icon)));
    let tools = VaultTools::new(app.clone().into_inner());
    config.service(mount(MCP_PATH, move || tools.clone(), &app.mcp));
    let mut vault = web::scope("/api");
    for (endpoint, route) in VAULT {
        let below = endpoint
            .pattern
            .strip_prefix("/api")
            .unwrap_or(endpoint.pattern);
        vault = vault.service(resource(below, route()));
    }
    let vault = vault
        .default_service(web::to(fallback::not_found))
        .wrap(app.bearer.clone())
        .wrap(Compat::new(headers::cors_for(&app.origins)));
    config.service(vault);
}

fn resource(pattern: &str, route: Route) -> Resource {
    web::resource(pattern)
        .route(route)
        .default_service(web::to(fallback::method_not_allowed))
}

fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
