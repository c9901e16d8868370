//! What people see and change of their own account, in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;

use super::{MemoryStore, Tables};
use crate::{
    account::{Connection, KnownSession, PasswordChange, Visit},
    client::ClientId,
    grant::RevokeReason,
    oidc::Sid,
    secret::SecretHash,
    session::Session,
    store::{Accounts, StoreError, Updated},
    user::UserId,
};

impl Tables {
    /// Ends the sessions that match and lets their clients be told. Returns how many.
    fn end_sessions(&mut self, which: impl Fn(&Session) -> bool) -> u64 {
        let ended: Vec<Session> = self
            .sessions
            .values()
            .filter(|session| which(session))
            .cloned()
            .collect();
        for session in &ended {
            self.sessions.remove(&session.hash);
            self.tell(|who| who.sid == session.sid);
        }
        u64::try_from(ended.len()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn connections(&self, user: UserId, limit: u64) -> Result<Vec<Connection>, StoreError> {
        let tables = self.tables();
        let mut found: Vec<Connection> = Vec::new();
        for (grant, _) in tables.grants.values() {
            let tokens = tables.refreshes.values().any(|t| t.grant == grant.id);
            let mut codes = tables.codes.values().filter(|c| c.grant == grant.id);
            let used_at = codes.find_map(|code| code.used_at);
            let client = tables.clients.iter().find(|c| c.id == grant.client);
            let taken_up = tokens || used_at.is_some();
            if let Some(client) = client
                && grant.user == user
                && grant.revoked_at.is_none()
                && taken_up
            {
                found.push(Connection {
                    grant: grant.clone(),
                    client: client.clone(),
                    used_at,
                });
            }
        }
        found.sort_by_key(|connection| std::cmp::Reverse(connection.grant.created_at));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn disconnect(
        &self,
        user: UserId,
        client: &ClientId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        tables
            .consents
            .retain(|consent| consent.user != user || consent.client != *client);
        tables.tell(|who| who.user == user && who.client == *client);
        let theirs = |grant: &crate::grant::Grant| grant.user == user && grant.client == *client;
        Ok(tables.revoke_where(theirs, RevokeReason::ByUser, now))
    }

    async fn note_visit(&self, session: &SecretHash, visit: &Visit) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        if !tables.sessions.contains_key(session) {
            return Ok(Updated::NotFound);
        }
        tables.visits.insert(*session, visit.clone());
        Ok(Updated::Now)
    }

    async fn sessions_of(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<KnownSession>, StoreError> {
        let tables = self.tables();
        let live = |s: &&Session| s.user == user && !s.is_expired(now);
        let mut found: Vec<KnownSession> = tables
            .sessions
            .values()
            .filter(live)
            .map(|session| KnownSession {
                session: session.clone(),
                visit: tables.visits.get(&session.hash).cloned(),
            })
            .collect();
        found.sort_by_key(|known| std::cmp::Reverse(known.session.authenticated_at));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn end_session_of(&self, user: UserId, sid: Sid) -> Result<Updated, StoreError> {
        let ended = self
            .tables()
            .end_sessions(|session| session.user == user && session.sid == sid);
        Ok(if ended == 0 {
            Updated::NotFound
        } else {
            Updated::Now
        })
    }

    async fn end_other_sessions(&self, user: UserId, keep: &SecretHash) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        Ok(tables.end_sessions(|session| session.user == user && session.hash != *keep))
    }

    async fn change_password(
        &self,
        change: &PasswordChange,
        renewed: &Session,
    ) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let before = change.before.0.expose_secret();
        let user = tables
            .user_mut(renewed.user)
            .filter(|user| user.password.0.expose_secret() == before && user.disabled_at.is_none());
        let Some(user) = user else {
            return Ok(Updated::NotFound);
        };
        user.password = change.after.clone();
        tables.end_sessions(|s| s.user == renewed.user && s.sid != renewed.sid);
        tables.sessions.retain(|_, s| s.user != renewed.user);
        tables.sessions.insert(renewed.hash, renewed.clone());
        Ok(Updated::Now)
    }
}
