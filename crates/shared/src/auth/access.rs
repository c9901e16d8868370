//! One access line for each authorized request: who, through what, with which scopes, where, how it went.
//!
//! In: notes made along the way. Out: one log line (target `access`) when the response has been sent, or, when all of it is
//! there at once, when it is handed over to be sent.
//! Never: tokens, queries, bodies, raw paths (the matched route instead).

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};

use super::principal::Principal;

/// Where a handler notes which tool it ran. Clones share the note.
#[derive(Clone, Debug, Default)]
pub struct AccessNote(Arc<OnceLock<String>>);

impl AccessNote {
    /// The note of a request that passed the bearer middleware.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    fn tool(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Notes that the request runs the tool `name`; the first note stays.
pub fn note_tool(note: &AccessNote, name: &str) {
    // A second note is no mistake: one request runs one tool.
    let _ = note.0.set(name.chars().take(128).collect());
}

/// The line to be written about one request.
#[derive(Debug)]
pub(crate) struct AccessLine {
    pub(crate) principal: Arc<Principal>,
    pub(crate) note: AccessNote,
    pub(crate) method: Method,
    /// Its pattern, if there is one.
    pub(crate) route: Option<String>,
    pub(crate) status: u16,
    pub(crate) started: Instant,
    pub(crate) span: tracing::Span,
}

impl AccessLine {
    fn write(&self) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let _entered = self.span.enter();
        tracing::info!(
            target: "access",
            subject = self.principal.subject.as_str(),
            client = self.principal.client_id.as_str(),
            scopes = %self.principal.scopes,
            method = self.method.as_str(),
            route = self.route.as_deref().unwrap_or("-"),
            tool = self.note.tool(),
            status = self.status,
            duration_ms,
            "access"
        );
    }
}

/// A response body that writes the line when it is done: sent, or given up.
pub(crate) struct AccessBody {
    inner: BoxBody,
    line: AccessLine,
}

impl AccessBody {
    /// Hangs a line on a body; one that is there as a whole needs nobody to watch it being sent.
    pub(crate) fn around(body: BoxBody, line: AccessLine) -> BoxBody {
        if body.size() == BodySize::None {
            line.write();
            return body;
        }
        match body.try_into_bytes() {
            Ok(whole) => {
                line.write();
                BoxBody::new(whole)
            }
            Err(inner) => BoxBody::new(Self { inner, line }),
        }
    }
}

impl Drop for AccessBody {
    fn drop(&mut self) {
        self.line.write();
    }
}

impl MessageBody for AccessBody {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let body = Pin::new(&mut self.get_mut().inner);
        body.poll_next(cx)
            .map_err(|error| actix_web::error::ErrorInternalServerError(error.to_string()))
    }
}
