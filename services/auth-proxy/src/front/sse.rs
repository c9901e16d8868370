//! Clients of the first revision (2024-11-05): `GET /<name>/sse` opens a stream that names an address; messages are posted there,
//! and answers, notifications and questions come on the stream.
//!
//! In: requests that passed the same door as those of the newer transports. Out: an event stream, and 202. Never: a message of
//! anybody but who opened the stream, or for another server; a stream that outlives the newest token that spoke in it.
//! Source: MCP 2024-11-05, "HTTP with SSE".

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use loop_shared::auth::bearer::Caller;
use loop_shared::mcp::legacy_sse::{COMMENT, SseOpened, SseStreams, event, full, gone, too_fast};
use loop_shared::service::{Clock as _, SystemClock};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Interval, interval};
use tokio_util::sync::CancellationToken;

use super::legacy::{self, Instead};
use super::modern::fresh_key;
use super::reply::{self, Part};
use super::{Session, Visit, listen, parsed};
use crate::app::App;
use crate::peer::SessionKey;
use crate::wire::{Message, Outcome, Raw, codes};

/// Time between two looks at the token; also how late its end is noticed at most.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Requests of one stream that are under way at once.
const UNDER_WAY: usize = 64;

/// All open streams.
pub(crate) type OldStreams = SseStreams<Outlet>;

/// What a message of a stream needs.
#[derive(Clone)]
pub(crate) struct Outlet {
    server: Arc<str>,
    key: SessionKey,
    /// The parameters of `initialize`, once they came.
    hello: Arc<OnceLock<Raw>>,
    parts: mpsc::Sender<Part>,
    room: Arc<Semaphore>,
    /// Ends the stream.
    end: CancellationToken,
}

/// An open stream.
struct Open {
    opened: SseOpened<Outlet>,
    inbox: mpsc::Receiver<Part>,
    looks: Interval,
    end: CancellationToken,
    stop: CancellationToken,
}

/// `GET /<name>/sse`.
pub(crate) async fn stream(request: HttpRequest, app: Data<App>, caller: Caller) -> HttpResponse {
    let Some(visit) = Visit::of(&request, app, caller) else {
        return HttpResponse::NotFound().finish();
    };
    let Some(key) = fresh_key() else {
        return full();
    };
    let (parts, inbox) = reply::channel();
    let outlet = Outlet {
        server: Arc::clone(&visit.entry.server.name),
        key,
        hello: Arc::default(),
        parts,
        room: Arc::new(Semaphore::new(UNDER_WAY)),
        end: CancellationToken::new(),
    };
    let end = outlet.end.clone();
    let now = SystemClock.now();
    let Some(opened) = visit.app.old_streams.open(&visit.caller, now, outlet) else {
        return full();
    };
    let first = opened.first_event(request.path());
    let open = Open {
        opened,
        inbox,
        looks: interval(HEARTBEAT),
        end,
        stop: visit.app.stop.clone(),
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(open.events(first))
}

impl Open {
    fn events(self, first: String) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let rest = stream::unfold(self, |mut open| async move {
            Some((Bytes::from(open.next().await?), open))
        });
        stream::iter([Bytes::from(first)]).chain(rest).map(Ok)
    }

    /// What is written next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            () = self.end.cancelled() => None,
            _ = self.looks.tick() => {
                self.opened.current(SystemClock.now())?;
                Some(COMMENT.to_owned())
            }
            part = self.inbox.recv() => Some(event(None, &part?.line)),
        }
    }
}

/// `POST /<name>/sse/messages`: one message. 202; what is answered comes on the stream.
pub(crate) async fn message(
    request: HttpRequest,
    app: Data<App>,
    caller: Caller,
    body: Bytes,
) -> HttpResponse {
    let Some(visit) = Visit::of(&request, app, caller) else {
        return HttpResponse::NotFound().finish();
    };
    let outlet = match visit.app.old_streams.of_message(&request, &visit.caller) {
        Ok((_, outlet)) if outlet.server == visit.entry.server.name => outlet,
        Ok(_) => return gone(),
        Err(refused) => return *refused,
    };
    let message = match parsed(&body) {
        Ok(message) => message,
        Err(refused) => return *refused,
    };
    if let Message::Request { id, method, params } = message {
        return requested(visit, outlet, id, method, params).await;
    }
    let Some(session) = outlet.session() else {
        return first_initialize(None);
    };
    match message {
        Message::Notification { method, params } => {
            legacy::notified(&visit, &session, &method, params)
        }
        Message::Response { id, outcome } => legacy::answered(&visit, &session, &id, outcome),
        Message::Request { .. } => reply::accepted(),
    }
}

impl Outlet {
    /// The session, once it was initialized.
    fn session(&self) -> Option<Session> {
        let hello = self.hello.get()?.clone();
        let key = self.key;
        Some(Session { key, hello })
    }

    async fn answer(&self, id: Raw, outcome: Outcome) {
        let part = Part::last(&Message::response(id, outcome), StatusCode::OK);
        // A client that is gone needs no answer.
        let _ = self.parts.send(part).await;
    }
}

fn first_initialize(id: Option<Raw>) -> HttpResponse {
    let text = "Send initialize first, once.";
    reply::refuse(StatusCode::BAD_REQUEST, id, codes::INVALID_REQUEST, text)
}

async fn requested(
    visit: Visit,
    outlet: Outlet,
    id: Raw,
    method: String,
    params: Option<Raw>,
) -> HttpResponse {
    let Ok(room) = Arc::clone(&outlet.room).try_acquire_owned() else {
        return too_fast();
    };
    if method == "initialize" {
        let Some(hello) = params.filter(|hello| outlet.hello.set(hello.clone()).is_ok()) else {
            return first_initialize(Some(id));
        };
        actix_web::rt::spawn(async move {
            begin(&visit, &outlet, id, &hello).await;
            drop(room);
        });
        return reply::accepted();
    }
    let Some(session) = outlet.session() else {
        return first_initialize(Some(id));
    };
    // Its stream is all that a client of this revision has: without it, the request is over.
    match legacy::prepare(&visit, &session, id.clone(), (method, params), true).await {
        Ok(run) => {
            actix_web::rt::spawn(async move {
                run.serve(outlet.parts).await;
                drop(room);
            });
        }
        Err(Instead::Refused(refused)) => return refused,
        Err(Instead::Answered(outcome)) => outlet.answer(id, outcome).await,
    }
    reply::accepted()
}

/// The session begins: the server is started and asked; from then on the stream also carries what belongs to no request.
async fn begin(visit: &Visit, outlet: &Outlet, id: Raw, hello: &Raw) {
    let ready = async {
        let peer = visit.peer(hello).await?;
        let up = peer.ready().await.map_err(|error| error.outcome())?;
        Ok((peer, up.hello()))
    };
    match ready.await {
        Ok((peer, hello)) => {
            let listening = peer.listen(outlet.key);
            outlet.answer(id, Outcome::Result(hello)).await;
            let (parts, end) = (outlet.parts.clone(), outlet.end.clone());
            let stop = visit.app.stop.clone();
            actix_web::rt::spawn(async move {
                listen::pass_on(listening, parts, stop).await;
                // Whoever does not hear any more must connect again.
                end.cancel();
            });
        }
        Err(outcome) => outlet.answer(id, outcome).await,
    }
}
