//! What clients speak with: Streamable HTTP of both eras, on one path for each server.
//!
//! In: requests that passed the door, with their caller. Out: JSON or an event stream.
//! Never: answers without a caller, takes a session of another user or server, changes a result's members.
//! Source: MCP "Transports" of 2025-03-26 to 2025-11-25 and of 2026-07-28; `reference/mcp-server.md`.

mod legacy;
mod lens;
mod listen;
mod logs;
mod modern;
mod parked;
mod reply;
mod run;
mod session;
mod sse;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use loop_shared::auth::access::{AccessNote, note_tool};
use loop_shared::auth::bearer::Caller;

use crate::app::App;
use crate::audit::Receipt;
use crate::connections::store::Key;
use crate::peer::Peer;
use crate::pool::Full;
use crate::registry::Entry;
use crate::wire::{Message, Object, Outcome, Raw, codes};

pub(crate) use parked::Parked;
pub(crate) use session::{Session, Sessions};
pub(crate) use sse::{OldStreams, message as old_message, stream as old_stream};

/// The first revision without sessions.
pub(crate) const MODERN: &str = "2026-07-28";

/// A request and what is known about it.
pub(crate) struct Visit {
    app: Data<App>,
    entry: Arc<Entry>,
    caller: Caller,
    note: Option<AccessNote>,
    headers: HeaderMap,
}

impl Visit {
    /// The visit of a request that passed the door.
    fn of(request: &HttpRequest, app: Data<App>, caller: Caller) -> Option<Self> {
        let entry = request.extensions().get::<Arc<Entry>>().cloned()?;
        Some(Self {
            app,
            entry,
            caller,
            note: AccessNote::of(request),
            headers: request.headers().clone(),
        })
    }

    fn subject(&self) -> &str {
        self.caller.subject.as_str()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The session that the request names, if it is this user's and this server's.
    fn session(&self) -> Result<Session, Box<HttpResponse>> {
        let Some(id) = self.header("mcp-session-id") else {
            let text = "Send the Mcp-Session-Id that initialize gave you.";
            return Err(Box::new(reply::refuse(
                StatusCode::BAD_REQUEST,
                None,
                codes::INVALID_REQUEST,
                text,
            )));
        };
        let found = self
            .app
            .sessions
            .find(id, &self.entry.server.name, self.subject());
        found.ok_or_else(|| {
            let text = "This session is not known here. Initialize again; no login is needed.";
            Box::new(reply::refuse(
                StatusCode::NOT_FOUND,
                None,
                codes::INVALID_REQUEST,
                text,
            ))
        })
    }

    /// The server for this request. Where it works with an account of the user's own, that must be connected.
    ///
    /// # Errors
    /// The answer to the request.
    async fn peer(&self, hello: &Raw) -> Result<Peer, Outcome> {
        let (server, subject) = (&self.entry.server, self.subject());
        let token = match &server.account {
            None => None,
            Some(account) => {
                let key = Key {
                    user: subject.to_owned(),
                    server: server.name.to_string(),
                };
                let refused = self.app.pool.refused(server, subject, hello);
                let connections = &self.app.connections;
                match connections.token(&key, account, refused.as_ref()).await {
                    Ok(token) => Some(token),
                    Err(why) => return Err(connections.outcome(&why)),
                }
            }
        };
        let peer = self.app.pool.peer(server, subject, hello, token.as_ref());
        peer.map_err(|full| Outcome::error(codes::UNAVAILABLE, &full.to_string()))
    }

    /// The server of a session, for what starts nothing.
    fn session_peer(&self, session: &Session) -> Result<Peer, Full> {
        let server = &self.entry.server;
        self.app
            .pool
            .peer(server, self.subject(), &session.hello, None)
    }

    /// The record of a call.
    fn receipt(&self, method: &str, params: Option<&Raw>) -> Receipt {
        let server = &self.entry.server.name;
        self.app.audit.begin(&self.caller, server, method, params)
    }

    /// Notes for the access line what is called.
    fn note(&self, method: &str, params: Option<&Raw>) {
        let Some(note) = &self.note else { return };
        let called = || Object::parse(params?.get()).ok()?.text("name");
        match method {
            "tools/call" | "prompts/get" => note_tool(note, &called().unwrap_or_default()),
            other => note_tool(note, other),
        }
    }

    /// Whether the client would rather have event streams: it names them first.
    fn wants_stream(&self) -> bool {
        let accept = self.header("accept").unwrap_or_default();
        accept.trim_start().starts_with("text/event-stream")
    }

    fn is_modern(&self) -> bool {
        self.header("mcp-protocol-version")
            .is_some_and(|version| version >= MODERN)
    }
}

/// The message of a body, or the refusal.
fn parsed(body: &Bytes) -> Result<Message, Box<HttpResponse>> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    Message::parse(text).map_err(|fault| {
        let (code, why) = if text.trim_start().starts_with('[') {
            let why = "Send one message at a time.".to_owned();
            (codes::INVALID_REQUEST, why)
        } else {
            (codes::PARSE, format!("{fault}."))
        };
        Box::new(reply::refuse(StatusCode::BAD_REQUEST, None, code, &why))
    })
}

/// `POST /<name>/mcp`.
pub(crate) async fn post(
    request: HttpRequest,
    app: Data<App>,
    caller: Caller,
    body: Bytes,
) -> HttpResponse {
    let Some(visit) = Visit::of(&request, app, caller) else {
        return HttpResponse::NotFound().finish();
    };
    let message = match parsed(&body) {
        Ok(message) => message,
        Err(refused) => return *refused,
    };
    if visit.is_modern() || modern::speaks(&message) {
        return modern::post(visit, message).await;
    }
    legacy::post(visit, message).await
}

/// `GET /<name>/mcp`: the session's stream.
pub(crate) async fn get(request: HttpRequest, app: Data<App>, caller: Caller) -> HttpResponse {
    let Some(visit) = Visit::of(&request, app, caller) else {
        return HttpResponse::NotFound().finish();
    };
    if visit.is_modern() {
        return only_post();
    }
    match visit.session() {
        Ok(session) => listen::stream(&visit, &session),
        Err(refused) => *refused,
    }
}

/// `DELETE /<name>/mcp`: the session ends.
pub(crate) async fn delete(request: HttpRequest, app: Data<App>, caller: Caller) -> HttpResponse {
    let Some(visit) = Visit::of(&request, app, caller) else {
        return HttpResponse::NotFound().finish();
    };
    if visit.is_modern() {
        return only_post();
    }
    match visit.session() {
        Ok(session) => {
            if let Ok(peer) = visit.session_peer(&session) {
                peer.end_session(&session.key);
            }
            visit.app.sessions.end(&session);
            HttpResponse::NoContent().finish()
        }
        Err(refused) => *refused,
    }
}

fn only_post() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "POST"))
        .finish()
}
