//! The service's state and its whole route table.
//!
//! In: checked settings. Out: [`App`], and what it serves. Never: arithmetic; that is in the areas.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::web::{self as actix, Data, ServiceConfig};
use chrono::NaiveDate;
use loop_shared::audit::FileLogError;
use loop_shared::auth::bearer::{Caller, Required};
use loop_shared::auth::principal::Principal;
use loop_shared::auth::{Scope, Scopes};
use loop_shared::mcp::mount;
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{Clock, Shutdown, SystemClock, reading};
use loop_shared::web_login::WebLoginError;
use loop_vault::{ContentHash, OpenError, Snapshot, Vault, VaultConfig};
use url::Url;

use crate::access::Access;
use crate::book::Book;
use crate::config::{Config, MCP_PATH};
use crate::kpi::Kpis;
use crate::mcp::{self, ExecTools};
use crate::operation::{Answer, Operation};
use crate::picture::Pictures;
use crate::refusal::Refusal;
use crate::web::{self, Web};
use crate::{openapi, operations, routes as rest};

/// What the resource knows; a token with either may connect, each tool and route demands its own.
pub(crate) const SCOPES: Scopes = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The vault cannot be read.
    #[error("{0} (EXEC_VAULT_DIR)")]
    Vault(#[from] OpenError),
    /// Tokens cannot be checked.
    #[error(transparent)]
    Tokens(#[from] ResourceServerError),
    /// Answers cannot be recorded.
    #[error("{0} (EXEC_AUDIT_PATH)")]
    Audit(#[from] FileLogError),
    /// No HTTP client for the KPI providers.
    #[error("no HTTP client for the KPI providers: {0}")]
    Providers(#[from] reqwest::Error),
    /// The pages cannot be offered.
    #[error(transparent)]
    Web(#[from] WebLoginError),
    /// A setting that is no URL after all.
    #[error("EXTERNAL_URL: {0}")]
    Url(#[from] url::ParseError),
}

/// What every request shares.
pub struct App {
    vault: Vault,
    book: Mutex<Option<(ContentHash, Arc<Book>)>>,
    clock: Arc<dyn Clock>,
    door: ResourceServer,
    notes_url: Url,
    openapi: String,
    access: Access,
    kpis: Kpis,
    web: Web,
    pictures: Pictures,
}

impl App {
    /// Reads the vault and prepares everything else, on the machine's clock. Fetches no keys yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let service = &config.service;
        let external = service.external_url.as_str();
        let resource = Resource {
            name: "Loop Exec vault".to_owned(),
            scopes: SCOPES,
            required: Required::Any(SCOPES),
            documentation: None,
            waiting: "The vault is read; the issuer's keys are not known yet.",
        };
        let mut door = ResourceServer::open(resource, service, &config.tokens, shutdown)?;
        door.mcp = door.mcp.stepping_up(mcp::scopes_of);
        let described = openapi::document(&operations::ALL, external, &config.tokens.issuer);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Ok(Self {
            web: Web::open(config, door.verifier(), Arc::clone(&clock))?,
            pictures: Pictures::default(),
            access: Access::open(config.audit.clone())?,
            kpis: Kpis::open(&config.kpi, Arc::clone(&clock))?,
            door,
            book: Mutex::new(None),
            notes_url: Url::parse(&format!("{external}/exec/notes"))?,
            openapi: described.to_string(),
            clock,
            vault: Vault::open(VaultConfig {
                state: config.state_dir.clone(),
                ..VaultConfig::new(&config.vault_dir)
            })?,
        })
    }

    /// The vault at this moment.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.vault.snapshot()
    }

    /// What the vault's notes state at this moment; read once for each change of the vault.
    pub(crate) fn book(&self) -> Arc<Book> {
        let snapshot = self.snapshot();
        let mut kept = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((hash, book)) = kept.as_ref()
            && *hash == snapshot.hash()
        {
            return Arc::clone(book);
        }
        let book = Arc::new(Book::read(&snapshot));
        *kept = Some((snapshot.hash(), Arc::clone(&book)));
        book
    }

    /// Today, in UTC.
    pub(crate) fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }

    /// KPI analytics.
    pub(crate) const fn kpis(&self) -> &Kpis {
        &self.kpis
    }

    /// The pages.
    pub(crate) const fn web(&self) -> &Web {
        &self.web
    }

    /// Draws charts.
    pub(crate) const fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// Records that a caller is told an answer, before it leaves.
    ///
    /// # Errors
    /// [`Refusal::NotRecorded`].
    pub(crate) async fn told(
        &self,
        caller: &Principal,
        operation: &Operation,
        via: &str,
        answer: &Answer,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        self.access.told(caller, operation, via, answer, now).await
    }

    /// The OpenAPI document.
    pub(crate) fn openapi(&self) -> &str {
        &self.openapi
    }

    /// Where a note is: `<EXTERNAL_URL>/exec/notes/<path>`.
    pub(crate) fn note_url(&self, path: &str) -> String {
        let mut url = self.notes_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        url.into()
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
    web::routes(app, config);
    let tools = ExecTools::new(app.clone().into_inner());
    config.service(mount(MCP_PATH, move || tools.clone(), &app.door.mcp));
    let mut exec = actix::scope("/exec");
    for operation in operations::ALL
        .iter()
        .filter(|operation| !operation.path.is_empty())
    {
        let path = operation
            .path
            .strip_prefix("/exec")
            .unwrap_or(operation.path);
        let answer = move |app: Data<App>, caller: Caller, request: HttpRequest| async move {
            rest::ask(&app, operation, &caller, &request).await
        };
        let resource = actix::resource(path.replace("{path}", "{path:.*}"))
            .route(reading().to(answer))
            .default_service(actix::to(rest::method_not_allowed))
            .wrap(app.door.bearer.requiring(operation.scope));
        exec = exec.service(resource);
    }
    let description = actix::resource("/openapi.json")
        .route(reading().to(rest::description))
        .default_service(actix::to(rest::method_not_allowed))
        .wrap(app.door.bearer.clone());
    let exec = exec
        .service(description)
        .default_service(actix::to(rest::not_found).wrap(app.door.bearer.clone()))
        .wrap(app.door.cors());
    config.service(exec);
}
