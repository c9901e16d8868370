//! The servers that there are at this moment, each with its door.
//!
//! In: checked servers. Out: the one at a path, to the letter. Never: two servers at one path, a door of another server.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use loop_shared::auth::bearer::Required;
use loop_shared::resource_server::{Resource, ResourceServer, ResourceServerError};
use loop_shared::service::{ResourceServerConfig, ServiceConfig, Shutdown};

use crate::figures;
use crate::servers::Server;

/// A server and its door.
pub(crate) struct Entry {
    /// The server.
    pub(crate) server: Arc<Server>,
    /// Its path below `EXTERNAL_URL`.
    pub(crate) path: String,
    /// Who may enter, and what tells the others how.
    pub(crate) door: ResourceServer,
}

/// Makes doors.
pub(crate) struct Doorkeeper {
    service: ServiceConfig,
    tokens: ResourceServerConfig,
    shutdown: Shutdown,
}

/// All servers.
pub(crate) struct Registry {
    keeper: Doorkeeper,
    entries: ArcSwap<Vec<Arc<Entry>>>,
    trouble: ArcSwapOption<String>,
}

impl Doorkeeper {
    /// Doors of this service for tokens of this issuer.
    pub(crate) fn new(
        service: &ServiceConfig,
        tokens: &ResourceServerConfig,
        shutdown: &Shutdown,
    ) -> Self {
        Self {
            service: service.clone(),
            tokens: tokens.clone(),
            shutdown: shutdown.clone(),
        }
    }

    /// A server and its door; keys and revocations are asked for once, for all doors.
    fn entry(
        &self,
        server: Arc<Server>,
        beside: Option<&ResourceServer>,
    ) -> Result<Arc<Entry>, ResourceServerError> {
        let mut tokens = self.tokens.clone();
        tokens.resource = self.service.external_url.join(&server.path());
        let resource = Resource {
            name: server.title().to_owned(),
            scopes: server.scopes(),
            required: Required::from(server.scope),
            documentation: None,
            waiting: "The issuer's keys are not known yet.",
        };
        let door = match beside {
            Some(door) => door.beside(resource, &self.service, &tokens, &self.shutdown)?,
            None => ResourceServer::open(resource, &self.service, &tokens, &self.shutdown)?,
        };
        let path = server.path();
        Ok(Arc::new(Entry { server, path, door }))
    }
}

impl Registry {
    /// These servers.
    ///
    /// # Errors
    /// As [`ResourceServer::open`].
    pub(crate) fn open(
        keeper: Doorkeeper,
        servers: impl IntoIterator<Item = Arc<Server>>,
    ) -> Result<Self, ResourceServerError> {
        let registry = Self {
            keeper,
            entries: ArcSwap::default(),
            trouble: ArcSwapOption::empty(),
        };
        registry.replace(servers)?;
        Ok(registry)
    }

    /// The servers from now on. One that is as it was keeps its entry, and so its sessions and processes.
    ///
    /// # Errors
    /// As [`ResourceServer::open`]; nothing changes then.
    pub(crate) fn replace(
        &self,
        servers: impl IntoIterator<Item = Arc<Server>>,
    ) -> Result<(), ResourceServerError> {
        let old = self.entries();
        let mut new: Vec<Arc<Entry>> = Vec::new();
        for server in servers {
            let kept = old.iter().find(|entry| *entry.server == *server);
            let any = old.first().or(new.first()).cloned();
            new.push(match kept {
                Some(entry) => Arc::clone(entry),
                None => self
                    .keeper
                    .entry(server, any.as_ref().map(|entry| &entry.door))?,
            });
        }
        self.entries.store(Arc::new(new));
        Ok(())
    }

    /// A door for something else, behind the same keys and revocations.
    ///
    /// # Errors
    /// As [`ResourceServer::open`].
    pub(crate) fn beside(
        &self,
        resource: Resource,
        service: &ServiceConfig,
        tokens: &ResourceServerConfig,
        shutdown: &Shutdown,
    ) -> Result<ResourceServer, ResourceServerError> {
        match self.entries().first() {
            Some(entry) => entry.door.beside(resource, service, tokens, shutdown),
            None => ResourceServer::open(resource, service, tokens, shutdown),
        }
    }

    /// Every server, in the configured order.
    pub(crate) fn entries(&self) -> Arc<Vec<Arc<Entry>>> {
        self.entries.load_full()
    }

    /// The server whose path this is, to the letter.
    pub(crate) fn entry(&self, path: &str) -> Option<Arc<Entry>> {
        let entries = self.entries.load();
        entries.iter().find(|entry| entry.path == path).cloned()
    }

    /// Whether this very server is still there.
    pub(crate) fn has(&self, server: &Arc<Server>) -> bool {
        let entries = self.entries.load();
        entries
            .iter()
            .any(|entry| Arc::ptr_eq(&entry.server, server))
    }

    /// Why the file of servers was not taken, when it was last looked at.
    pub(crate) fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// Keeps that, or that all is well.
    pub(crate) fn note(&self, trouble: Option<String>) {
        figures::file_wrong(trouble.is_some());
        self.trouble.store(trouble.map(Arc::new));
    }
}
