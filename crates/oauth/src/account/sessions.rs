//! Where a person is logged in.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::{
    audit,
    config::Context,
    oidc::Sid,
    session::Session,
    store::{StoreError, Updated},
    user::UserId,
};

/// Sessions that are shown at most, the latest first.
const MOST_SESSIONS: u64 = 100;

/// A browser as it was last seen with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its `User-Agent`, bounded; empty when it sent none.
    pub agent: String,
    /// Whence it came.
    pub address: Option<IpAddr>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A session, and the browser it belongs to if that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub session: Session,
    /// Its browser.
    pub visit: Option<Visit>,
}

impl KnownSession {
    /// When it was last used.
    #[must_use]
    pub fn seen_at(&self) -> DateTime<Utc> {
        let began = self.session.authenticated_at;
        self.visit
            .as_ref()
            .map_or(began, |visit| visit.at.max(began))
    }
}

/// Where this person is logged in: `current` first, then the most lately used.
///
/// # Errors
/// [`StoreError`].
pub async fn sessions(
    cx: &Context<'_>,
    current: &Session,
) -> Result<Vec<KnownSession>, StoreError> {
    let mut all = cx
        .store
        .sessions_of(current.user, cx.now, MOST_SESSIONS)
        .await?;
    all.sort_by_key(|known| {
        let this = known.session.hash == current.hash;
        (!this, std::cmp::Reverse(known.seen_at()))
    });
    Ok(all)
}

/// Logs this person out where the session of this name is.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "account.end_session", skip_all)]
pub async fn end_session(cx: &Context<'_>, user: UserId, sid: Sid) -> Result<Updated, StoreError> {
    let ended = cx.store.end_session_of(user, sid).await?;
    if ended == Updated::Now {
        audit::sessions_ended(user, 1);
    }
    Ok(ended)
}

/// Logs this person out everywhere but in `current`. Returns in how many places.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "account.end_others", skip_all)]
pub async fn end_others(cx: &Context<'_>, current: &Session) -> Result<u64, StoreError> {
    let store = cx.store;
    let ended = store
        .end_other_sessions(current.user, &current.hash)
        .await?;
    audit::sessions_ended(current.user, ended);
    Ok(ended)
}
