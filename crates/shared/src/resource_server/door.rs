//! What stands in front of a resource: its metadata, the bearer middleware, the MCP mount's rules, health.

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::middleware::Compat;
use actix_web::web;

use crate::auth::Scopes;
use crate::auth::bearer::{Bearer, BearerConfig, Required};
use crate::auth::jwks::{JwksOpenError, JwksSource};
use crate::auth::resource_metadata::ResourceMetadata;
use crate::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};
use crate::mcp::McpMount;
use crate::service::{
    Clock, Health, ResourceServerConfig, ServiceConfig, Shutdown, SystemClock, headers,
};

/// What a resource is, whoever serves it where.
#[derive(Clone, Debug)]
pub struct Resource {
    /// What people read at the login.
    pub name: &'static str,
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
        let verifier = Arc::new(Verifier::new(verifying, JwksSource::open(tokens)?));
        let bearer = Bearer::new(BearerConfig {
            verifier: Arc::clone(&verifier),
            metadata: metadata.clone(),
            bypass: tokens.bypass,
            required: resource.required,
        });
        Ok(Self {
            mcp: McpMount::new(bearer.clone(), service).stopping_with(shutdown.token()),
            health: readiness(service, verifier, resource.waiting),
            bearer,
            metadata,
        })
    }

    /// Registers what needs no token: the metadata, and health at the root and below `prefix` (`/api`).
    pub fn routes(&self, prefix: &str, config: &mut web::ServiceConfig) {
        self.metadata.routes(config);
        self.health.routes("", config);
        self.health.routes(prefix, config);
    }

    /// Lets browsers of the allowed origins call; wrap it around [`ResourceServer::bearer`].
    pub fn cors(&self) -> Compat<Cors> {
        Compat::new(headers::cors_for(&self.mcp.allowed_origins))
    }
}

/// Ready when the issuer's keys are known; the service itself was opened before anything is served.
fn readiness(service: &ServiceConfig, verifier: Arc<Verifier>, waiting: &'static str) -> Health {
    Health::new(service.identity, move || {
        let verifier = Arc::clone(&verifier);
        async move {
            let keys = verifier.keys().current(SystemClock.now()).await;
            keys.map(drop).map_err(|_| waiting.to_owned())
        }
    })
}
