//! Clients with sessions: 2024-11-05 to 2025-11-25.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use loop_shared::audit;
use serde_json::json;

use super::logs::Logs;
use super::reply;
use super::run::Run;
use super::{Session, Visit};
use crate::peer::Call;
use crate::wire::{Message, Outcome, Raw, codes, raw};

/// One message.
pub(super) async fn post(visit: Visit, message: Message) -> HttpResponse {
    match message {
        Message::Request { id, method, params } if method == "initialize" => {
            initialize(&visit, id, params).await
        }
        Message::Request { id, method, params } => match visit.session() {
            Ok(session) => request(&visit, &session, id, method, params).await,
            Err(refused) => *refused,
        },
        Message::Notification { method, params } => match visit.session() {
            Ok(session) => notified(&visit, &session, &method, params),
            Err(refused) => *refused,
        },
        Message::Response { id, outcome } => match visit.session() {
            Ok(session) => answered(&visit, &session, &id, outcome),
            Err(refused) => *refused,
        },
    }
}

/// A session begins: the server is started and asked, so that its own words go back.
async fn initialize(visit: &Visit, id: Raw, params: Option<Raw>) -> HttpResponse {
    let Some(hello) = params else {
        let text = "initialize needs parameters.";
        return reply::refuse(
            StatusCode::BAD_REQUEST,
            Some(id),
            codes::INVALID_PARAMS,
            text,
        );
    };
    let server = &visit.entry.server;
    let Some(session) = visit
        .app
        .sessions
        .begin(&server.name, visit.subject(), &hello)
    else {
        let text = "The parameters of initialize are too long for a session.";
        return reply::refuse(
            StatusCode::BAD_REQUEST,
            Some(id),
            codes::INVALID_PARAMS,
            text,
        );
    };
    let (outcome, is_up) = match visit.peer(&hello).await {
        Ok(peer) => match peer.ready().await {
            Ok(up) => (Outcome::Result(up.hello()), true),
            Err(error) => (error.outcome(), false),
        },
        Err(refused) => (refused, false),
    };
    let mut response = reply::answer(StatusCode::OK, Some(id), outcome);
    if !is_up {
        return response;
    }
    let name = actix_web::http::header::HeaderName::from_static("mcp-session-id");
    if let Ok(value) = actix_web::http::header::HeaderValue::from_str(&session) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// What is answered instead of asking the server.
pub(super) enum Instead {
    /// The HTTP request is refused.
    Refused(HttpResponse),
    /// The JSON-RPC request has this outcome.
    Answered(Outcome),
}

/// A request of a session that may be made; whether the server is told when its client is gone.
pub(super) async fn prepare(
    visit: &Visit,
    session: &Session,
    id: Raw,
    (method, params): (String, Option<Raw>),
    cancels: bool,
) -> Result<Run, Instead> {
    if method == "ping" {
        return Err(Instead::Answered(Outcome::Result(raw(&json!({})))));
    }
    visit.note(&method, params.as_ref());
    let receipt = visit.receipt(&method, params.as_ref());
    if let Some(refused) = visit.refusal(&id, &method, params.as_ref()) {
        receipt.finish(audit::Outcome::Refused, "scopes");
        return Err(Instead::Refused(refused));
    }
    let peer = match visit.peer(&session.hello).await {
        Ok(peer) => peer,
        Err(outcome) => {
            receipt.finish(audit::Outcome::Refused, "no account, or no room");
            return Err(Instead::Answered(outcome));
        }
    };
    let call = Call {
        session: session.key,
        id: Some(id.clone()),
        method,
        params,
        cancels,
    };
    let lens = visit.lens(&call.method);
    Ok(Run {
        peer,
        call,
        id,
        lens,
        receipt,
        logs: Logs::All,
    })
}

async fn request(
    visit: &Visit,
    session: &Session,
    id: Raw,
    method: String,
    params: Option<Raw>,
) -> HttpResponse {
    match prepare(visit, session, id.clone(), (method, params), false).await {
        Ok(run) => {
            let (sender, parts) = reply::channel();
            actix_web::rt::spawn(run.serve(sender));
            reply::parts(parts, visit.wants_stream()).await
        }
        Err(Instead::Refused(refused)) => refused,
        Err(Instead::Answered(outcome)) => reply::answer(StatusCode::OK, Some(id), outcome),
    }
}

/// A notification of a session.
pub(super) fn notified(
    visit: &Visit,
    session: &Session,
    method: &str,
    params: Option<Raw>,
) -> HttpResponse {
    // The proxy has told the server itself that it is initialized. What is called without wanting an answer is no
    // notification: it would run past the rules of who may call what.
    if method != "notifications/initialized"
        && method.starts_with("notifications/")
        && let Ok(peer) = visit.session_peer(session)
    {
        peer.notify(&session.key, method, params);
    }
    reply::accepted()
}

/// A session's answer to what the server asked.
pub(super) fn answered(
    visit: &Visit,
    session: &Session,
    id: &Raw,
    outcome: Outcome,
) -> HttpResponse {
    if let Ok(peer) = visit.session_peer(session)
        && let Ok(key) = id.get().parse()
    {
        // An answer to nobody, or a second one, changes nothing.
        peer.answer(key, outcome);
    }
    reply::accepted()
}
