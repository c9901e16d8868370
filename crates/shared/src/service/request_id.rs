//! An id for every request: in its span, in its response, in whatever the service logs meanwhile.
//!
//! In: an `X-Request-Id` that a proxy or client sent, when it is sane. Out: the same, or a new one.
//! Never: copies an unchecked header into a log or a response.

use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::{metrics, traces};

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id as text: letters, digits, `-`, `_` and `.` only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new id, sortable by time.
    fn generate() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The sent id, when it has 8 to 64 harmless characters.
    fn accept(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let sane = (8..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        sane.then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(Self::generate)))
    }
}

/// The middleware; outermost, so that everything happens inside its span.
pub(super) async fn identified<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let sent = request.headers().get(&HEADER).and_then(RequestId::accept);
    let id = sent.unwrap_or_else(RequestId::generate);
    let method = request.method().clone();
    let span = traces::of_request(id.as_str(), method.as_str(), request.headers());
    request.extensions_mut().insert(id.clone());
    let started = Instant::now();
    let answer = span.in_scope(|| next.call(request));
    let work = async move {
        let mut response = answer.await?;
        note(&response, &method, started);
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(HEADER, value);
        }
        Ok(response)
    };
    work.instrument(span).await
}

/// Completes the span; logs what went wrong on our side.
fn note<B>(response: &ServiceResponse<B>, method: &Method, started: Instant) {
    let status = response.status();
    let span = Span::current();
    let route = response.request().match_pattern();
    if let Some(route) = &route {
        span.record("route", route);
    }
    span.record("status", status.as_u16());
    traces::answered(&span, method.as_str(), route.as_deref(), status.as_u16());
    let took = started.elapsed();
    metrics::answered(route, status.as_u16(), took);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match response.response().error() {
        Some(error) if status.is_server_error() => {
            tracing::error!(%error, duration_ms, "request failed");
        }
        Some(error) => tracing::debug!(%error, duration_ms, "request refused"),
        None => tracing::debug!(duration_ms, "request answered"),
    }
}
