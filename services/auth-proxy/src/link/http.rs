//! A Streamable HTTP server (2025-03-26 to 2025-11-25): every message is a POST, answers come as JSON or as a stream.
//!
//! In: messages. Out: what the server answers, tagged with the request on whose stream it came.
//! Never: follows a redirect, sends a client's token, another user's headers.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::http_call::{Call, Ended};
use super::{Badge, Inbox, Incoming, Link, LinkError, Opened};
use crate::wire::Message;

/// How long a server may take to take a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait before the stream for messages of the server's own is opened again.
const RETRY: Duration = Duration::from_secs(3);
/// The header that names a session.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The header that names the revision.
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Where a server is and what it is told besides messages.
#[derive(Clone, Debug)]
pub(crate) struct HttpTarget {
    /// Its address.
    pub(crate) url: Url,
    /// Headers of every request: who the user is, and what the configuration sets.
    pub(crate) headers: HeaderMap,
    /// The user's own token, where the server gets one.
    pub(crate) badge: Option<Badge>,
}

impl HttpTarget {
    /// The headers of a request at this moment.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(badge) = &self.badge {
            badge.put(&mut headers);
        }
        headers
    }

    /// The server refused a request of ours.
    pub(super) fn note_status(&self, status: StatusCode) {
        if let Some(badge) = &self.badge
            && status == StatusCode::UNAUTHORIZED
        {
            badge.handed.refuse();
        }
    }

    /// This thread's client, which goes nowhere else. Its connections are kept and served on this thread; what tells users
    /// apart is in every request.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub(super) fn client() -> Result<Client, reqwest::Error> {
        thread_local! {
            static CLIENT: OnceCell<Client> = const { OnceCell::new() };
        }
        CLIENT.with(|kept| {
            if let Some(client) = kept.get() {
                return Ok(client.clone());
            }
            let made = Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT)
                .no_proxy()
                .build()?;
            Ok(kept.get_or_init(|| made).clone())
        })
    }
}

/// The connection.
#[derive(Debug)]
pub(crate) struct HttpLink {
    shared: Arc<Shared>,
    runtime: Handle,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) target: HttpTarget,
    session: Mutex<Option<HeaderValue>>,
    version: Mutex<Option<HeaderValue>>,
    pub(super) inbox: Inbox,
    pub(super) stop: CancellationToken,
}

impl HttpLink {
    /// A connection; nothing is sent yet.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub(crate) fn open(target: HttpTarget, runtime: &Handle) -> Result<Opened, reqwest::Error> {
        HttpTarget::client()?;
        let inbox = Inbox::default();
        let shared = Arc::new(Shared {
            target,
            session: Mutex::default(),
            version: Mutex::default(),
            inbox: inbox.clone(),
            stop: CancellationToken::new(),
        });
        let runtime = runtime.clone();
        Ok((Arc::new(Self { shared, runtime }), inbox))
    }
}

impl Link for HttpLink {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if self.shared.stop.is_cancelled() {
            return Err(LinkError::Closed);
        }
        let shared = Arc::clone(&self.shared);
        // Where somebody waits for the answer: no thread has to wake another.
        let here = Handle::try_current().unwrap_or_else(|_| self.runtime.clone());
        here.spawn(async move {
            let stop = shared.stop.clone();
            tokio::select! {
                () = Call::new(shared, message).run() => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(())
    }

    fn close(&self) {
        if self.shared.stop.is_cancelled() {
            return;
        }
        self.shared.stop.cancel();
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            if shared.session().is_some() {
                // A courtesy; many servers do not offer it.
                if let Ok(request) = shared.request(Method::DELETE) {
                    let _ = request.timeout(CONNECT).send().await;
                }
            }
            shared
                .inbox
                .put(Incoming::Closed("it was stopped".to_owned()));
        });
    }

    fn agreed(&self, version: &str) {
        let value = HeaderValue::from_str(version).ok();
        *lock(&self.shared.version) = value;
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let stop = shared.stop.clone();
            tokio::select! {
                () = listen(&shared) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Drop for HttpLink {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// A request with everything that all requests have.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub(super) fn request(&self, method: Method) -> Result<RequestBuilder, reqwest::Error> {
        let mut request = HttpTarget::client()?
            .request(method, self.target.url.clone())
            .headers(self.target.headers());
        if let Some(session) = self.session() {
            request = request.header(SESSION, session);
        }
        if let Some(version) = lock(&self.version).clone() {
            request = request.header(VERSION, version);
        }
        Ok(request)
    }

    pub(super) fn session(&self) -> Option<HeaderValue> {
        lock(&self.session).clone()
    }

    /// Keeps the session that the server gave.
    pub(super) fn note_session(&self, headers: &HeaderMap) {
        if let Some(session) = headers.get(SESSION) {
            *lock(&self.session) = Some(session.clone());
        }
    }

    /// The connection is over.
    pub(super) fn close(&self, why: String) {
        if !self.stop.is_cancelled() {
            self.stop.cancel();
            self.inbox.put(Incoming::Closed(why));
        }
    }
}

/// The stream of what the server sends by itself, where it offers one.
async fn listen(shared: &Arc<Shared>) {
    loop {
        let request = shared.request(Method::GET);
        let Ok(request) = request else { return };
        match request.header("accept", "text/event-stream").send().await {
            Ok(response)
                if response.status() == StatusCode::NOT_FOUND && shared.session().is_some() =>
            {
                return shared.close("it has forgotten the session".to_owned());
            }
            Ok(response) if !response.status().is_success() => return,
            Ok(response) => match Call::stream(shared, response, None).await {
                Ended::Over | Ended::Broken(_) => {}
                Ended::Deaf => return,
            },
            Err(_) => {}
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
