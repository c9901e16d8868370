//! Clients with sessions: 2024-11-05 to 2025-11-25.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use loop_shared::audit;
use serde_json::json;

use super::reply;
use super::run::{Run, Went};
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
    let peer = match visit.peer(&id, &hello).await {
        Ok(peer) => peer,
        Err(refused) => return *refused,
    };
    let mut response = match peer.ready().await {
        Ok(up) => reply::answer(StatusCode::OK, Some(id), Outcome::Result(up.hello())),
        Err(error) => return reply::answer(StatusCode::OK, Some(id), error.outcome()),
    };
    let name = actix_web::http::header::HeaderName::from_static("mcp-session-id");
    if let Ok(value) = actix_web::http::header::HeaderValue::from_str(&session) {
        response.headers_mut().insert(name, value);
    }
    response
}

async fn request(
    visit: &Visit,
    session: &Session,
    id: Raw,
    method: String,
    params: Option<Raw>,
) -> HttpResponse {
    if method == "ping" {
        return reply::answer(StatusCode::OK, Some(id), Outcome::Result(raw(&json!({}))));
    }
    visit.note(&method, params.as_ref());
    let receipt = visit.receipt(&method, params.as_ref());
    if let Some(refused) = visit.refusal(&id, &method, params.as_ref()) {
        receipt.finish(audit::Outcome::Refused, "scopes");
        return refused;
    }
    let peer = match visit.peer(&id, &session.hello).await {
        Ok(peer) => peer,
        Err(refused) => {
            receipt.finish(audit::Outcome::Refused, "no account, or no room");
            return *refused;
        }
    };
    let call = Call {
        session: session.key,
        id: Some(id.clone()),
        method,
        params,
        cancels: false,
    };
    let lens = visit.lens(&call.method);
    let run = Run {
        peer,
        call,
        id,
        lens,
        receipt,
    };
    let (sender, parts) = reply::channel();
    actix_web::rt::spawn(async move {
        let outcome = match run.begin().await {
            Err(outcome) => outcome,
            Ok(mut exchange) => match run.follow(&mut exchange, &sender, false).await {
                Went::Answered(outcome) => outcome,
                Went::Asked(_) | Went::Nowhere => return,
            },
        };
        // A client that is gone needs no answer.
        let _ = sender.send(run.last(outcome, StatusCode::OK)).await;
    });
    reply::parts(parts).await
}

fn notified(visit: &Visit, session: &Session, method: &str, params: Option<Raw>) -> HttpResponse {
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

fn answered(visit: &Visit, session: &Session, id: &Raw, outcome: Outcome) -> HttpResponse {
    if let Ok(peer) = visit.session_peer(session)
        && let Ok(key) = id.get().parse()
    {
        // An answer to nobody, or a second one, changes nothing.
        peer.answer(key, outcome);
    }
    reply::accepted()
}
