//! Clients without sessions (2026-07-28): every request says who asks and in which revision. Older servers are
//! initialized for them; what such a server asks its client in the middle of a request becomes an
//! `input_required` result, and the client's next request goes on with it.

mod checks;
mod discover;
mod needs;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use loop_shared::audit;
use rand::TryRngCore as _;
use serde_json::json;

use super::logs::Logs;
use super::reply::{self, Part};
use super::run::{Run, Went};
use super::{MODERN, Visit, listen};
use crate::audit::Receipt;
use crate::peer::{Call, Exchange, Peer, SessionKey};
use crate::wire::{Message, Object, Outcome, Raw, codes, raw};

pub(super) use checks::speaks;
use checks::{CLIENT_CAPABILITIES, CLIENT_INFO, Refusal, check, for_servers};
use discover::discover;
use needs::missing_capability;

/// The revision in which older servers are initialized.
const FOR_SERVERS: &str = "2025-11-25";
/// What older revisions have and this one has not: no request of one client changes what another is told.
const REMOVED: [&str; 5] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
];
/// What lists and reads of this revision may be kept for.
const CACHEABLE: [&str; 5] = [
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// One message.
pub(super) async fn post(visit: Visit, message: Message) -> HttpResponse {
    let (id, method, params) = match message {
        Message::Request { id, method, params } => (id, method, params),
        // Requests are cancelled by closing their streams; nothing else is told in this revision.
        Message::Notification { .. } | Message::Response { .. } => return reply::accepted(),
    };
    let meta = match check(&visit, &method, params.as_ref()) {
        Ok(meta) => meta,
        Err(Refusal { code, text, data }) => {
            let error = crate::wire::error_object(code, &text, data);
            return reply::answer(StatusCode::BAD_REQUEST, Some(id), Outcome::Error(error));
        }
    };
    if REMOVED.contains(&method.as_str()) {
        let text = format!("Revision {MODERN} has no {method}.");
        let code = codes::METHOD_NOT_FOUND;
        return reply::refuse(StatusCode::NOT_FOUND, Some(id), code, &text);
    }
    visit.note(&method, params.as_ref());
    let receipt = visit.receipt(&method, params.as_ref());
    if let Some(refused) = visit.refusal(&id, &method, params.as_ref()) {
        receipt.finish(audit::Outcome::Refused, "scopes");
        return refused;
    }
    let hello = hello(&meta);
    let peer = match visit.peer(&hello).await {
        Ok(peer) => peer,
        Err(refused) => {
            receipt.finish(audit::Outcome::Refused, "no account, or no room");
            return reply::answer(StatusCode::OK, Some(id), refused);
        }
    };
    match method.as_str() {
        "server/discover" => discover(&peer, id).await,
        "subscriptions/listen" => match fresh_key() {
            Some(key) => listen::subscribe(&visit, peer, key, id, params).await,
            None => reply::refuse(StatusCode::OK, Some(id), codes::INTERNAL, "No randomness."),
        },
        _ => request(visit, (peer, receipt), meta, id, (method, params)).await,
    }
}

/// How an older server is greeted for a client of this revision.
fn hello(meta: &Object) -> Raw {
    let mut hello = Object::default();
    hello.set("protocolVersion", raw(&json!(FOR_SERVERS)));
    let capabilities = meta.get(CLIENT_CAPABILITIES).cloned();
    hello.set(
        "capabilities",
        capabilities.unwrap_or_else(|| raw(&json!({}))),
    );
    let client = meta.get(CLIENT_INFO).cloned();
    let unknown = || raw(&json!({ "name": "unknown", "version": "0" }));
    hello.set("clientInfo", client.unwrap_or_else(unknown));
    hello.to_raw()
}

pub(super) fn fresh_key() -> Option<SessionKey> {
    let mut key = SessionKey::default();
    rand::rngs::OsRng.try_fill_bytes(&mut key).ok()?;
    Some(key)
}

/// Everything that the server itself answers.
async fn request(
    visit: Visit,
    (peer, receipt): (Peer, Receipt),
    meta: Object,
    id: Raw,
    (method, params): (String, Option<Raw>),
) -> HttpResponse {
    let Some(key) = fresh_key() else {
        return reply::refuse(StatusCode::OK, Some(id), codes::INTERNAL, "No randomness.");
    };
    let waiting = match resumed(&visit, &id, params.as_ref()) {
        Ok(waiting) => waiting,
        Err(text) => return reply::refuse(StatusCode::OK, Some(id), codes::INVALID_PARAMS, text),
    };
    let (peer, exchange) = match waiting {
        Some((peer, exchange)) => (peer, Some(exchange)),
        None => (peer, None),
    };
    let call = Call {
        session: key,
        id: Some(id.clone()),
        method,
        params: for_servers(params),
        cancels: true,
    };
    let lens = visit.lens(&call.method);
    let run = Run {
        peer,
        call,
        id,
        lens,
        receipt,
        logs: Logs::asked_for(&meta),
    };
    let (sender, parts) = reply::channel();
    let streams = visit.wants_stream();
    actix_web::rt::spawn(async move {
        // Whoever hangs up gets nothing.
        let last = finish(&visit, &run, &meta, exchange, &sender).await;
        if let Some(last) = last {
            let _ = sender.send(last).await;
        }
        run.over().await;
    });
    reply::parts(parts, streams).await
}

/// Runs a request to its end, or to the next question.
async fn finish(
    visit: &Visit,
    run: &Run,
    meta: &Object,
    resumed: Option<Exchange>,
    sender: &tokio::sync::mpsc::Sender<Part>,
) -> Option<Part> {
    let begun = match resumed {
        Some(exchange) => Ok(exchange),
        None => run.begin().await,
    };
    let mut exchange = match begun {
        Ok(exchange) => exchange,
        Err(outcome) => return Some(run.last(outcome, StatusCode::OK)),
    };
    match run.follow(&mut exchange, sender, true).await {
        Went::Nowhere => None,
        Went::Answered(Outcome::Result(result)) => {
            let result = complete(&run.call.method, &result);
            Some(run.last(Outcome::Result(result), StatusCode::OK))
        }
        Went::Answered(Outcome::Error(error)) => {
            let status = needs::status(&error);
            Some(run.last(Outcome::Error(error), status))
        }
        Went::Asked(ask) => {
            // Dropped with the exchange, the request is cancelled.
            if let Some(error) = missing_capability(&ask.method, meta.get(CLIENT_CAPABILITIES)) {
                let status = needs::status(&error);
                return Some(run.last(Outcome::Error(error), status));
            }
            let mut request = Object::default();
            request.set("method", raw(&json!(ask.method)));
            if let Some(params) = &ask.params {
                request.set("params", params.clone());
            }
            let mut requests = Object::default();
            requests.set(&ask.key.to_string(), request.to_raw());
            let server = &visit.entry.server.name;
            let state =
                visit
                    .app
                    .parked
                    .park(exchange, run.peer.clone(), server, visit.subject())?;
            let mut result = Object::default();
            result.set("resultType", raw(&json!("input_required")));
            result.set("inputRequests", requests.to_raw());
            result.set("requestState", raw(&json!(state)));
            Some(run.last(Outcome::Result(result.to_raw()), StatusCode::OK))
        }
    }
}

/// The exchange that a request goes on with, its questions answered; `None` for a new request.
fn resumed(
    visit: &Visit,
    id: &Raw,
    params: Option<&Raw>,
) -> Result<Option<(Peer, Exchange)>, &'static str> {
    let object = params
        .and_then(|params| Object::parse(params.get()).ok())
        .unwrap_or_default();
    let Some(state) = object.text("requestState") else {
        return Ok(None);
    };
    let server = &visit.entry.server.name;
    let waiting = visit.app.parked.take(&state, server, visit.subject());
    let mut waiting = waiting
        .ok_or("This request state is unknown or too old. Make the request again without it.")?;
    waiting.exchange.continue_as(id.clone(), params);
    let answers = object.object("inputResponses").unwrap_or_default();
    for (key, answer) in answers.iter() {
        if let Ok(key) = key.parse() {
            waiting.peer.answer(key, Outcome::Result(answer.to_owned()));
        }
    }
    Ok(Some((waiting.peer, waiting.exchange)))
}

/// A result with what this revision demands and older servers do not know.
fn complete(method: &str, result: &Raw) -> Raw {
    let Ok(mut object) = Object::parse(result.get()) else {
        return result.clone();
    };
    let mut missing = |name: &str, value: serde_json::Value| {
        if object.get(name).is_none() {
            object.set(name, raw(&value));
        }
    };
    missing("resultType", json!("complete"));
    if CACHEABLE.contains(&method) {
        missing("ttlMs", json!(0));
        missing("cacheScope", json!("private"));
    }
    object.to_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_keeps_its_members_and_gains_what_is_missing() {
        let result: Raw =
            serde_json::from_str(r#"{"tools":[{"b":1.0, "a":2}],"nextCursor":"x"}"#).unwrap();
        assert_eq!(
            complete("tools/list", &result).get(),
            r#"{"tools":[{"b":1.0, "a":2}],"nextCursor":"x","resultType":"complete","ttlMs":0,"cacheScope":"private"}"#
        );
        let own: Raw = serde_json::from_str(r#"{"resultType":"task"}"#).unwrap();
        assert_eq!(
            complete("tools/call", &own).get(),
            r#"{"resultType":"task"}"#
        );
    }
}
