//! What every request shares, and the route table.
//!
//! In: the servers, the door of each, the pool behind them. Out: routes. Never: a path of one server that leads to
//! another.

use std::sync::Arc;

use actix_web::middleware::{Compat, DefaultHeaders, from_fn};
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{HttpResponse, Resource, guard};
use loop_shared::auth::resource_metadata::WELL_KNOWN;
use loop_shared::mcp::legacy_sse::SSE_MESSAGES;
use loop_shared::service::{headers, reading};
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::connections::Connections;
use crate::doors::door;
use crate::front::{self, OldStreams, Parked, Sessions};
use crate::pool::Pool;
use crate::register::Register;
use crate::registry::{Entry, Registry};

/// What every request shares.
pub(crate) struct App {
    /// The servers.
    pub(crate) registry: Registry,
    /// What is known of them over restarts and replicas.
    pub(crate) register: Register,
    /// What runs.
    pub(crate) pool: Pool,
    /// People's own accounts.
    pub(crate) connections: Arc<Connections>,
    /// Whose sessions are whose.
    pub(crate) sessions: Sessions,
    /// What was called.
    pub(crate) audit: Audit,
    /// Streams of very old clients.
    pub(crate) old_streams: OldStreams,
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
    /// The server that a path belongs to, to the letter: its own, or below it those of [`STREAM`], which may also stand beside it.
    pub(crate) fn entry(&self, path: &str) -> Option<Arc<Entry>> {
        let registry = &self.registry;
        registry.entry(path).or_else(|| {
            let stream = path.strip_suffix(SSE_MESSAGES).unwrap_or(path);
            let base = stream.strip_suffix(STREAM)?;
            let below = registry.entry(base);
            below.or_else(|| registry.entry(&format!("{base}/mcp")))
        })
    }
}

/// Where the stream of very old clients is.
const STREAM: &str = "/sse";

/// Registers every route. Call it once for each worker.
pub(crate) fn routes(app: &Data<App>, config: &mut web::ServiceConfig) {
    config.app_data(app.clone());
    for path in ["/mcp", "/{server}/mcp"] {
        let endpoint = web::resource(path)
            .route(web::post().to(front::post))
            .route(web::get().to(front::get))
            .route(web::delete().to(front::delete));
        serve(app, config, endpoint);
    }
    // Clients that compare a token's resource with the address want the stream below it.
    for stream in ["", "/{server}", "/{server}/mcp"].map(|base| format!("{base}{STREAM}")) {
        let messages = web::resource(format!("{stream}{SSE_MESSAGES}"));
        serve(
            app,
            config,
            messages.route(web::post().to(front::old_message)),
        );
        let stream = web::resource(stream).route(web::get().to(front::old_stream));
        serve(app, config, stream);
    }
    for path in [WELL_KNOWN.to_owned(), format!("{WELL_KNOWN}/{{path:.*}}")] {
        let document = web::resource(path)
            .wrap(headers::cors_open())
            .route(reading().to(metadata));
        config.service(document);
    }
}

/// A resource behind the door of the server that its path belongs to.
fn serve(app: &Data<App>, config: &mut web::ServiceConfig, resource: Resource) {
    let (known, inside) = (app.clone(), app.clone());
    let resource = resource
        .guard(guard::fn_guard(move |context| {
            known.entry(context.head().uri.path()).is_some()
        }))
        .app_data(PayloadConfig::new(app.body))
        .default_service(web::to(|| async {
            HttpResponse::MethodNotAllowed().finish()
        }))
        .wrap(DefaultHeaders::new().add(("Cache-Control", "no-store")))
        .wrap(from_fn(move |request, next| {
            door(inside.clone(), request, next)
        }))
        .wrap(Compat::new(headers::cors_for(&app.origins)));
    config.service(resource);
}

/// `GET /.well-known/oauth-protected-resource[/<name>/mcp]`; the first server's at the root.
async fn metadata(request: actix_web::HttpRequest, app: Data<App>) -> HttpResponse {
    let path = request.path().strip_prefix(WELL_KNOWN).unwrap_or_default();
    let entry = if path.is_empty() {
        app.registry.entries().first().cloned()
    } else {
        app.registry.entry(path)
    };
    let Some(entry) = entry else {
        return HttpResponse::NotFound().json(serde_json::json!({
            "error": "not_found", "error_description": "No server is at this path."
        }));
    };
    entry.door.metadata().response()
}
