//! What a client announced that it can show, remembered without a session.
//!
//! In: a request. Out: whether its client shows interactive views (SEP-1865, MCP Apps). In the modern era every request says
//! so itself (`_meta`). In the legacy era `initialize` says it once, and no sessions are kept here: so the answer to it carries a session
//! id that means just that, and the client sends it back. Never: a decision about who may do what; anybody can write such an id.
//! Source: MCP Apps 2026-01-26, "Client<>Server Capability Negotiation"; MCP 2025-11-25, "Session Management".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use rmcp::model::{ClientCapabilities, InitializeRequestParams};
use rmcp::service::{RequestContext, RoleServer};
use rmcp_actix_web::transport::on_request_extensions;
use serde_json::Value;
use uuid::Uuid;

/// The extension by which a client announces that it shows views.
pub const VIEWS_EXTENSION: &str = "io.modelcontextprotocol/ui";
/// What a view is.
pub const VIEW_MIME_TYPE: &str = "text/html;profile=mcp-app";

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// What the ids begin with.
const MARK: &str = "views-";

/// What is known about one request's client.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    /// It announced views at an earlier `initialize`.
    before: bool,
    /// It announces them now. Clones share it.
    now: Arc<AtomicBool>,
}

impl Announced {
    fn read(headers: &HeaderMap) -> Self {
        let id = headers.get(SESSION_ID).and_then(|id| id.to_str().ok());
        Self {
            before: id.is_some_and(|id| id.starts_with(MARK)),
            now: Arc::default(),
        }
    }
}

/// Hands a session id to a client that announced views in this request.
pub(super) async fn remember(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let announced = Announced::read(request.headers());
    request.extensions_mut().insert(announced.clone());
    let mut response = next.call(request).await?;
    if announced.now.load(Ordering::Relaxed) && response.status().is_success() {
        // One that the endpoint has given goes on behind the mark.
        let given = response.headers().get(SESSION_ID);
        let id = given
            .and_then(|id| id.to_str().ok())
            .map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned);
        if let Ok(id) = HeaderValue::from_str(&format!("{MARK}{id}")) {
            response.headers_mut().insert(SESSION_ID, id);
        }
    }
    Ok(response)
}

/// Whether the client of a request shows views.
pub fn shows_views(context: &RequestContext<RoleServer>) -> bool {
    let says = context.client_capabilities();
    says.is_some_and(|says| announces_views(&says))
        || noted(context).is_some_and(|announced| announced.before)
}

/// Reads what `initialize` announces, and remembers it for the client's later requests. Whether it shows views.
pub fn note_views(request: &InitializeRequestParams, context: &RequestContext<RoleServer>) -> bool {
    let shows = announces_views(&request.capabilities);
    if let Some(announced) = noted(context).filter(|_| shows) {
        announced.now.store(true, Ordering::Relaxed);
    }
    shows
}

fn noted(context: &RequestContext<RoleServer>) -> Option<&Announced> {
    on_request_extensions(&context.extensions)?.get::<Announced>()
}

/// The extension counts only with the one kind of view that there is.
fn announces_views(capabilities: &ClientCapabilities) -> bool {
    let settings = capabilities
        .extensions
        .as_ref()
        .and_then(|extensions| extensions.get(VIEWS_EXTENSION));
    let kinds = settings.and_then(|settings| settings.get("mimeTypes")?.as_array());
    kinds.is_some_and(|kinds| {
        kinds
            .iter()
            .any(|kind| kind.as_str() == Some(VIEW_MIME_TYPE))
    })
}

/// The answer to `initialize` or `server/discover` for a client that shows views: this server has some.
pub fn with_views(capabilities: &mut rmcp::model::ServerCapabilities) {
    capabilities.resources.get_or_insert_default();
    let extensions = capabilities.extensions.get_or_insert_default();
    let kinds = Value::from(vec![VIEW_MIME_TYPE]);
    let settings = std::iter::once(("mimeTypes".to_owned(), kinds)).collect();
    extensions.insert(VIEWS_EXTENSION.to_owned(), settings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_one_kind_of_view_is_an_announcement() {
        for (announced, expected) in [
            (json!({}), false),
            (json!({ "extensions": {} }), false),
            (json!({ "extensions": { VIEWS_EXTENSION: {} } }), false),
            (
                json!({ "extensions": { VIEWS_EXTENSION: { "mimeTypes": ["text/html"] } } }),
                false,
            ),
            (
                json!({ "extensions": { VIEWS_EXTENSION: { "mimeTypes": "text/html;profile=mcp-app" } } }),
                false,
            ),
            (
                json!({ "extensions": { VIEWS_EXTENSION: { "mimeTypes": ["x", VIEW_MIME_TYPE] } } }),
                true,
            ),
            (
                json!({ "extensions": { "other": { "mimeTypes": [VIEW_MIME_TYPE] } } }),
                false,
            ),
        ] {
            let read: ClientCapabilities = serde_json::from_value(announced.clone()).unwrap();
            assert_eq!(announces_views(&read), expected, "{announced}");
        }
    }

    #[test]
    fn an_id_says_that_views_were_announced_and_nothing_else_does() {
        for (id, expected) in [
            ("views-0123", true),
            ("0123", false),
            ("", false),
            ("VIEWS-1", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(SESSION_ID, HeaderValue::from_static(id));
            assert_eq!(Announced::read(&headers).before, expected, "{id:?}");
        }
        assert!(!Announced::read(&HeaderMap::new()).before);
    }
}
