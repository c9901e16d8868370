//! Streams of what belongs to no request.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::reply::{self, Part};
use super::{Session, Visit};
use crate::peer::{Call, Event, Listening, Peer, SessionKey};
use crate::wire::{Message, Object, Outcome, Raw, codes, raw};

/// The key that ties a notification to its subscription.
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// The stream of a session (before 2026-07-28). Opening it starts no server.
pub(super) fn stream(visit: &Visit, session: &Session) -> HttpResponse {
    let peer = match visit.session_peer(session) {
        Ok(peer) => peer,
        Err(full) => {
            return reply::refuse(StatusCode::OK, None, codes::UNAVAILABLE, &full.to_string());
        }
    };
    let (sender, parts) = reply::channel();
    let stop = visit.app.stop.clone();
    actix_web::rt::spawn(pass_on(peer.listen(session.key), sender, stop));
    reply::events(None, parts)
}

/// Passes everything on, until nobody reads, the server is given up or the service stops.
pub(super) async fn pass_on(
    mut listening: Listening,
    sender: Sender<Part>,
    stop: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            event = listening.next() => event,
            () = sender.closed() => return,
            () = stop.cancelled() => return,
        };
        let message = match event {
            Some(Event::Notice(message)) => message,
            Some(Event::Ask(ask)) => ask.message(),
            Some(_) => continue,
            None => return,
        };
        if sender.send(Part::more(&message)).await.is_err() {
            return;
        }
    }
}

/// What a client wants to hear of (2026-07-28).
struct Filter {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: Vec<String>,
}

impl Filter {
    /// What the client asked for and the server offers; `None` where it never tells anything.
    fn read(params: Option<&Raw>, hello: &Raw) -> Option<Self> {
        let asked: Value = params
            .and_then(|params| serde_json::from_str::<Value>(params.get()).ok())
            .map(|params| params["notifications"].clone())
            .unwrap_or_default();
        let offered: Value = serde_json::from_str(hello.get()).unwrap_or_default();
        let offered = &offered["capabilities"];
        let tells = |kind: &str| offered[kind]["listChanged"] == Value::Bool(true);
        let both = |name: &str, kind: &str| asked[name] == Value::Bool(true) && tells(kind);
        let uris = asked["resourceSubscriptions"]
            .as_array()
            .into_iter()
            .flatten();
        let uris = uris
            .filter_map(|uri| uri.as_str().map(str::to_owned))
            .take(64);
        let subscribes = offered["resources"]["subscribe"] == Value::Bool(true);
        let ever = subscribes || ["tools", "prompts", "resources"].into_iter().any(tells);
        ever.then(|| Self {
            tools: both("toolsListChanged", "tools"),
            prompts: both("promptsListChanged", "prompts"),
            resources: both("resourcesListChanged", "resources"),
            uris: if subscribes {
                uris.collect()
            } else {
                Vec::new()
            },
        })
    }

    fn accepted(&self) -> Value {
        let mut accepted = json!({});
        for (name, wanted) in [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ] {
            if wanted {
                accepted[name] = json!(true);
            }
        }
        if !self.uris.is_empty() {
            accepted["resourceSubscriptions"] = json!(self.uris);
        }
        accepted
    }

    fn passes(&self, method: &str, params: Option<&Raw>) -> bool {
        match method {
            "notifications/tools/list_changed" => self.tools,
            "notifications/prompts/list_changed" => self.prompts,
            "notifications/resources/list_changed" => self.resources,
            "notifications/resources/updated" => {
                let uri = params.and_then(|params| Object::parse(params.get()).ok()?.text("uri"));
                uri.is_some_and(|uri| self.uris.contains(&uri))
            }
            _ => false,
        }
    }
}

/// `subscriptions/listen` (2026-07-28).
pub(super) async fn subscribe(
    visit: &Visit,
    peer: Peer,
    key: SessionKey,
    id: Raw,
    params: Option<Raw>,
) -> HttpResponse {
    let hello = match peer.ready().await {
        Ok(up) => up.hello(),
        Err(error) => return reply::answer(StatusCode::OK, Some(id), error.outcome()),
    };
    let Some(filter) = Filter::read(params.as_ref(), &hello) else {
        let (status, code) = (StatusCode::NOT_FOUND, codes::METHOD_NOT_FOUND);
        let text = "This server never tells of changes, so there is nothing to listen to.";
        return reply::refuse(status, Some(id), code, text);
    };
    let listening = peer.listen(key);
    let mut subscribed = Vec::new();
    for uri in &filter.uris {
        subscribed.extend(resource(&peer, key, "resources/subscribe", uri).await);
    }
    let (sender, parts) = reply::channel();
    let stop = visit.app.stop.clone();
    let acknowledged = raw(&json!({ "notifications": filter.accepted() }));
    let first = tied(
        "notifications/subscriptions/acknowledged",
        Some(&acknowledged),
        &id,
    );
    let stream = follow(listening, filter, sender, id);
    actix_web::rt::spawn(async move {
        tokio::select! {
            () = stream => {}
            () = stop.cancelled() => {}
        }
        for uri in subscribed {
            resource(&peer, key, "resources/unsubscribe", &uri).await;
        }
    });
    reply::events(Some(Part::more(&first)), parts)
}

/// Subscribes to a resource, or ends that; the address, if the server agreed.
async fn resource(peer: &Peer, session: SessionKey, method: &str, uri: &str) -> Option<String> {
    let call = Call {
        session,
        id: None,
        method: method.to_owned(),
        params: Some(raw(&json!({ "uri": uri }))),
        cancels: false,
    };
    let mut exchange = peer.call(call).await.ok()?;
    loop {
        match tokio::time::timeout(peer.silence(), exchange.next())
            .await
            .ok()??
        {
            Event::Answer(Outcome::Result(_)) => return Some(uri.to_owned()),
            Event::Notice(_) | Event::Ask(_) => {}
            Event::Answer(Outcome::Error(_)) | Event::Lost(_) | Event::Again => return None,
        }
    }
}

async fn follow(mut listening: Listening, filter: Filter, sender: Sender<Part>, id: Raw) {
    loop {
        let event = tokio::select! {
            event = listening.next() => event,
            () = sender.closed() => return,
        };
        let message = match event {
            Some(Event::Notice(Message::Notification { method, params }))
                if filter.passes(&method, params.as_ref()) =>
            {
                tied(&method, params.as_ref(), &id)
            }
            Some(_) => continue,
            None => return,
        };
        if sender.send(Part::more(&message)).await.is_err() {
            return;
        }
    }
}

/// A notification that names its subscription.
fn tied(method: &str, params: Option<&Raw>, id: &Raw) -> Message {
    let mut object = params
        .and_then(|params| Object::parse(params.get()).ok())
        .unwrap_or_default();
    let mut meta = object.object("_meta").unwrap_or_default();
    meta.set(SUBSCRIPTION, id.clone());
    object.set("_meta", meta.to_raw());
    Message::notification(method, Some(object.to_raw()))
}
