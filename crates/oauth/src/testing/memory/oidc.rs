//! Sessions that clients know by name, and the clients to be told, in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, Tables};
use crate::{
    oidc::backchannel::{Notice, Participant},
    secret::SecretHash,
    session::Session,
    store::{Logouts, Settled, StoreError},
};

/// A participant, and when it is to be told; `None` while its session lives.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    pub(super) who: Participant,
    due_at: Option<DateTime<Utc>>,
    attempts: u32,
}

impl Tables {
    /// Makes the notes of those who match due.
    pub(super) fn tell(&mut self, which: impl Fn(&Participant) -> bool) {
        for noted in &mut self.participants {
            if noted.due_at.is_none() && which(&noted.who) {
                noted.due_at = Some(DateTime::UNIX_EPOCH);
            }
        }
    }
}

#[async_trait]
impl Logouts for MemoryStore {
    async fn continue_session(&self, old: &SecretHash, new: &Session) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.sessions.remove(old);
        tables.sessions.insert(new.hash, new.clone());
        Ok(())
    }

    async fn note_participant(&self, who: &Participant) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let same = |n: &Noted| n.who.sid == who.sid && n.who.client == who.client;
        if tables.participants.iter().any(same) {
            return Ok(());
        }
        let lives = tables.sessions.values().any(|s| s.sid == who.sid);
        tables.participants.push(Noted {
            who: who.clone(),
            due_at: (!lives).then_some(DateTime::UNIX_EPOCH),
            attempts: 0,
        });
        Ok(())
    }

    async fn take_notices(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<Notice>, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = |noted: &&mut Noted| noted.due_at.is_some_and(|at| at <= now);
        let taken = tables.participants.iter_mut().filter(due).take(limit);
        Ok(taken
            .map(|noted| {
                noted.due_at = Some(until);
                noted.attempts += 1;
                Notice {
                    sid: noted.who.sid,
                    client: noted.who.client.clone(),
                    user: noted.who.user,
                    attempt: noted.attempts,
                    leased_until: until,
                }
            })
            .collect())
    }

    async fn settle_notice(&self, notice: &Notice, settled: Settled) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let it = |noted: &Noted| {
            noted.who.sid == notice.sid
                && noted.who.client == notice.client
                && noted.due_at == Some(notice.leased_until)
        };
        match settled {
            Settled::Gone => tables.participants.retain(|noted| !it(noted)),
            Settled::DueAt(at) => {
                for noted in tables.participants.iter_mut().filter(|noted| it(noted)) {
                    noted.due_at = Some(at);
                }
            }
        }
        Ok(())
    }
}
