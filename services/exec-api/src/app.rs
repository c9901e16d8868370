//! The service's state and its whole route table.
//!
//! In: checked settings. Out: [`App`], and what it serves. Never: arithmetic; that is in [`crate::runway`].

use std::fmt;
use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use chrono::NaiveDate;
use loop_shared::auth::bearer::Required;
use loop_shared::auth::{Scope, Scopes};
use loop_shared::mcp::mount;
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{Clock, Shutdown, SystemClock, reading};
use loop_vault::{OpenError, Snapshot, Vault, VaultConfig};

use crate::config::{Config, MCP_PATH};
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
    /// Tokens cannot be checked.
    #[error(transparent)]
    Tokens(#[from] ResourceServerError),
}

/// What every request shares.
pub struct App {
    vault: Vault,
    clock: Arc<dyn Clock>,
    door: ResourceServer,
}

impl App {
    /// Reads the vault and prepares everything else, on the machine's clock. Fetches no keys yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let service = &config.service;
        let resource = Resource {
            name: "Loop Exec vault".to_owned(),
            scopes: SCOPES,
            required: Required::Any(SCOPES),
            documentation: None,
            waiting: "The vault is read; the issuer's keys are not known yet.",
        };
        Ok(Self {
            door: ResourceServer::open(resource, service, &config.tokens, shutdown)?,
            clock: Arc::new(SystemClock),
            vault: Vault::open(VaultConfig::new(&config.vault_dir))?,
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
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

/// Registers every route. Call it once for each worker.
pub fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    config.app_data(app.clone());
    app.door.routes("/exec", config);
    let tools = ExecTools::new(app.clone().into_inner());
    config.service(mount(MCP_PATH, move || tools.clone(), &app.door.mcp));
    let runway = web::resource("/runway")
        .route(reading().to(runway_route::get))
        .default_service(web::to(runway_route::method_not_allowed));
    let exec = web::scope("/exec")
        .service(runway)
        .wrap(app.door.bearer.requiring(Scope::McpExec))
        .wrap(app.door.cors());
    config.service(exec);
}
