//! Who waits for what.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::sync::mpsc;

use super::SessionKey;
use super::exchange::{Ask, Event, RESERVED};
use crate::wire::{Message, Outcome, Raw};

/// Events for nobody in particular that wait for somebody.
const WAITING: usize = 64;
/// Subscriptions that are renewed when the server starts again.
const SUBSCRIPTIONS: usize = 256;

/// A request without an answer.
pub(super) struct Pending {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) session: SessionKey,
    /// The id that the client gave it.
    pub(super) id: Option<Raw>,
    /// The progress token that the client gave it.
    pub(super) token: Option<Raw>,
    pub(super) lasting: Option<Lasting>,
}

/// A request whose effect must outlive the server's process.
pub(super) enum Lasting {
    /// `logging/setLevel` with these parameters.
    Level(Raw),
    /// `resources/subscribe` to this address, with these parameters.
    Subscribed(String, Raw),
    /// `resources/unsubscribe` from this address.
    Unsubscribed(String),
}

/// A request of the server's without an answer.
pub(super) struct Asked {
    /// The id that the server gave it.
    pub(super) id: Raw,
}

struct Listener {
    number: u64,
    session: SessionKey,
    events: mpsc::Sender<Event>,
}

/// The book of one peer.
#[derive(Default)]
pub(super) struct Book {
    pending: BTreeMap<u64, Pending>,
    asks: HashMap<u64, Asked>,
    listeners: Vec<Listener>,
    waiting: VecDeque<Event>,
    level: Option<Raw>,
    subscriptions: BTreeMap<String, Raw>,
}

impl Book {
    /// Whether somebody waits for an answer, or for news of a resource.
    pub(super) fn is_busy(&self) -> bool {
        !self.pending.is_empty() || (!self.subscriptions.is_empty() && !self.listeners.is_empty())
    }

    pub(super) fn is_pending(&self, number: u64) -> bool {
        self.pending.contains_key(&number)
    }

    pub(super) fn has_listeners(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// Enters a request. What waited for somebody goes along, if it may.
    pub(super) fn enter(&mut self, number: u64, pending: Pending) {
        while let Some(event) = self.waiting.pop_front() {
            put(&pending.events, event);
        }
        self.pending.insert(number, pending);
    }

    /// Enters a request of the proxy's own.
    pub(super) fn insert(&mut self, number: u64, pending: Pending) {
        self.pending.insert(number, pending);
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.pending.remove(&number);
    }

    /// A session's stream; it takes the place of an older one of the same session.
    pub(super) fn listen(&mut self, number: u64, session: SessionKey, events: mpsc::Sender<Event>) {
        self.listeners.retain(|other| other.session != session);
        while let Some(event) = self.waiting.pop_front() {
            put(&events, event);
        }
        self.listeners.push(Listener {
            number,
            session,
            events,
        });
    }

    pub(super) fn stop_listening(&mut self, number: u64) {
        self.listeners.retain(|listener| listener.number != number);
    }

    /// Ends a request with its last event.
    pub(super) fn finish(&mut self, number: u64, event: Event) {
        let Some(pending) = self.pending.remove(&number) else {
            return;
        };
        if let (Event::Answer(Outcome::Result(_)), Some(lasting)) = (&event, pending.lasting) {
            self.last(lasting);
        }
        put(&pending.events, event);
    }

    fn last(&mut self, lasting: Lasting) {
        match lasting {
            Lasting::Level(params) => self.level = Some(params),
            Lasting::Subscribed(uri, params) => {
                if self.subscriptions.len() < SUBSCRIPTIONS {
                    self.subscriptions.insert(uri, params);
                }
            }
            Lasting::Unsubscribed(uri) => {
                self.subscriptions.remove(&uri);
            }
        }
    }

    /// What a server that starts again must be told: method and parameters.
    pub(super) fn lasting(&self) -> Vec<(&'static str, Raw)> {
        let level = self
            .level
            .iter()
            .map(|params| ("logging/setLevel", params.clone()));
        let subscribed = self.subscriptions.values();
        level
            .chain(subscribed.map(|params| ("resources/subscribe", params.clone())))
            .collect()
    }

    /// The server is gone: everybody who waits is told.
    pub(super) fn lose(&mut self, why: &str) {
        self.asks.clear();
        for (_, pending) in std::mem::take(&mut self.pending) {
            put(&pending.events, Event::Lost(why.to_owned()));
        }
    }

    /// A request of the client's goes on under another id.
    pub(super) fn rename(&mut self, number: u64, id: Raw, token: Option<Raw>) {
        if let Some(pending) = self.pending.get_mut(&number) {
            pending.id = Some(id);
            pending.token = token;
        }
    }

    /// The progress token that the client gave the request `number`, if it did.
    pub(super) fn token(&self, number: u64) -> Option<Raw> {
        self.pending.get(&number)?.token.clone()
    }

    /// The request that a session gave this id.
    pub(super) fn number_of(&self, session: &SessionKey, id: &str) -> Option<u64> {
        let found = self.pending.iter().find(|(_, pending)| {
            pending.session == *session && pending.id.as_ref().is_some_and(|own| own.get() == id)
        });
        found.map(|(number, _)| *number)
    }

    /// All requests of a session.
    pub(super) fn of_session(&self, session: &SessionKey) -> Vec<u64> {
        let own = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.session == *session);
        own.map(|(number, _)| *number).collect()
    }

    /// A notification about a request goes to whoever made it.
    pub(super) fn tell(&self, number: u64, message: Message) -> bool {
        let Some(pending) = self.pending.get(&number) else {
            return false;
        };
        put(&pending.events, Event::Notice(message));
        true
    }

    /// A notification about no request: to every listening session; to the only request there is, where no
    /// stream is open; else it waits.
    pub(super) fn announce(&mut self, message: Message) {
        if let [(_, only)] = self.pending.iter().collect::<Vec<_>>()[..] {
            put(&only.events, Event::Notice(message.clone()));
            let others = self
                .listeners
                .iter()
                .filter(|listener| listener.session != only.session);
            for listener in others {
                put(&listener.events, Event::Notice(message.clone()));
            }
            return;
        }
        for listener in &self.listeners {
            put(&listener.events, Event::Notice(message.clone()));
        }
        if self.listeners.is_empty() {
            match self.pending.last_key_value() {
                Some((_, newest)) => put(&newest.events, Event::Notice(message)),
                None => self.wait(Event::Notice(message)),
            }
        }
    }

    /// A request of the server's: to whoever made the request that it is about, or the newest one, or a stream.
    pub(super) fn ask(&mut self, ask: Ask, asked: Asked, about: Option<u64>) {
        self.asks.insert(ask.key, asked);
        let about = about.and_then(|number| self.pending.get(&number));
        let newest = self.pending.last_key_value().map(|(_, newest)| newest);
        let target = about.or(newest).map(|pending| &pending.events);
        let target = target.or(self.listeners.last().map(|listener| &listener.events));
        match target {
            Some(events) => put(events, Event::Ask(ask)),
            None => self.wait(Event::Ask(ask)),
        }
    }

    /// Takes a request of the server's that the client answers.
    pub(super) fn answered(&mut self, key: u64) -> Option<Asked> {
        self.asks.remove(&key)
    }

    /// The number of a request of the server's that the server cancels.
    pub(super) fn ask_number(&self, id: &str) -> Option<u64> {
        let found = self.asks.iter().find(|(_, asked)| asked.id.get() == id);
        found.map(|(key, _)| *key)
    }

    fn wait(&mut self, event: Event) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(event);
    }
}

/// Hands an event to a client; a notification gives way when the client reads too slowly.
fn put(events: &mpsc::Sender<Event>, event: Event) {
    if matches!(event, Event::Notice(_)) && events.capacity() <= RESERVED {
        return;
    }
    // Whoever is gone needs nothing; a full queue means that nothing was read for hundreds of events.
    let _ = events.try_send(event);
}
