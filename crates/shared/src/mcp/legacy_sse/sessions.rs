//! The open streams of the old transport, by their ids.
//!
//! In: a caller, and what its messages need. Out: a session, which is gone when its stream is. Never: a session for anyone but the subject and
//! client that opened it, whoever knows its id.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::bearer::Caller;
use crate::mcp::session::{Session, new_id};

/// Streams in all.
const MOST: usize = 256;
/// Streams of one subject.
const EACH: usize = 16;
/// After which silence of the client its stream ends.
const IDLE: TimeDelta = TimeDelta::hours(1);

/// The streams there are, each with what its messages need; clones share them.
pub struct SseStreams<T>(Arc<Mutex<HashMap<String, Entry<T>>>>);

struct Entry<T> {
    session: Session,
    /// Who spoke last, with the newest token.
    caller: Caller,
    spoke: DateTime<Utc>,
    of: T,
}

/// An open stream; its session ends when this is dropped.
pub struct SseOpened<T> {
    all: SseStreams<T>,
    id: String,
}

impl<T> Clone for SseStreams<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for SseStreams<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> fmt::Debug for SseStreams<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseStreams").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SseOpened<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseOpened").finish_non_exhaustive()
    }
}

impl<T: Clone> SseStreams<T> {
    /// A new session whose messages need `of`; `None` when there are as many as can be.
    pub fn open(&self, caller: &Caller, now: DateTime<Utc>, of: T) -> Option<SseOpened<T>> {
        let id = new_id()?;
        let session = Session::of(caller, &id);
        let mut all = self.all();
        let mine = all
            .values()
            .filter(|other| other.session.subject() == session.subject());
        if all.len() >= MOST || mine.count() >= EACH {
            return None;
        }
        let entry = Entry {
            session,
            caller: caller.clone(),
            spoke: now,
            of,
        };
        all.insert(id.clone(), entry);
        Some(SseOpened {
            all: self.clone(),
            id,
        })
    }

    /// The session of a message and what it needs, when the caller opened it; it goes on with this caller's token.
    pub(super) fn enter(
        &self,
        id: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Option<(Session, T)> {
        let mut all = self.all();
        let entry = all.get_mut(id)?;
        if !entry.session.is_of(caller) {
            return None;
        }
        entry.caller = caller.clone();
        entry.spoke = now;
        Some((entry.session.clone(), entry.of.clone()))
    }
}

impl<T> SseStreams<T> {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> SseOpened<T> {
    /// 128 random bits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The session and its newest caller, while it may go on: the token is good, its grant stands, somebody spoke within the
    /// hour.
    pub fn current(&self, now: DateTime<Utc>) -> Option<(Session, Caller)> {
        let all = self.all.all();
        let entry = all.get(&self.id)?;
        let stays = now - entry.spoke < IDLE && entry.caller.may_stay(entry.spoke, now);
        stays.then(|| (entry.session.clone(), entry.caller.clone()))
    }
}

impl<T> Drop for SseOpened<T> {
    fn drop(&mut self) {
        self.all.all().remove(&self.id);
    }
}
