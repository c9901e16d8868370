//! What sessions do with a server.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;

use super::book::{Lasting, Pending};
use super::edit;
use super::exchange::{EVENTS, Exchange, Listening};
use super::{Peer, PeerError, SessionKey, Up};
use crate::link::LinkError;
use crate::wire::{Message, Object, Outcome, Raw, raw, text_of};

/// A request of a client's.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Whose.
    pub(crate) session: SessionKey,
    /// The id that the client gave it.
    pub(crate) id: Option<Raw>,
    /// What is asked.
    pub(crate) method: String,
    /// With what.
    pub(crate) params: Option<Raw>,
    /// Whether it is cancelled when the client goes away (2026-07-28), or goes on (before).
    pub(crate) cancels: bool,
}

impl Peer {
    /// Hands a request to the server, which is started if need be.
    ///
    /// # Errors
    /// [`PeerError`].
    pub(crate) async fn call(&self, call: Call) -> Result<Exchange, PeerError> {
        self.0.touch();
        let mut up = self.ready().await?;
        for _ in 0..2 {
            match self.hand(&up, &call) {
                Ok(exchange) => return Ok(exchange),
                Err(LinkError::Busy) => return Err(PeerError::Busy),
                // It died between two glances.
                Err(LinkError::Closed) => up = self.ready().await?,
            }
        }
        Err(PeerError::Busy)
    }

    fn hand(&self, up: &Up, call: &Call) -> Result<Exchange, LinkError> {
        let number = self.0.number();
        let (params, token) = edit::with_token(call.params.clone(), number);
        let (sender, events) = mpsc::channel(EVENTS);
        let pending = Pending {
            events: sender,
            session: call.session,
            id: call.id.clone(),
            token,
            lasting: lasting(&call.method, call.params.as_ref()),
        };
        self.0.book().enter(number, pending);
        // Dropped when sending fails, which takes the request out of the book again.
        let mut exchange = Exchange {
            events,
            number,
            inner: Arc::clone(&self.0),
            cancels: false,
        };
        up.link.send(Message::Request {
            id: raw(&number.into()),
            method: call.method.clone(),
            params,
        })?;
        exchange.cancels = call.cancels;
        Ok(exchange)
    }

    /// Passes a notification on; where no server runs there is nobody to tell.
    pub(crate) fn notify(&self, session: &SessionKey, method: &str, params: Option<Raw>) {
        self.0.touch();
        if method == "notifications/cancelled" {
            return self.cancel(session, params.as_ref());
        }
        if let Some(up) = self.0.current() {
            // A server that takes nothing will be noticed by the next request.
            let _ = up.link.send(Message::notification(method, params));
        }
    }

    /// A client cancels a request of its own: nobody else's id means anything here.
    fn cancel(&self, session: &SessionKey, params: Option<&Raw>) {
        let Some(id) = edit::member(params, "requestId") else {
            return;
        };
        let Some(number) = self.0.book().number_of(session, id.get()) else {
            return;
        };
        let params = edit::replaced(params, "requestId", raw(&number.into()));
        if let Some(up) = self.0.current() {
            let _ = up
                .link
                .send(Message::notification("notifications/cancelled", params));
        }
        self.0.book().forget(number);
    }

    pub(super) fn cancel_number(&self, number: u64, reason: &str) {
        if !self.0.book().is_pending(number) {
            return;
        }
        let params = raw(&json!({ "requestId": number, "reason": reason }));
        if let Some(up) = self.0.current() {
            let _ = up.link.send(Message::notification(
                "notifications/cancelled",
                Some(params),
            ));
        }
    }

    /// A session ends: what it still waits for is cancelled.
    pub(crate) fn end_session(&self, session: &SessionKey) {
        let numbers = self.0.book().of_session(session);
        for number in numbers {
            self.cancel_number(number, "the session has ended");
            self.0.book().forget(number);
        }
    }

    /// A client answers what the server asked. Whether anybody had asked.
    pub(crate) fn answer(&self, key: u64, outcome: Outcome) -> bool {
        self.0.touch();
        let Some(asked) = self.0.book().answered(key) else {
            return false;
        };
        if let Some(up) = self.0.current() {
            let _ = up.link.send(Message::response(asked.id, outcome));
        }
        true
    }

    /// A session's stream of what belongs to no request.
    pub(crate) fn listen(&self, session: SessionKey) -> Listening {
        self.0.touch();
        let number = self.0.number();
        let (sender, events) = mpsc::channel(EVENTS);
        self.0.book().listen(number, session, sender);
        Listening {
            events,
            number,
            inner: Arc::downgrade(&self.0),
        }
    }
}

/// What must be done again when the server starts again.
fn lasting(method: &str, params: Option<&Raw>) -> Option<Lasting> {
    let params = params?;
    let uri = || text_of(Object::parse(params.get()).ok()?.get("uri")?);
    match method {
        "logging/setLevel" => Some(Lasting::Level(params.clone())),
        "resources/subscribe" => Some(Lasting::Subscribed(uri()?, params.clone())),
        "resources/unsubscribe" => Some(Lasting::Unsubscribed(uri()?)),
        _ => None,
    }
}
