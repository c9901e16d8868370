//! What every server of this transport does with a message before it is one: which stream it is for.

use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::SSE_MESSAGES;
use super::sessions::{SseOpened, SseStreams};
use crate::auth::bearer::Caller;
use crate::mcp::session::Session;
use crate::models::ErrorResponse;
use crate::service::{Clock as _, SystemClock};

/// The query of a message.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "sessionId")]
    id: String,
}

impl<T: Clone> SseStreams<T> {
    /// The session that a posted message names and what it needs, when the caller opened it; or the refusal.
    ///
    /// # Errors
    /// 415 when it is no JSON, 404 when the caller has no such stream.
    pub fn of_message(
        &self,
        request: &HttpRequest,
        caller: &Caller,
    ) -> Result<(Session, T), Box<HttpResponse>> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(is_json) {
            let why = "A message is application/json.";
            let refused = ErrorResponse::new("invalid_request", why);
            let refused = HttpResponse::UnsupportedMediaType().json(refused);
            return Err(Box::new(refused));
        }
        let named = web::Query::<Named>::from_query(request.query_string()).ok();
        named
            .and_then(|named| self.enter(&named.id, caller, SystemClock.now()))
            .ok_or_else(|| Box::new(gone()))
    }
}

impl<T> SseOpened<T> {
    /// The event that says where messages go, below the stream's own `path`.
    pub fn first_event(&self, path: &str) -> String {
        let id = self.id();
        format!("event: endpoint\ndata: {path}{SSE_MESSAGES}?sessionId={id}\n\n")
    }
}

/// There is no such stream, or none any more.
pub fn gone() -> HttpResponse {
    let why = "There is no such session of yours. Open a new stream.";
    HttpResponse::NotFound().json(ErrorResponse::new("not_found", why))
}

/// As many messages wait as can.
pub fn too_fast() -> HttpResponse {
    let why = "Messages come faster than they are answered.";
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "1"))
        .json(ErrorResponse::new("temporarily_unavailable", why))
}

fn is_json(kind: &str) -> bool {
    kind.trim().eq_ignore_ascii_case("application/json")
}
