//! Notes with which browser a session is used.
//!
//! In: a request with a session. Out: a row in the store, a few minutes apart. Never: fails a request; a note that is lost is
//! written at the next visit.

use actix_web::{HttpRequest, http::header};
use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::{account::Visit, secret::SecretHash, session::Session};
use moka::sync::Cache;

use crate::app::App;

/// Sessions whose last note is remembered; of others it is written down once more.
const MOST_SESSIONS: u64 = 10_000;

/// Time between two notes.
const EVERY: TimeDelta = TimeDelta::minutes(5);

/// When each session was last noted by this process.
#[derive(Clone, Debug)]
pub(crate) struct Visits(Cache<SecretHash, DateTime<Utc>>);

impl Default for Visits {
    fn default() -> Self {
        Self(Cache::new(MOST_SESSIONS))
    }
}

impl Visits {
    /// Notes the browser of this request, unless that was done a moment ago.
    pub(crate) async fn note(&self, app: &App, request: &HttpRequest, session: &Session) {
        let cx = app.cx();
        let last = self.0.get(&session.hash);
        if last.is_some_and(|last| cx.now < last + EVERY) {
            return;
        }
        self.0.insert(session.hash, cx.now);
        let agent = request
            .headers()
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .unwrap_or_default();
        let visit = Visit::new(&agent, app.proxies.caller(request), cx.now);
        if let Err(error) = cx.store.note_visit(&session.hash, &visit).await {
            tracing::warn!(%error, "a visit was not noted");
        }
    }
}
