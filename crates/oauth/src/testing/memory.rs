//! A store in memory: every method is one critical section, as in SQL it is one transaction.
//!
//! Before each, it lets other tasks run a varying number of times, so that callers interleave.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Roles;

use crate::{
    client::{Client, ClientId},
    code::AuthCode,
    consent::Consent,
    grant::{Grant, GrantId, RevokeReason},
    key::SigningKey,
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    session::Session,
    store::{
        Clients, CodeContext, Consents, Grants, Inserted, Redeemed, RefreshContext, Rotated,
        Sessions, SigningKeys, StoreError, Updated, Users,
    },
    user::{Email, PasswordHash, User, UserId},
};

/// The store.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Tables>, AtomicU32);

#[derive(Debug, Default)]
struct Tables {
    clients: Vec<Client>,
    users: Vec<User>,
    sessions: HashMap<SecretHash, Session>,
    consents: Vec<Consent>,
    grants: BTreeMap<GrantId, (Grant, Option<RevokeReason>)>,
    codes: HashMap<SecretHash, AuthCode>,
    refreshes: HashMap<SecretHash, RefreshToken>,
    keys: Vec<SigningKey>,
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets other tasks run 0 to 3 times, by a fixed pseudo-random sequence.
    async fn let_others_run(&self) {
        let calls = self.1.fetch_add(1, Ordering::Relaxed);
        let mut turns = calls.wrapping_mul(2_654_435_761) >> 30;
        std::future::poll_fn(|task| {
            if turns == 0 {
                return Poll::Ready(());
            }
            turns -= 1;
            task.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// The grant and why it ended, if it has.
    #[must_use]
    pub fn grant(&self, id: GrantId) -> Option<(Grant, Option<RevokeReason>)> {
        self.tables().grants.get(&id).cloned()
    }

    /// All grants, in no particular order.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let tables = self.tables();
        tables
            .grants
            .values()
            .map(|(grant, _)| grant.clone())
            .collect()
    }

    /// All refresh tokens of a grant.
    #[must_use]
    pub fn family(&self, id: GrantId) -> Vec<RefreshToken> {
        let tables = self.tables();
        let of_grant = tables.refreshes.values().filter(|token| token.grant == id);
        of_grant.cloned().collect()
    }
}

impl Tables {
    fn user_of(&self, id: UserId) -> Option<User> {
        self.users.iter().find(|user| user.id == id).cloned()
    }

    fn user_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    fn grant_of(&self, id: GrantId) -> Option<Grant> {
        self.grants.get(&id).map(|(grant, _)| grant.clone())
    }

    fn is_revoked(&self, id: GrantId) -> bool {
        self.grant_of(id)
            .is_none_or(|grant| grant.revoked_at.is_some())
    }

    fn revoke(&mut self, id: GrantId, reason: RevokeReason, now: DateTime<Utc>) -> Updated {
        match self.grants.get_mut(&id) {
            Some((grant, why)) if grant.revoked_at.is_none() => {
                grant.revoked_at = Some(now);
                *why = Some(reason);
                Updated::Now
            }
            Some(_) | None => Updated::NotFound,
        }
    }
}

#[async_trait]
impl Clients for MemoryStore {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.tables().clients.iter().find(|c| c.id == *id).cloned())
    }

    async fn client_by_metadata(&self, hash: &SecretHash) -> Result<Option<Client>, StoreError> {
        let tables = self.tables();
        let found = tables
            .clients
            .iter()
            .find(|c| c.metadata_hash.as_ref() == Some(hash));
        Ok(found.cloned())
    }

    async fn add_client(&self, client: &Client) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        let same = |known: &Client| {
            known.id == client.id
                || (known.metadata_hash.is_some() && known.metadata_hash == client.metadata_hash)
        };
        if tables.clients.iter().any(same) {
            return Ok(Inserted::AlreadyThere);
        }
        tables.clients.push(client.clone());
        Ok(Inserted::Now)
    }

    async fn clients(&self, limit: u64) -> Result<Vec<Client>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.tables().clients.iter().take(limit).cloned().collect())
    }
}

#[async_trait]
impl Users for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.tables().user_of(id))
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        Ok(self
            .tables()
            .users
            .iter()
            .find(|u| u.email == *email)
            .cloned())
    }

    async fn add_user(&self, user: &User) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        if tables.users.iter().any(|known| known.email == user.email) {
            return Ok(Inserted::AlreadyThere);
        }
        tables.users.push(user.clone());
        Ok(Inserted::Now)
    }

    async fn add_first_user(&self, user: &User) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        if !tables.users.is_empty() {
            return Ok(Inserted::AlreadyThere);
        }
        tables.users.push(user.clone());
        Ok(Inserted::Now)
    }

    async fn users(&self, limit: u64) -> Result<Vec<User>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.tables().users.iter().take(limit).cloned().collect())
    }

    async fn set_password(&self, id: UserId, hash: &PasswordHash) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(user) = tables.user_mut(id) else {
            return Ok(Updated::NotFound);
        };
        user.password = hash.clone();
        tables.sessions.retain(|_, session| session.user != id);
        Ok(Updated::Now)
    }

    async fn set_roles(&self, id: UserId, roles: &Roles) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(user) = tables.user_mut(id) else {
            return Ok(Updated::NotFound);
        };
        user.roles = *roles;
        Ok(Updated::Now)
    }

    async fn disable_user(&self, id: UserId, now: DateTime<Utc>) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(user) = tables.user_mut(id) else {
            return Ok(Updated::NotFound);
        };
        user.disabled_at.get_or_insert(now);
        tables.sessions.retain(|_, session| session.user != id);
        let all: Vec<Grant> = tables
            .grants
            .values()
            .map(|(grant, _)| grant.clone())
            .collect();
        for grant in all.iter().filter(|grant| grant.user == id) {
            tables.revoke(grant.id, RevokeReason::UserDisabled, now);
        }
        Ok(Updated::Now)
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(&self, hash: &SecretHash) -> Result<Option<(Session, User)>, StoreError> {
        let tables = self.tables();
        let session = tables.sessions.get(hash).cloned();
        Ok(session.and_then(|session| {
            let user = tables.user_of(session.user)?;
            Some((session, user))
        }))
    }

    async fn add_session(&self, session: &Session) -> Result<(), StoreError> {
        self.tables().sessions.insert(session.hash, session.clone());
        Ok(())
    }

    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        self.tables().sessions.remove(hash);
        Ok(())
    }
}

#[async_trait]
impl Consents for MemoryStore {
    async fn consent(
        &self,
        user: UserId,
        client: &ClientId,
        resource: &str,
    ) -> Result<Option<Consent>, StoreError> {
        let tables = self.tables();
        let found = tables
            .consents
            .iter()
            .find(|c| c.user == user && c.client == *client && c.resource == resource);
        Ok(found.cloned())
    }

    async fn remember_consent(&self, consent: &Consent) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let known = tables.consents.iter_mut().find(|known| {
            known.user == consent.user
                && known.client == consent.client
                && known.resource == consent.resource
        });
        match known {
            Some(known) => {
                known.scopes = known.scopes.union(consent.scopes);
                known.given_at = consent.given_at;
            }
            None => tables.consents.push(consent.clone()),
        }
        Ok(())
    }
}

#[async_trait]
impl Grants for MemoryStore {
    async fn add_grant(&self, grant: &Grant, code: &AuthCode) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let client = tables.clients.iter_mut().find(|c| c.id == grant.client);
        if let Some(client) = client {
            client.first_login_at.get_or_insert(grant.created_at);
        }
        tables.grants.insert(grant.id, (grant.clone(), None));
        tables.codes.insert(code.hash, code.clone());
        Ok(())
    }

    async fn code(&self, hash: &SecretHash) -> Result<Option<CodeContext>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let code = tables.codes.get(hash).cloned();
        Ok(code.and_then(|code| {
            let grant = tables.grant_of(code.grant)?;
            let user = tables.user_of(grant.user)?;
            Some(CodeContext { code, grant, user })
        }))
    }

    async fn redeem_code(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let Some(code) = tables.codes.get(code).cloned() else {
            return Ok(Redeemed::Gone);
        };
        if code.used_at.is_some() {
            return Ok(Redeemed::AlreadyUsed);
        }
        if tables.is_revoked(code.grant) {
            return Ok(Redeemed::Gone);
        }
        let used = AuthCode {
            used_at: Some(now),
            ..code
        };
        tables.codes.insert(used.hash, used);
        if let Some(first) = first {
            tables.refreshes.insert(first.hash, first.clone());
        }
        Ok(Redeemed::Now)
    }

    async fn refresh_token(&self, hash: &SecretHash) -> Result<Option<RefreshContext>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let token = tables.refreshes.get(hash).cloned();
        Ok(token.and_then(|token| {
            let grant = tables.grant_of(token.grant)?;
            let user = tables.user_of(grant.user)?;
            Some(RefreshContext { token, grant, user })
        }))
    }

    async fn rotate(
        &self,
        token: &SecretHash,
        successor: &RefreshToken,
    ) -> Result<Rotated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let Some(mut token) = tables.refreshes.get(token).cloned() else {
            return Ok(Rotated::Gone);
        };
        if tables.is_revoked(token.grant) {
            return Ok(Rotated::Gone);
        }
        if token.state == RefreshState::Retired {
            return Ok(Rotated::Replayed);
        }
        if let Some(parent) = token
            .parent
            .and_then(|hash| tables.refreshes.get_mut(&hash))
        {
            parent.state = RefreshState::Retired;
        }
        token.state = RefreshState::Succeeded;
        tables.refreshes.insert(token.hash, token);
        tables
            .refreshes
            .entry(successor.hash)
            .or_insert_with(|| successor.clone());
        Ok(Rotated::Now)
    }

    async fn revoke_grant(
        &self,
        id: GrantId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().revoke(id, reason, now))
    }

    async fn sweep(&self, now: DateTime<Utc>, _batch: u64) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let rows = |t: &Tables| t.codes.len() + t.refreshes.len() + t.sessions.len();
        let before = rows(&tables);
        tables.codes.retain(|_, code| !code.is_expired(now));
        tables.refreshes.retain(|_, token| !token.is_expired(now));
        tables
            .sessions
            .retain(|_, session| !session.is_expired(now));
        Ok(u64::try_from(before - rows(&tables)).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl SigningKeys for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.tables().keys.clone())
    }

    async fn add_first_key(&self, key: &SigningKey) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        if !tables.keys.is_empty() {
            return Ok(Inserted::AlreadyThere);
        }
        tables.keys.push(key.clone());
        Ok(Inserted::Now)
    }
}
