//! What stands in front of a resource: its metadata, the bearer middleware, the MCP mount's rules, health.

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::middleware::Compat;
use actix_web::web;
use rand::TryRngCore as _;

use crate::auth::Scopes;
use crate::auth::bearer::{Bearer, BearerConfig, Binding, Required};
use crate::auth::jwks::{JwksOpenError, JwksSource};
use crate::auth::resource_metadata::ResourceMetadata;
use crate::auth::revocation::Revocations;
use crate::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use crate::mcp::McpMount;
use crate::service::{
    Clock, Health, ResourceServerConfig, ServiceConfig, Shutdown, SystemClock, headers,
};

/// What a resource is, whoever serves it where.
#[derive(Clone, Debug)]
pub struct Resource {
    /// What people read at the login.
    pub name: String,
    /// Every scope that it knows.
    pub scopes: Scopes,
    /// Scopes needed to enter.
    pub required: Required,
    /// A page for people, if there is one.
    pub documentation: Option<String>,
    /// What `/readyz` says while the issuer's keys are not known; one public sentence.
    pub waiting: &'static str,
}

/// Why a resource server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ResourceServerError {
    /// The keys cannot be asked for.
    #[error(transparent)]
    Keys(#[from] JwksOpenError),
    /// The revocation list cannot be asked for.
    #[error("no HTTP client for the revocation list: {0}")]
    Revocations(#[from] reqwest::Error),
    /// No random bytes.
    #[error("the system's random source did not answer")]
    Entropy,
    /// A setting that is no URL after all.
    #[error("RESOURCE: {0}")]
    Url(#[from] url::ParseError),
}

/// The door of one resource; everything that a request passes before the service's own code.
#[derive(Clone, Debug)]
pub struct ResourceServer {
    /// Wraps the service's routes.
    pub bearer: Bearer,
    /// Mounts the service's MCP server.
    pub mcp: McpMount,
    metadata: ResourceMetadata,
    health: Health,
    verifier: Arc<Verifier>,
}

impl ResourceServer {
    /// Prepares the door, on the machine's clock. Fetches no keys yet.
    ///
    /// # Errors
    /// [`ResourceServerError`].
    pub fn open(
        resource: Resource,
        service: &ServiceConfig,
        tokens: &ResourceServerConfig,
        shutdown: &Shutdown,
    ) -> Result<Self, ResourceServerError> {
        let keys = JwksSource::open(tokens)?;
        let list = revocations(tokens, keys.clone(), shutdown)?;
        Self::behind(resource, service, tokens, shutdown, (keys, list))
    }

    /// A door of the same issuer for another resource, `tokens.resource`: the keys and the list of revoked grants are
    /// asked for once for all such doors.
    ///
    /// # Errors
    /// [`ResourceServerError`].
    pub fn beside(
        &self,
        resource: Resource,
        service: &ServiceConfig,
        tokens: &ResourceServerConfig,
        shutdown: &Shutdown,
    ) -> Result<Self, ResourceServerError> {
        let list = self.verifier.revocations().cloned();
        let known = (self.verifier.keys().clone(), list);
        Self::behind(resource, service, tokens, shutdown, known)
    }

    fn behind(
        resource: Resource,
        service: &ServiceConfig,
        tokens: &ResourceServerConfig,
        shutdown: &Shutdown,
        (keys, list): (JwksSource, Option<Arc<Revocations>>),
    ) -> Result<Self, ResourceServerError> {
        let (scopes, name) = (resource.scopes, resource.name);
        let mut metadata = ResourceMetadata::new(&tokens.resource, &tokens.issuer, scopes, name)?;
        if let Some(page) = resource.documentation {
            metadata = metadata.with_documentation(page);
        }
        let verifying = VerifierConfig {
            issuer: tokens.issuer.clone(),
            audience: tokens.resource.clone(),
            leeway: DEFAULT_LEEWAY,
        };
        let mut verifier = Verifier::new(verifying, keys);
        if let Some(list) = list {
            verifier = verifier.with_revocations(list);
        }
        let verifier = Arc::new(verifier);
        let bearer = Bearer::new(BearerConfig {
            verifier: Arc::clone(&verifier),
            metadata: metadata.clone(),
            bypass: tokens.bypass,
            required: resource.required,
            binding: binding(service, tokens)?,
        });
        Ok(Self {
            mcp: McpMount::new(bearer.clone(), service).stopping_with(shutdown.token()),
            health: readiness(service, Arc::clone(&verifier), resource.waiting),
            bearer,
            metadata,
            verifier,
        })
    }

    /// The same door; `/readyz` also asks `more`, whose `Err` is one public sentence.
    #[must_use]
    pub fn ready_when(
        mut self,
        more: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.health = self.health.and(more);
        self
    }

    /// Registers what needs no token: the metadata, and health at the root and below `prefix` (`/api`).
    pub fn routes(&self, prefix: &str, config: &mut web::ServiceConfig) {
        self.metadata.routes(config);
        self.health.routes("", config);
        self.health.routes(prefix, config);
    }

    /// The resource's metadata, for services that route it themselves.
    pub const fn metadata(&self) -> &ResourceMetadata {
        &self.metadata
    }

    /// What checks tokens, for doors of another kind: pages whose tokens stay at the server.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier)
    }

    /// Whether the issuer's keys are known, for services that route it themselves.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Lets browsers of the allowed origins call; wrap it around [`ResourceServer::bearer`].
    pub fn cors(&self) -> Compat<Cors> {
        Compat::new(headers::cors_for(&self.mcp.allowed_origins))
    }
}

/// Proofs are for the configured address. The nonces' key is this process's own: whoever comes to another replica
/// is told that one's nonce.
fn binding(
    service: &ServiceConfig,
    tokens: &ResourceServerConfig,
) -> Result<Binding, ResourceServerError> {
    let mut key = [0_u8; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut key)
        .map_err(|_| ResourceServerError::Entropy)?;
    let external = service.external_url.as_str();
    Ok(Binding::new(external, tokens.dpop.nonces(key)))
}

/// The list of revoked grants, looked at from now on.
fn revocations(
    tokens: &ResourceServerConfig,
    keys: JwksSource,
    shutdown: &Shutdown,
) -> Result<Option<Arc<Revocations>>, ResourceServerError> {
    let Some(settings) = tokens.revocation.clone() else {
        tracing::warn!(
            "no revocation list: revoked access tokens work until they expire; REVOCATION_URL names one"
        );
        return Ok(None);
    };
    let list = Arc::new(Revocations::new(settings, tokens.issuer.as_str(), keys)?);
    list.start(Arc::new(SystemClock), shutdown.token());
    Ok(Some(list))
}

/// Ready when the issuer's keys are known and its revocation list was looked at; the service itself was opened before anything is served.
fn readiness(service: &ServiceConfig, verifier: Arc<Verifier>, waiting: &'static str) -> Health {
    Health::new(service.identity, move || {
        let verifier = Arc::clone(&verifier);
        async move {
            let now = SystemClock.now();
            let keys = verifier.keys().current(now).await;
            keys.map(drop).map_err(|_| waiting.to_owned())?;
            let looked = |list: &Arc<Revocations>| list.is_ready(now);
            if verifier.revocations().is_none_or(looked) {
                return Ok(());
            }
            Err("The issuer's revocation list is not known yet.".to_owned())
        }
    })
}
