//! A server behind the proxy, as one user and one kind of client see it: started when it is needed, started again
//! when it died, initialized the same way each time, shared by all sessions that say the same hello.
//!
//! In: requests of sessions. Out: [`Exchange`]s, in which each session finds its own answers.
//! Never: shares anything between users, gives a result other bytes, runs a request twice.

mod book;
mod call;
mod edit;
mod exchange;
mod route;
mod start;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::link::{Link, Opened};
use crate::wire::{Outcome, Raw, codes};

use book::Book;
pub(crate) use call::Call;
pub(crate) use exchange::{Ask, Event, Exchange, Listening};
use start::Trouble;

/// Which session something belongs to.
pub(crate) type SessionKey = [u8; 16];

/// Opens links to one server for one user.
#[async_trait]
pub(crate) trait Opens: Send + Sync {
    /// A new link.
    ///
    /// # Errors
    /// A sentence for people.
    async fn open(&self) -> Result<Opened, String>;
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// From start to the answer to `initialize`.
    pub(crate) start: Duration,
    /// Without a sign of life during a request.
    pub(crate) silence: Duration,
}

/// Why a request cannot be handed to the server; `Display` is for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    /// It does not start.
    #[error("{0}")]
    Start(String),
    /// It did not start before, and it is too early to try again.
    #[error("{why} The next attempt is possible in {seconds} s.")]
    Waiting {
        /// What happened.
        why: String,
        /// Whole seconds.
        seconds: u64,
    },
    /// It answered `initialize` with an error.
    #[error("the server refused the connection")]
    Refused(Raw),
    /// It takes nothing more.
    #[error("The server does not read what it is sent. Try again in a moment.")]
    Busy,
}

impl PeerError {
    /// The answer to the client's request.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(error) => Outcome::Error(error.clone()),
            Self::Start(_) | Self::Waiting { .. } | Self::Busy => {
                Outcome::error(codes::UNAVAILABLE, &self.to_string())
            }
        }
    }
}

/// A running, initialized server.
#[derive(Debug)]
pub(crate) struct Up {
    link: Arc<dyn Link>,
    /// The result of `initialize`, byte for byte; unset until it came.
    hello: OnceLock<Raw>,
    since: Instant,
    alive: AtomicBool,
}

impl Up {
    /// The result of `initialize`, byte for byte.
    pub(crate) fn hello(&self) -> Raw {
        self.hello
            .get()
            .cloned()
            .unwrap_or_else(|| RawValue::NULL.to_owned())
    }
}

/// The server. Clones share it.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    /// The parameters of `initialize`.
    hello: Raw,
    opens: Box<dyn Opens>,
    times: Times,
    /// Whether it serves several people: then nothing reaches one of them that may be about another.
    is_shared: bool,
    runtime: Handle,
    starting: tokio::sync::Mutex<()>,
    current: Mutex<Option<Arc<Up>>>,
    trouble: Mutex<Trouble>,
    book: Mutex<Book>,
    next: AtomicU64,
    born: Instant,
    /// Milliseconds from `born` to the last use.
    touched: AtomicU64,
    /// Nobody will ask for it any more; it ends with what it works on.
    retired: AtomicBool,
}

impl Peer {
    /// A server that is not started yet. `hello` is what `initialize` is sent with.
    pub(crate) fn new(
        name: Arc<str>,
        hello: Raw,
        opens: Box<dyn Opens>,
        times: Times,
        is_shared: bool,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            name,
            hello,
            opens,
            times,
            is_shared,
            runtime,
            starting: tokio::sync::Mutex::default(),
            current: Mutex::default(),
            trouble: Mutex::default(),
            book: Mutex::default(),
            next: AtomicU64::new(1),
            born: Instant::now(),
            touched: AtomicU64::new(0),
            retired: AtomicBool::new(false),
        }))
    }

    /// How long it may be silent during a request.
    pub(crate) fn silence(&self) -> Duration {
        self.0.times.silence
    }

    /// How long nobody has used it; `None` while somebody waits for an answer.
    pub(crate) fn idle(&self) -> Option<Duration> {
        if self.0.book().is_busy() {
            return None;
        }
        let touched = Duration::from_millis(self.0.touched.load(Ordering::Relaxed));
        Some(self.0.born.elapsed().saturating_sub(touched))
    }

    /// Whether a server runs.
    pub(crate) fn is_up(&self) -> bool {
        self.0.current().is_some()
    }

    /// What went wrong last, as it is told to its user.
    pub(crate) fn last_trouble(&self) -> Option<String> {
        self.0.trouble().last()
    }

    /// Whether a session's stream is open.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.0.book().has_listeners()
    }

    /// Somebody is about to use it.
    pub(crate) fn touch(&self) {
        self.0.touch();
    }

    /// Ends the server, now and whenever somebody who still holds it is done.
    pub(crate) fn retire(&self) {
        self.0.retired.store(true, Ordering::Release);
        self.sleep();
    }

    /// Ends the server; the next request starts it again. Whoever waits is told now: when the link's own news of its end
    /// comes, others may wait for the next server already.
    pub(crate) fn sleep(&self) {
        let up = lock(&self.0.current).take();
        if let Some(up) = up {
            up.alive.store(false, Ordering::Release);
            up.link.close();
            let text = format!("The server {:?} is gone: it was stopped.", self.0.name);
            self.0.book().lose(&text);
        }
    }
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        lock(&self.trouble)
    }

    /// The server, if one runs.
    fn current(&self) -> Option<Arc<Up>> {
        let up = lock(&self.current).clone();
        up.filter(|up| up.alive.load(Ordering::Acquire))
    }

    fn touch(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.touched.store(now, Ordering::Relaxed);
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
