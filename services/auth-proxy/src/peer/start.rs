//! Starting a server and saying hello, once for all who wait; and how long to wait after that failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::book::Pending;
use super::exchange::{EVENTS, Event};
use super::{Peer, PeerError, Up, lock, route};
use crate::wire::{Message, Object, Outcome, Raw, raw};

/// A server that lived shorter than this is in trouble.
const SHORT_LIFE: Duration = Duration::from_secs(5);
/// The longest wait between two starts.
const LONGEST: Duration = Duration::from_secs(30);

/// What stands in the way of the next start.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: u32,
    not_before: Option<Instant>,
    why: Option<String>,
}

impl Trouble {
    /// A start failed.
    fn failed(&mut self, why: &str) {
        self.failures = self.failures.saturating_add(1);
        self.why = Some(why.to_owned());
        self.not_before = Some(Instant::now() + pause(self.failures));
    }

    /// A server that had started is gone. The first time it is started again at once.
    pub(super) fn died(&mut self, why: &str, lived: Duration) {
        self.failures = if lived < SHORT_LIFE {
            self.failures.saturating_add(1)
        } else {
            0
        };
        self.why = Some(why.to_owned());
        let wait = self.failures.checked_sub(1).filter(|count| *count > 0);
        self.not_before = wait.map(|count| Instant::now() + pause(count));
    }

    /// What went wrong last; nothing once it is up again.
    pub(super) fn last(&self) -> Option<String> {
        self.why.clone()
    }

    fn check(&self) -> Result<(), PeerError> {
        let left = self
            .not_before
            .map(|when| when.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            None => Ok(()),
            Some(left) => Err(PeerError::Waiting {
                why: self.why.clone().unwrap_or_default(),
                seconds: left.as_secs() + 1,
            }),
        }
    }
}

/// Half a second, then twice as long each time.
fn pause(failures: u32) -> Duration {
    let doubled = 1_u32 << failures.saturating_sub(1).min(10);
    (Duration::from_millis(500) * doubled).min(LONGEST)
}

impl Peer {
    /// The running server; started by the first who asks, while the others wait for that.
    ///
    /// # Errors
    /// [`PeerError`].
    pub(crate) async fn ready(&self) -> Result<Arc<Up>, PeerError> {
        if let Some(up) = self.0.current() {
            return Ok(up);
        }
        let _starting = self.0.starting.lock().await;
        if let Some(up) = self.0.current() {
            return Ok(up);
        }
        self.0.trouble().check()?;
        // A client that goes away must not leave a server half started.
        let peer = self.clone();
        let started = self.0.runtime.spawn(async move { peer.start().await });
        let started = started
            .await
            .unwrap_or_else(|_| Err(PeerError::Start("The start was interrupted.".to_owned())));
        match started {
            Ok(up) => {
                self.0.trouble().why = None;
                Ok(up)
            }
            Err(error) => {
                let why = match &error {
                    PeerError::Refused(error) => {
                        format!("The server refused the connection: {}", error.get())
                    }
                    other => other.to_string(),
                };
                self.0.trouble().failed(&why);
                Err(error)
            }
        }
    }

    async fn start(&self) -> Result<Arc<Up>, PeerError> {
        let inner = &self.0;
        let name = &inner.name;
        let (link, inbox) = inner.opens.open().await.map_err(|why| {
            PeerError::Start(format!("The server {name:?} does not start: {why}."))
        })?;
        let number = inner.number();
        let (sender, mut events) = mpsc::channel(EVENTS);
        let up = Arc::new(Up {
            link: Arc::clone(&link),
            hello: OnceLock::new(),
            since: Instant::now(),
            alive: AtomicBool::new(true),
        });
        inner.book().enter_start(number, sender);
        inbox.connect(route::taker(inner, &up));
        let request = Message::Request {
            id: raw(&number.into()),
            method: "initialize".to_owned(),
            params: Some(inner.hello.clone()),
        };
        let answer = async {
            link.send(request).ok()?;
            loop {
                match events.recv().await? {
                    Event::Notice(_) | Event::Ask(_) | Event::Again => {}
                    last => return Some(last),
                }
            }
        };
        let answer = timeout(inner.times.start, answer).await;
        inner.book().forget(number);
        let outcome = match answer {
            Ok(Some(Event::Answer(outcome))) => outcome,
            // Its own news of the end has more to say than this.
            Ok(Some(Event::Lost(why))) => return Err(PeerError::Start(why)),
            Ok(_) => return Err(self.stillborn(&up, "it takes no messages")),
            Err(_) => {
                let seconds = inner.times.start.as_secs();
                return Err(self.stillborn(
                    &up,
                    &format!("it did not answer initialize within {seconds} s"),
                ));
            }
        };
        match outcome {
            Outcome::Error(error) => {
                up.alive.store(false, Ordering::Release);
                link.close();
                Err(PeerError::Refused(error))
            }
            Outcome::Result(hello) => {
                self.welcome(&up, hello);
                Ok(up)
            }
        }
    }

    /// Ends a server that never came up.
    fn stillborn(&self, up: &Up, why: &str) -> PeerError {
        up.alive.store(false, Ordering::Release);
        let words = up.link.last_words();
        up.link.close();
        let mut text = format!("The server {:?} does not start: {why}.", self.0.name);
        if !words.is_empty() {
            text = format!("{text} It said last:\n{words}");
        }
        PeerError::Start(text)
    }

    /// The server is initialized: it is told so, and what it knew before it died.
    fn welcome(&self, up: &Arc<Up>, hello: Raw) {
        let inner = &self.0;
        let version = Object::parse(hello.get())
            .ok()
            .and_then(|hello| hello.text("protocolVersion"));
        if let Some(version) = version {
            up.link.agreed(&version);
        }
        // It is set once: nobody else has this link.
        let _ = up.hello.set(hello);
        *lock(&inner.current) = Some(Arc::clone(up));
        let _ = up
            .link
            .send(Message::notification("notifications/initialized", None));
        for (method, params) in inner.book().lasting() {
            let request = Message::Request {
                id: raw(&inner.number().into()),
                method: method.to_owned(),
                params: Some(params),
            };
            let _ = up.link.send(request);
        }
        tracing::info!(server = &*inner.name, "a server is up");
    }
}

impl super::book::Book {
    /// Enters the hello, which takes along nothing that waits for a client.
    fn enter_start(&mut self, number: u64, events: mpsc::Sender<Event>) {
        let pending = Pending {
            events,
            session: [0; 16],
            id: None,
            token: None,
            lasting: None,
        };
        self.insert(number, pending);
    }
}
