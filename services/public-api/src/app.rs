//! The service's state.
//!
//! In: checked settings. Out: [`App`]. Never: business rules; those are in [`crate::ask`].

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use chrono::{DateTime, Utc};
use loop_shared::auth::Scope;
use loop_shared::auth::bearer::Refused;
use loop_shared::auth::principal::Principal;
use loop_shared::mcp::{SseSessions, Subscriptions};
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{Clock as _, Shutdown, SystemClock};
use loop_shared::web_login::{SignedSite, WebLoginError};
use loop_vault::lint::Schema;
use loop_vault::{ContentHash, OpenError, Sight, Vault, VaultConfig, VaultStatus};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::first_reading;
use crate::followers::{Followers, Place};
use crate::lint as rules;
use crate::modified::Noticed;
use crate::openapi;
use crate::routes::docs;
use crate::table::endpoints;
use crate::view::{PrivateReaders, View};
use crate::web as pages;
use crate::webhook::{self, WebhookError};

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
    /// Nobody can be told of changes.
    #[error("{0} (WEBHOOK_URL)")]
    Webhook(#[from] WebhookError),
    /// A setting that is no URL after all.
    #[error("EXTERNAL_URL: {0}")]
    Url(#[from] url::ParseError),
}

/// What every request shares.
#[derive(Debug)]
pub struct App {
    vault: Vault,
    followers: Followers,
    subscriptions: Subscriptions,
    old_streams: Option<SseSessions>,
    noticed: Noticed<ContentHash>,
    stop: CancellationToken,
    private_readers: PrivateReaders,
    schema: Schema,
    notes_url: Url,
    site: String,
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
        Self::over(config, shutdown, false)
    }

    /// The same without waiting for the vault: until it is read, answers that are made of all of it say so, or wait.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        Self::over(config, shutdown, true)
    }

    fn over(config: &Config, shutdown: &Shutdown, at_once: bool) -> Result<Self, StartError> {
        let vault = Vault::open(VaultConfig {
            ignore: config.vault_ignore.clone(),
            privacy: Some(config.vault_private.clone()),
            state: config.state_dir.clone(),
            history: config.vault_history,
            serve_at_once: at_once,
            ..VaultConfig::new(&config.vault_dir)
        })?;
        if let Some(settings) = &config.webhook {
            webhook::start(&vault, settings, Arc::new(SystemClock), shutdown)?;
        }
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
        let door = door.ready_when(first_reading::is_over(&vault));
        Ok(Self {
            web: pages::open(config, door.verifier(), Arc::new(SystemClock))?,
            door,
            notes_url: Url::parse(&format!("{external}/api/notes"))?,
            site: external.to_owned(),
            openapi: openapi::document(&endpoints(), external, &config.tokens.issuer).to_string(),
            schema: rules::schema(config.vault_schema.as_deref(), &config.vault_dir)
                .map_err(StartError::Schema)?,
            private_readers: config.private_readers,
            followers: Followers::default(),
            subscriptions: Subscriptions::default(),
            old_streams: config.legacy_sse.then(SseSessions::default),
            noticed: Noticed::default(),
            stop: shutdown.token(),
            vault,
        })
    }

    /// The vault at this moment as a caller sees it; there is no other way to it.
    pub(crate) fn view(&self, principal: &Principal) -> View {
        View::of(&self.vault, self.private_readers.sight_of(principal))
    }

    /// How much of the vault is read, in percent, while it is not all.
    pub(crate) fn reading(&self) -> Option<u8> {
        self.vault.reading()
    }

    /// How many notes were taken from the last run at this start.
    pub(crate) fn recalled(&self) -> usize {
        self.vault.recalled()
    }

    /// Since when a view is as it is. Not known of the past, nor told to those who see private notes: a date alone could not
    /// tell their view from the open one.
    pub(crate) fn modified(&self, view: &View) -> Option<DateTime<Utc>> {
        let plain = matches!(view.sight(), Sight::Open) && !view.is_past();
        plain.then(|| self.noticed.since(view.hash(), SystemClock.now()))?
    }

    /// How the vault is followed, as far as a view tells.
    pub(crate) fn status_of(&self, view: &View) -> VaultStatus {
        self.vault.status_seen(view.sight())
    }

    /// A place among those who follow the changes, while there is one.
    pub(crate) fn follower(&self, caller: &Principal) -> Option<Place> {
        self.followers.take(caller.subject.as_str())
    }

    /// What clients of the older MCP revisions subscribed to.
    pub(crate) fn subscriptions(&self) -> Subscriptions {
        self.subscriptions.clone()
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

    /// The public address, without a slash at its end.
    pub(crate) fn site(&self) -> &str {
        &self.site
    }

    /// Streams of MCP 2024-11-05, where they are served.
    pub(crate) const fn old_streams(&self) -> Option<&SseSessions> {
        self.old_streams.as_ref()
    }

    /// What stands before everything that needs a token.
    pub(crate) const fn door(&self) -> &ResourceServer {
        &self.door
    }

    /// Lets in a visitor of the pages as the caller of the API.
    ///
    /// # Errors
    /// [`Refused`]: 403 when the visitor's token opens too little.
    pub(crate) fn vouch(
        &self,
        request: &ServiceRequest,
        visitor: Arc<Principal>,
    ) -> Result<(), Refused> {
        self.door.bearer.vouch(request, visitor)
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
