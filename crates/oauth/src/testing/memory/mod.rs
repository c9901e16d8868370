//! A store in memory: every method is one critical section, as in SQL it is one transaction.
//!
//! Before each, it lets other tasks run a varying number of times, so that callers interleave.

mod accounts;
mod admin;
mod audit;
mod client_admin;
mod client_grants;
mod devices;
mod federation;
mod grants;
mod invitations;
mod jti;
mod kept_clients;
mod keys;
mod logins;
mod oidc;
mod par;
mod passkeys;
mod registrations;
mod second_factors;
mod standing;

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
    account::Visit,
    client::{Client, ClientId},
    client_grant::ClientGrant,
    code::AuthCode,
    consent::Consent,
    device::DeviceAuthorization,
    grant::{Grant, GrantId, RevokeReason},
    key::SigningKey,
    par::PushedRequest,
    refresh::RefreshToken,
    secret::SecretHash,
    session::Session,
    store::{Clients, Inserted, StoreError, Updated, Users},
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
    participants: Vec<oidc::Noted>,
    client_grants: Vec<ClientGrant>,
    jtis: HashMap<(&'static str, SecretHash), DateTime<Utc>>,
    pushed: HashMap<SecretHash, PushedRequest>,
    managed: HashMap<ClientId, SecretHash>,
    devices: Vec<DeviceAuthorization>,
    federation: federation::People,
    visits: HashMap<SecretHash, Visit>,
    audit: Vec<loop_shared::audit::Record>,
    invitations: Vec<crate::invitation::Invitation>,
    second: second_factors::Kept,
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

    /// Changes the roles as a hand in the table would: no grant ends.
    pub fn edit_roles(&self, id: UserId, roles: Roles) {
        if let Some(user) = self.tables().user_mut(id) {
            user.roles = roles;
        }
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

    fn revoke_where(
        &mut self,
        which: impl Fn(&Grant) -> bool,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> u64 {
        let mut ended = 0;
        for (grant, why) in self.grants.values_mut() {
            if grant.revoked_at.is_none() && which(grant) {
                grant.revoked_at = Some(now);
                *why = Some(reason);
                ended += 1;
            }
        }
        ended
    }

    fn revoke(&mut self, id: GrantId, reason: RevokeReason, now: DateTime<Utc>) -> Updated {
        match self.grants.get_mut(&id) {
            Some((grant, why)) if grant.revoked_at.is_none() => {
                grant.revoked_at = Some(now);
                *why = Some(reason);
                Updated::Now
            }
            Some(_) => Updated::NotFound,
            None => match self.end_client_grants(|grant| grant.id == id, now) {
                0 => Updated::NotFound,
                _ => Updated::Now,
            },
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

    async fn renew_client(&self, id: &ClientId, now: DateTime<Utc>) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(client) = tables.clients.iter_mut().find(|c| c.id == *id) else {
            return Ok(Updated::NotFound);
        };
        client.created_at = now;
        Ok(Updated::Now)
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
        tables.tell(|who| who.user == id);
        Ok(Updated::Now)
    }

    async fn set_roles(
        &self,
        id: UserId,
        roles: &Roles,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(user) = tables.user_mut(id) else {
            return Ok(Updated::NotFound);
        };
        let demoted = roles.highest() < user.roles.highest();
        user.roles = *roles;
        if demoted {
            tables.revoke_where(|grant| grant.user == id, RevokeReason::RoleLost, now);
        }
        Ok(Updated::Now)
    }

    async fn disable_user(&self, id: UserId, now: DateTime<Utc>) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(user) = tables.user_mut(id) else {
            return Ok(Updated::NotFound);
        };
        user.disabled_at.get_or_insert(now);
        tables.sessions.retain(|_, session| session.user != id);
        tables.tell(|who| who.user == id);
        tables.revoke_where(|grant| grant.user == id, RevokeReason::UserDisabled, now);
        Ok(Updated::Now)
    }
}
