//! The stream on which a client of the older revisions listens: `GET` at the MCP endpoint.
//!
//! In: a request that rmcp let pass (`Host` and `Origin` are its to judge) and has no answer for. Out: notifications as they
//! come, and at `initialize` an id for the session. Never: answers to requests, which have streams of their own; a stream for a
//! client of 2026-07-28, which asks `subscriptions/listen`.
//! Source: MCP 2025-11-25, "Listening for Messages from the Server", "Session Management".

use std::convert::Infallible;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::announce::{Announcer, Listener};
use super::session::{self, NewSession, Session};
use crate::auth::bearer::Caller;
use crate::models::ErrorResponse;

/// The first revision whose clients do not listen here.
const MODERN_SINCE: &str = "2026-07-28";

/// The middleware; without an [`Announcer`] it lets everything through.
pub(super) async fn listened(
    announcer: Option<Arc<dyn Announcer>>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(announcer) = announcer else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let new = NewSession::default();
    request.extensions_mut().insert(new.clone());
    let mut answer = next.call(request).await?.map_into_boxed_body();
    let id = new.0.get().and_then(|id| HeaderValue::from_str(id).ok());
    if let Some(id) = id.filter(|_| answer.status() == StatusCode::OK) {
        answer.headers_mut().insert(session::HEADER, id);
    }
    let listens = answer.request().method() == Method::GET
        && answer.status() == StatusCode::METHOD_NOT_ALLOWED;
    if !listens {
        return Ok(answer);
    }
    let (request, refused) = answer.into_parts();
    let stream = listen(&request, announcer.as_ref()).await;
    Ok(ServiceResponse::new(request, stream.unwrap_or(refused)))
}

/// The stream; `None` for a client that does not listen here.
async fn listen(request: &HttpRequest, announcer: &dyn Announcer) -> Option<HttpResponse> {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if text("mcp-protocol-version").is_some_and(|version| version >= MODERN_SINCE) {
        return None;
    }
    if !takes_events(text(ACCEPT.as_str()).unwrap_or_default()) {
        let why = "Listening here is done with Accept: text/event-stream.";
        let body = ErrorResponse::new("not_acceptable", why);
        return Some(HttpResponse::NotAcceptable().json(body));
    }
    let caller = match Caller::from_request(request, &mut Payload::None).await {
        Ok(caller) => caller,
        Err(refused) => return Some(actix_web::ResponseError::error_response(&refused)),
    };
    let listener = Listener {
        session: Session::named(&caller, request.headers()),
        after: text("last-event-id").map(str::to_owned),
        caller,
    };
    let Some(announcements) = announcer.announce(listener) else {
        return Some(full());
    };
    let first = stream::iter([Bytes::from_static(b": listening\n\n")]);
    let rest = announcements.map(|announcement| Bytes::from(announcement.events()));
    let events = first.chain(rest).map(Ok::<_, Infallible>);
    Some(
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .streaming(events),
    )
}

/// As many listen as can.
pub fn full() -> HttpResponse {
    let why = "As many listen as this server serves. Ask again later, or do without.";
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "30"))
        .json(ErrorResponse::new("temporarily_unavailable", why))
}

/// Whether events are accepted, by name or by a range.
fn takes_events(accepted: &str) -> bool {
    accepted.split(',').any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/event-stream") || kind == "*/*" || kind == "text/*"
    })
}
