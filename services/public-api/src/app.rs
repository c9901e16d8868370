//! The service's state and its whole route table.
//!
//! In: checked settings. Out: [`App`], and what it serves. Never: business rules; those are in [`crate::ask`].

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource as Routes, Route};
use loop_shared::auth::Scope;
use loop_shared::auth::principal::Principal;
use loop_shared::mcp::mount;
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{Shutdown, SystemClock, reading};
use loop_shared::web_login::{SignedSite, WebLoginError};
use loop_vault::lint::Schema;
use loop_vault::{OpenError, Vault, VaultConfig, VaultStatus};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{Config, MCP_PATH};
use crate::endpoint::Endpoint;
use crate::followers::{Followers, Place};
use crate::lint as rules;
use crate::mcp::VaultTools;
use crate::openapi;
use crate::routes::{
    changes, docs, entities, entity, export, fallback, graph, graph_path, health, history, lint,
    live, note, openapi as description, project, query, scan, search, stats, versions,
};
use crate::view::{PrivateReaders, View};
use crate::web as pages;

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The vault cannot be read.
    #[error("{0} (VAULT_DIR)")]
    Vault(#[from] OpenError),
    /// The rules of the vault cannot be read.
    #[error("{0} (VAULT_SCHEMA)")]
    Schema(String),
    /// Tokens cannot be checked.
    #[error(transparent)]
    Tokens(#[from] ResourceServerError),
    /// The pages cannot be offered.
    #[error(transparent)]
    Web(#[from] WebLoginError),
    /// A setting that is no URL after all.
    #[error("EXTERNAL_URL: {0}")]
    Url(#[from] url::ParseError),
}

/// What every request shares.
#[derive(Debug)]
pub struct App {
    vault: Vault,
    followers: Followers,
    stop: CancellationToken,
    private_readers: PrivateReaders,
    schema: Schema,
    notes_url: Url,
    openapi: String,
    door: ResourceServer,
    web: SignedSite,
}

impl App {
    /// Reads the vault and prepares everything else. Blocks until the vault is read; fetches no keys yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let service = &config.service;
        let external = service.external_url.as_str();
        let resource = Resource {
            name: "Loop vault".to_owned(),
            scopes: Scope::McpRead.into(),
            required: Scope::McpRead.into(),
            documentation: Some(service.external_url.join(docs::PAGE)),
            waiting: "The vault is read; the issuer's keys are not known yet.",
        };
        let door = ResourceServer::open(resource, service, &config.tokens, shutdown)?;
        Ok(Self {
            web: pages::open(config, door.verifier(), Arc::new(SystemClock))?,
            door,
            notes_url: Url::parse(&format!("{external}/api/notes"))?,
            openapi: openapi::document(&endpoints(), external, &config.tokens.issuer).to_string(),
            schema: rules::schema(config.vault_schema.as_deref(), &config.vault_dir)
                .map_err(StartError::Schema)?,
            private_readers: config.private_readers,
            followers: Followers::default(),
            stop: shutdown.token(),
            vault: Vault::open(VaultConfig {
                ignore: config.vault_ignore.clone(),
                privacy: Some(config.vault_private.clone()),
                state: config.state_dir.clone(),
                history: config.vault_history,
                ..VaultConfig::new(&config.vault_dir)
            })?,
        })
    }

    /// The vault at this moment as a caller sees it; there is no other way to it.
    pub(crate) fn view(&self, principal: &Principal) -> View {
        View::of(&self.vault, self.private_readers.sight_of(principal))
    }

    /// How the vault is followed, as far as a view tells.
    pub(crate) fn status_of(&self, view: &View) -> VaultStatus {
        self.vault.status_seen(view.sight())
    }

    /// A place among those who follow the changes, while there is one.
    pub(crate) fn follower(&self, caller: &Principal) -> Option<Place> {
        self.followers.take(caller.subject.as_str())
    }

    /// Tells when the service stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The rules that the vault is held against.
    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The pages.
    pub(crate) const fn web(&self) -> &SignedSite {
        &self.web
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

/// What is served to callers with a token, and how.
const VAULT: [(Endpoint, fn() -> Route); 16] = [
    (entities::ENDPOINT, || reading().to(entities::get)),
    (entity::ENDPOINT, || reading().to(entity::get)),
    (note::ENDPOINT, || reading().to(note::get)),
    (search::ENDPOINT, || reading().to(search::get)),
    (scan::ENDPOINT, || reading().to(scan::get)),
    (query::ENDPOINT, || reading().to(query::get)),
    (graph::ENDPOINT, || reading().to(graph::get)),
    (graph_path::ENDPOINT, || reading().to(graph_path::get)),
    (project::ENDPOINT, || reading().to(project::get)),
    (changes::ENDPOINT, || reading().to(changes::get)),
    (live::ENDPOINT, || reading().to(live::get)),
    (versions::ENDPOINT, || reading().to(versions::get)),
    (history::ENDPOINT, || reading().to(history::get)),
    (export::ENDPOINT, || reading().to(export::get)),
    (lint::ENDPOINT, || reading().to(lint::get)),
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
    app.door.routes("/api", config);
    pages::routes(app, config);
    config.service(resource(
        description::ENDPOINT.pattern,
        reading().to(description::get),
    ));
    config.service(resource(docs::PAGE, reading().to(docs::page)));
    config.service(resource(docs::STYLE, reading().to(docs::style)));
    config.service(resource(docs::SCRIPT, reading().to(docs::script)));
    config.service(resource(docs::ICON, reading().to(docs::icon)));
    let tools = VaultTools::new(app.clone().into_inner());
    config.service(mount(MCP_PATH, move || tools.clone(), &app.door.mcp));
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
        .wrap(app.door.bearer.clone())
        .wrap(app.door.cors());
    config.service(vault);
}

fn resource(pattern: &str, route: Route) -> Routes {
    web::resource(pattern)
        .route(route)
        .default_service(web::to(fallback::method_not_allowed))
}
