//! The service's state and its whole route table.
//!
//! In: checked settings. Out: [`App`], and what it serves. Never: arithmetic; that is in [`crate::runway`].

use std::fmt;
use std::sync::Arc;

use actix_web::guard;
use actix_web::middleware::Compat;
use actix_web::web::{self, Data, ServiceConfig};
use chrono::NaiveDate;
use loop_shared::auth::bearer::{Bearer, BearerConfig, Required};
use loop_shared::auth::jwks::{JwksOpenError, JwksSource};
use loop_shared::auth::resource_metadata::ResourceMetadata;
use loop_shared::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use loop_shared::auth::{Scope, Scopes};
use loop_shared::mcp::{McpMount, mount};
use loop_shared::service::{Clock, Health, Shutdown, SystemClock, headers};
use loop_vault::{OpenError, Snapshot, Vault, VaultConfig};

use crate::config::{Config, IDENTITY, MCP_PATH};
use crate::mcp::ExecTools;
use crate::routes::runway as runway_route;

/// What the resource knows; a token with either may connect, each tool and route demands its own.
const SCOPES: Scopes = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The vault cannot be read.
    #[error("{0} (EXEC_VAULT_DIR)")]
    Vault(#[from] OpenError),
    /// The keys cannot be asked for.
    #[error(transparent)]
    Keys(#[from] JwksOpenError),
    /// A setting that is no URL after all.
    #[error("RESOURCE: {0}")]
    Url(#[from] url::ParseError),
}

/// What every request shares.
pub struct App {
    vault: Vault,
    clock: Arc<dyn Clock>,
    bearer: Bearer,
    metadata: ResourceMetadata,
    mcp: McpMount,
    health: Health,
    origins: Vec<String>,
}

impl App {
    /// Reads the vault and prepares everything else, on the machine's clock. Fetches no keys yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let (service, tokens) = (&config.service, &config.tokens);
        let metadata =
            ResourceMetadata::new(&tokens.resource, &tokens.issuer, SCOPES, "Loop Exec vault")?;
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
            required: Required::Any(SCOPES),
        });
        Ok(Self {
            mcp: McpMount::new(bearer.clone(), service).stopping_with(shutdown.token()),
            health: readiness(verifier),
            origins: service.allowed_origins.clone(),
            clock: Arc::new(SystemClock),
            vault: Vault::open(VaultConfig::new(&config.vault_dir))?,
            bearer,
            metadata,
        })
    }

    /// The vault at this moment.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.vault.snapshot()
    }

    /// Today, in UTC.
    pub(crate) fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("bearer", &self.bearer)
            .finish_non_exhaustive()
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

/// Registers every route. Call it once for each worker.
pub fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    config.app_data(app.clone());
    app.metadata.routes(config);
    app.health.routes("", config);
    app.health.routes("/exec", config);
    let tools = ExecTools::new(app.clone().into_inner());
    config.service(mount(MCP_PATH, move || tools.clone(), &app.mcp));
    let reading = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let runway = web::resource("/runway")
        .route(reading.to(runway_route::get))
        .default_service(web::to(runway_route::method_not_allowed));
    let exec = web::scope("/exec")
        .service(runway)
        .wrap(app.bearer.requiring(Scope::McpExec))
        .wrap(Compat::new(headers::cors_for(&app.origins)));
    config.service(exec);
}
