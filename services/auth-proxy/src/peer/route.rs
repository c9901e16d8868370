//! Brings what a server sends to whom it is for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::book::Asked;
use super::edit;
use super::exchange::{Ask, Event};
use super::{Inner, Up};
use crate::link::Incoming;
use crate::wire::{Message, Outcome, Raw, codes, raw};

/// What a server may ask a client.
const ASKS: [&str; 3] = ["sampling/createMessage", "elicitation/create", "roots/list"];

/// Takes what comes over a link; it keeps neither the peer nor the server alive.
pub(super) fn taker(inner: &Arc<Inner>, up: &Arc<Up>) -> impl Fn(Incoming) -> bool + use<> {
    let (inner, up) = (Arc::downgrade(inner), Arc::downgrade(up));
    move |incoming| {
        let (Some(inner), Some(up)) = (inner.upgrade(), up.upgrade()) else {
            return false;
        };
        match incoming {
            Incoming::Message { message, about } => inner.route(&up, message, about),
            Incoming::NotSent(number) => inner.book().finish(number, Event::Again),
            Incoming::Closed(why) => inner.ended(&up, &why),
        }
        true
    }
}

impl Inner {
    fn route(&self, up: &Up, message: Message, about: Option<u64>) {
        match message {
            Message::Response { id, outcome } => {
                if let Ok(number) = id.get().parse() {
                    self.book().finish(number, Event::Answer(outcome));
                }
            }
            Message::Notification { method, params } => self.notified(method, params, about),
            Message::Request { id, method, params } => self.asked(up, id, method, params, about),
        }
    }

    fn notified(&self, method: String, params: Option<Raw>, about: Option<u64>) {
        if method == "notifications/progress" {
            let Some(number) = edit::number_in(params.as_ref(), "progressToken") else {
                return;
            };
            let book = self.book();
            let Some(token) = book.token(number) else {
                return;
            };
            let params = edit::replaced(params.as_ref(), "progressToken", token);
            book.tell(number, Message::Notification { method, params });
            return;
        }
        let params = if method == "notifications/cancelled" {
            let Some(id) = edit::member(params.as_ref(), "requestId") else {
                return;
            };
            let mut book = self.book();
            let Some(key) = book.ask_number(id.get()) else {
                return;
            };
            book.answered(key);
            edit::replaced(params.as_ref(), "requestId", raw(&key.into()))
        } else {
            params
        };
        let is_for_all = method.ends_with("/list_changed");
        let message = Message::Notification { method, params };
        let mut book = self.book();
        let told = about.is_some_and(|number| book.tell(number, message.clone()));
        if !told && (!self.is_shared || is_for_all) {
            book.announce(message);
        }
    }

    fn asked(&self, up: &Up, id: Raw, method: String, params: Option<Raw>, about: Option<u64>) {
        if method == "ping" {
            let pong = Message::response(id, Outcome::Result(raw(&json!({}))));
            let _ = up.link.send(pong);
            return;
        }
        // Whom a server of several people asks, nobody knows; it was told that nobody answers.
        if self.is_shared || !ASKS.contains(&method.as_str()) {
            let unknown = Outcome::error(codes::METHOD_NOT_FOUND, "No client knows this method.");
            let _ = up.link.send(Message::response(id, unknown));
            return;
        }
        let ask = Ask {
            key: self.number(),
            method,
            params,
        };
        self.book().ask(ask, Asked { id }, about);
    }

    /// The link is over.
    fn ended(&self, up: &Up, why: &str) {
        let expected = !up.alive.swap(false, Ordering::AcqRel);
        if expected {
            // Whoever ended it has told everybody who waited for it.
            return;
        }
        let words = up.link.last_words();
        let name = &self.name;
        let mut text = format!("The server {name:?} is gone: {why}.");
        if !words.is_empty() {
            text = format!("{text} It said last:\n{words}");
        }
        tracing::warn!(server = &**name, why, "a server is gone");
        // One that never came up is counted by whoever started it.
        if up.hello.get().is_some() {
            self.trouble().died(&text, up.since.elapsed());
        }
        self.book().lose(&text);
    }
}
