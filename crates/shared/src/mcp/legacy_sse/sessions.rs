//! The open streams of the old transport, by their ids.
//!
//! In: a caller. Out: a session with an inbox, which is gone when its stream is. Never: a session for anyone but the subject and
//! client that opened it, whoever knows its id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use rmcp::model::ClientJsonRpcMessage;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::auth::bearer::Caller;
use crate::mcp::session::{Session, new_id};

/// Streams in all.
const MOST: usize = 256;
/// Streams of one subject.
const EACH: usize = 16;
/// Messages that wait for the server.
const WAITING: usize = 32;
/// After which silence of the client its stream ends.
const IDLE: TimeDelta = TimeDelta::hours(1);

/// The sessions there are; clones share them.
#[derive(Clone, Debug, Default)]
pub struct SseSessions(Arc<Mutex<HashMap<String, Entry>>>);

#[derive(Debug)]
struct Entry {
    session: Session,
    /// Who spoke last, with the newest token.
    caller: Caller,
    spoke: DateTime<Utc>,
    inbox: Sender<ClientJsonRpcMessage>,
}

/// An open session; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Opened {
    all: SseSessions,
    id: String,
}

impl SseSessions {
    /// A new session, and where its messages arrive; `None` when there are as many as can be.
    pub(super) fn open(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Option<(Opened, Receiver<ClientJsonRpcMessage>)> {
        let id = new_id()?;
        let session = Session::of(caller, &id);
        let (inbox, messages) = mpsc::channel(WAITING);
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
            inbox,
        };
        all.insert(id.clone(), entry);
        let opened = Opened {
            all: self.clone(),
            id,
        };
        Some((opened, messages))
    }

    /// The session of a message and where to put it, when the caller opened it; it goes on with this caller's token.
    pub(super) fn enter(
        &self,
        id: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Option<(Session, Sender<ClientJsonRpcMessage>)> {
        let mut all = self.all();
        let entry = all.get_mut(id)?;
        if !entry.session.is_of(caller) {
            return None;
        }
        entry.caller = caller.clone();
        entry.spoke = now;
        Some((entry.session.clone(), entry.inbox.clone()))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// 128 random bits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The session and its newest caller, while it may go on: the token is good, its grant stands, somebody spoke within the
    /// hour.
    pub(super) fn current(&self, now: DateTime<Utc>) -> Option<(Session, Caller)> {
        let all = self.all.all();
        let entry = all.get(&self.id)?;
        let stays = now - entry.spoke < IDLE && entry.caller.may_stay(entry.spoke, now);
        stays.then(|| (entry.session.clone(), entry.caller.clone()))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.all.all().remove(&self.id);
    }
}
