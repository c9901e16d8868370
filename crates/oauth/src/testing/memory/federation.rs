//! Providers' people in memory.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{MemoryStore, Tables};
use crate::{
    federation::{
        Waiting,
        provider::{Identity, ProviderId},
    },
    secret::SecretHash,
    store::{Federation, IdentityAdded, StoreError, Updated},
    user::{User, UserId},
};

/// What is kept of them.
#[derive(Debug, Default)]
pub(super) struct People {
    waiting: HashMap<SecretHash, Waiting>,
    identities: Vec<Identity>,
    invited: HashSet<(UserId, ProviderId)>,
}

impl Tables {
    fn add_identity(&mut self, new: &Identity) -> IdentityAdded {
        let same = |known: &Identity| known.issuer == new.issuer && known.subject == new.subject;
        if self.federation.identities.iter().any(same) {
            return IdentityAdded::Taken;
        }
        self.federation.identities.push(new.clone());
        IdentityAdded::Now
    }
}

#[async_trait]
impl Federation for MemoryStore {
    async fn add_waiting(&self, waiting: &Waiting) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables
            .federation
            .waiting
            .insert(waiting.state, waiting.clone());
        Ok(())
    }

    async fn take_waiting(&self, state: &SecretHash) -> Result<Option<Waiting>, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().federation.waiting.remove(state))
    }

    async fn identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<(Identity, User)>, StoreError> {
        self.let_others_run().await;
        let tables = self.tables();
        let found = tables
            .federation
            .identities
            .iter()
            .find(|known| known.issuer == issuer && known.subject == subject);
        Ok(found.and_then(|found| Some((found.clone(), tables.user_of(found.user)?))))
    }

    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let tables = self.tables();
        let theirs = tables
            .federation
            .identities
            .iter()
            .filter(|known| known.user == user);
        Ok(theirs.cloned().collect())
    }

    async fn add_identity(&self, identity: &Identity) -> Result<IdentityAdded, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().add_identity(identity))
    }

    async fn add_user_with_identity(
        &self,
        user: &User,
        identity: &Identity,
    ) -> Result<IdentityAdded, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        if tables.users.iter().any(|known| known.email == user.email) {
            return Ok(IdentityAdded::Taken);
        }
        let added = tables.add_identity(identity);
        if added == IdentityAdded::Now {
            tables.users.push(user.clone());
        }
        Ok(added)
    }

    async fn note_identity(&self, identity: &Identity) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let known = tables.federation.identities.iter_mut();
        let Some(known) = known.into_iter().find(|known| known.id == identity.id) else {
            return Ok(Updated::NotFound);
        };
        known.provider = identity.provider.clone();
        known.facts = identity.facts.clone();
        known.used_at = identity.used_at;
        Ok(Updated::Now)
    }

    async fn remove_identity(&self, user: UserId, id: Uuid) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let before = tables.federation.identities.len();
        tables
            .federation
            .identities
            .retain(|known| known.id != id || known.user != user);
        Ok(if tables.federation.identities.len() < before {
            Updated::Now
        } else {
            Updated::NotFound
        })
    }

    async fn invite_identity(
        &self,
        user: UserId,
        provider: &ProviderId,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.tables()
            .federation
            .invited
            .insert((user, provider.clone()));
        Ok(())
    }

    async fn claim_invited_identity(
        &self,
        identity: &Identity,
    ) -> Result<IdentityAdded, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let expected = (identity.user, identity.provider.clone());
        if !tables.federation.invited.contains(&expected) {
            return Ok(IdentityAdded::Taken);
        }
        let added = tables.add_identity(identity);
        if added == IdentityAdded::Now {
            tables.federation.invited.remove(&expected);
        }
        Ok(added)
    }
}
