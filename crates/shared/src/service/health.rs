//! `/healthz` (the process runs) and `/readyz` (it can serve).
//!
//! In: a probe. Out: [`HealthResponse`]. Never: details that help an attacker; anybody may ask.

use std::future::Future;
use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use futures_util::future::BoxFuture;

use super::config::ServiceIdentity;
use crate::models::{HealthResponse, HealthStatus};

type Probe = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// How a service tells its health.
#[derive(Clone)]
pub struct Health {
    identity: ServiceIdentity,
    probe: Arc<Probe>,
}

impl Health {
    /// A service that is ready whenever it runs.
    pub fn always_ready(identity: ServiceIdentity) -> Self {
        Self::new(identity, || async { Ok(()) })
    }

    /// A service that is ready when `probe` says so; its `Err` is one public sentence.
    pub fn new<F, Fut>(identity: ServiceIdentity, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            identity,
            probe: Arc::new(move || Box::pin(probe())),
        }
    }

    /// The same, but not ready as long as `more` says why.
    #[must_use]
    pub fn and(self, more: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        let Self { identity, probe } = self;
        Self::new(identity, move || {
            let (first, probe) = (more(), probe());
            async move {
                first?;
                probe.await
            }
        })
    }

    /// Registers `<prefix>/healthz` and `<prefix>/readyz`; `prefix` is empty or `/api`.
    pub fn routes(&self, prefix: &str, config: &mut web::ServiceConfig) {
        for (name, handler) in [("healthz", false), ("readyz", true)] {
            let health = self.clone();
            let route = web::get().to(move || health.clone().answer(handler));
            let health = self.clone();
            let head = web::head().to(move || health.clone().answer(handler));
            config.service(
                web::resource(format!("{prefix}/{name}"))
                    .route(route)
                    .route(head),
            );
        }
    }

    async fn answer(self, probe: bool) -> HttpResponse {
        let state = if probe { (self.probe)().await } else { Ok(()) };
        let mut response = if state.is_ok() {
            HttpResponse::Ok()
        } else {
            HttpResponse::ServiceUnavailable()
        };
        response.insert_header((CACHE_CONTROL, "no-store"));
        response.json(HealthResponse {
            status: if state.is_ok() {
                HealthStatus::Ok
            } else {
                HealthStatus::Unavailable
            },
            service: self.identity.name.to_owned(),
            version: self.identity.version.to_owned(),
            reason: state.err(),
        })
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
