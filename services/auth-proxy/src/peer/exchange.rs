//! One request on its way, and one session's stream of everything else.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::sync::mpsc;

use super::{Inner, Peer};
use crate::wire::{Message, Outcome, Raw, raw};

/// Events that wait for one client.
pub(super) const EVENTS: usize = 512;
/// Of these, how many are kept for what must not be lost.
pub(super) const RESERVED: usize = 16;

/// Something for a client.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A notification.
    Notice(Message),
    /// The server asks the client something.
    Ask(Ask),
    /// The answer to the request; the last event.
    Answer(Outcome),
    /// The server is gone; the last event. A sentence for people.
    Lost(String),
    /// The server never saw the request: make it again. The last event.
    Again,
}

/// A request of the server's.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The number under which the client answers.
    pub(crate) key: u64,
    /// What is asked.
    pub(crate) method: String,
    /// With what.
    pub(crate) params: Option<Raw>,
}

impl Ask {
    /// The request as the client gets it.
    pub(crate) fn message(&self) -> Message {
        Message::Request {
            id: raw(&self.key.into()),
            method: self.method.clone(),
            params: self.params.clone(),
        }
    }
}

/// A request that was handed to the server. Dropped before its last event, nobody waits for the answer any more.
pub(crate) struct Exchange {
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) number: u64,
    pub(super) inner: Arc<Inner>,
    /// Whether the server is told when nobody waits any more.
    pub(super) cancels: bool,
}

impl Exchange {
    /// The next event; `None` after the last, or when the client cancelled.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Another request of the client's goes on with this one.
    pub(crate) fn continue_as(&mut self, id: Raw, params: Option<&Raw>) {
        let token = super::edit::token(params);
        self.inner.book().rename(self.number, id, token);
    }

    /// Tells the server that nobody waits any more.
    pub(crate) fn give_up(&self, reason: &str) {
        Peer(Arc::clone(&self.inner)).cancel_number(self.number, reason);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.cancels {
            self.give_up("the client has gone");
        }
        self.inner.book().forget(self.number);
        self.inner.touch();
        if self.inner.retired.load(Ordering::Acquire) && !self.inner.book().is_busy() {
            Peer(Arc::clone(&self.inner)).sleep();
        }
    }
}

/// A session's stream of what belongs to no request.
pub(crate) struct Listening {
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) number: u64,
    pub(super) inner: Weak<Inner>,
}

impl Listening {
    /// The next event.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.book().stop_listening(self.number);
        }
    }
}
