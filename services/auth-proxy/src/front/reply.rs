//! JSON answers and event streams.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use futures_util::stream;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::wire::{Message, Outcome, Raw};

/// How long an answer may take before a stream is opened for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Messages that wait for a slow client.
const WAITING: usize = 64;

/// Something for the client, and whether it is the last.
pub(super) struct Part {
    /// The message, as one line.
    pub(super) line: String,
    /// Whether nothing follows.
    pub(super) last: bool,
    /// The status, where this is the only part.
    pub(super) status: StatusCode,
}

impl Part {
    /// A message before the answer.
    pub(super) fn more(message: &Message) -> Self {
        Self {
            line: message.line(),
            last: false,
            status: StatusCode::OK,
        }
    }

    /// The answer.
    pub(super) fn last(message: &Message, status: StatusCode) -> Self {
        Self {
            line: message.line(),
            last: true,
            status,
        }
    }
}

/// One JSON message.
pub(super) fn json(status: StatusCode, line: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(line)
}

/// An answer made here.
pub(super) fn answer(status: StatusCode, id: Option<Raw>, outcome: Outcome) -> HttpResponse {
    let id = id.unwrap_or_else(|| RawValue::NULL.to_owned());
    json(status, Message::response(id, outcome).line())
}

/// A refusal made here.
pub(super) fn refuse(status: StatusCode, id: Option<Raw>, code: i64, text: &str) -> HttpResponse {
    answer(status, id, Outcome::error(code, text))
}

/// What was taken without an answer.
pub(super) fn accepted() -> HttpResponse {
    HttpResponse::Accepted().finish()
}

/// The parts as JSON, where there is one that comes soon; else, or where the client `streams`, as an event stream.
pub(super) async fn parts(mut parts: mpsc::Receiver<Part>, streams: bool) -> HttpResponse {
    let first = match timeout(PATIENCE, parts.recv()).await {
        // A stream could not tell another status.
        Ok(Some(part)) if part.last && (!streams || part.status != StatusCode::OK) => {
            return json(part.status, part.line);
        }
        Ok(Some(part)) => Some(part),
        Ok(None) => return accepted(),
        Err(_) => None,
    };
    events(first, parts)
}

/// A channel for [`parts`].
pub(super) fn channel() -> (mpsc::Sender<Part>, mpsc::Receiver<Part>) {
    mpsc::channel(WAITING)
}

/// An event stream of the parts, to the last.
pub(super) fn events(first: Option<Part>, parts: mpsc::Receiver<Part>) -> HttpResponse {
    struct State {
        first: Option<Part>,
        parts: mpsc::Receiver<Part>,
        over: bool,
    }
    let state = State {
        first,
        parts,
        over: false,
    };
    let body = stream::unfold(state, |mut state| async move {
        if state.over {
            return None;
        }
        let part = match state.first.take() {
            Some(part) => Ok(Some(part)),
            None => timeout(HEARTBEAT, state.parts.recv()).await,
        };
        let bytes = match part {
            Ok(Some(part)) => {
                state.over = part.last;
                Bytes::from(format!("event: message\ndata: {}\n\n", part.line))
            }
            Ok(None) => return None,
            Err(_) => Bytes::from_static(b": still here\n\n"),
        };
        Some((Ok::<_, Error>(bytes), state))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body)
}
