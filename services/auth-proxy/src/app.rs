//! What every request shares, and the route table.
//!
//! In: the servers, the door of each, the pool behind them. Out: routes. Never: a path of one server that leads to
//! another.

use std::sync::Arc;

use actix_web::middleware::{Compat, DefaultHeaders};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{HttpResponse, guard};
use loop_shared::auth::resource_metadata::WELL_KNOWN;
use loop_shared::service::{headers, reading};
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::connections::Connections;
use crate::doors::Doors;
use crate::front::{self, Parked, Sessions};
use crate::pool::Pool;
use crate::registry::{Entry, Registry};

/// What every request shares.
pub(crate) struct App {
    /// The servers.
    pub(crate) registry: Registry,
    /// What runs.
    pub(crate) pool: Pool,
    /// People's own accounts.
    pub(crate) connections: Arc<Connections>,
    /// Whose sessions are whose.
    pub(crate) sessions: Sessions,
    /// What was called.
    pub(crate) audit: Audit,
    /// Requests that wait for their clients.
    pub(crate) parked: Parked,
    /// `Host` values that are served.
    pub(crate) hosts: Vec<String>,
    /// `Origin` values that may call.
    pub(crate) origins: Vec<String>,
    /// Longest body of a request, in bytes.
    pub(crate) body: usize,
    /// Ends streams when the service stops.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// The server whose path this is, to the letter.
    pub(crate) fn entry(&self, path: &str) -> Option<Arc<Entry>> {
        self.registry.entry(path)
    }
}

/// Registers every route. Call it once for each worker.
pub(crate) fn routes(app: &Data<App>, config: &mut web::ServiceConfig) {
    config.app_data(app.clone());
    for path in ["/mcp", "/{server}/mcp"] {
        let endpoint = web::resource(path)
            .guard(guard::fn_guard({
                let app = app.clone();
                move |context| app.entry(context.head().uri.path()).is_some()
            }))
            .app_data(PayloadConfig::new(app.body))
            .route(web::post().to(front::post))
            .route(web::get().to(front::get))
            .route(web::delete().to(front::delete))
            .default_service(web::to(|| async {
                HttpResponse::MethodNotAllowed().finish()
            }))
            .wrap(DefaultHeaders::new().add(("Cache-Control", "no-store")))
            .wrap(Doors(app.clone()))
            .wrap(Compat::new(headers::cors_for(&app.origins)));
        config.service(endpoint);
    }
    for path in [WELL_KNOWN.to_owned(), format!("{WELL_KNOWN}/{{path:.*}}")] {
        let document = web::resource(path)
            .wrap(headers::cors_open())
            .route(reading().to(metadata));
        config.service(document);
    }
}

/// `GET /.well-known/oauth-protected-resource[/<name>/mcp]`; the first server's at the root.
async fn metadata(request: actix_web::HttpRequest, app: Data<App>) -> HttpResponse {
    let path = request.path().strip_prefix(WELL_KNOWN).unwrap_or_default();
    let entry = if path.is_empty() {
        app.registry.entries().first().cloned()
    } else {
        app.entry(path)
    };
    let Some(entry) = entry else {
        return HttpResponse::NotFound().json(serde_json::json!({
            "error": "not_found", "error_description": "No server is at this path."
        }));
    };
    entry.door.metadata().response()
}
