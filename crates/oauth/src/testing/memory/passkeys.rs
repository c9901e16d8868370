//! Passkeys in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use crate::{
    passkey::{Ceremony, Passkey},
    secret::SecretHash,
    store::{Inserted, Passkeys, StoreError, Updated},
    user::{User, UserId},
};

/// What is kept of all people.
#[derive(Debug, Default)]
pub(super) struct Kept {
    passkeys: Vec<Passkey>,
    ceremonies: HashMap<SecretHash, Ceremony>,
}

impl Kept {
    pub(super) fn forget(&mut self, id: UserId) {
        self.passkeys.retain(|key| key.user != id);
        self.ceremonies.retain(|_, it| it.user != Some(id));
    }
}

#[async_trait]
impl Passkeys for MemoryStore {
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let tables = self.tables();
        let theirs = tables
            .second
            .passkeys
            .passkeys
            .iter()
            .filter(|key| key.user == user);
        Ok(theirs.cloned().collect())
    }

    async fn passkey(&self, id: &str) -> Result<Option<(Passkey, User)>, StoreError> {
        let tables = self.tables();
        let found = tables
            .second
            .passkeys
            .passkeys
            .iter()
            .find(|key| key.id == id);
        Ok(found.and_then(|key| Some((key.clone(), tables.user_of(key.user)?))))
    }

    async fn add_passkey(&self, passkey: &Passkey, most: u64) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        let all = &mut tables.second.passkeys.passkeys;
        let theirs = all.iter().filter(|key| key.user == passkey.user).count();
        let full = u64::try_from(theirs).is_ok_and(|count| count >= most);
        if full || all.iter().any(|key| key.id == passkey.id) {
            return Ok(Inserted::AlreadyThere);
        }
        all.push(passkey.clone());
        Ok(Inserted::Now)
    }

    async fn use_passkey(
        &self,
        before: &Passkey,
        after: &str,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let mut all = tables.second.passkeys.passkeys.iter_mut();
        let same = all.find(|key| {
            key.id == before.id
                && key.credential == before.credential
                && key.used_at == before.used_at
        });
        let Some(key) = same else {
            return Ok(Updated::NotFound);
        };
        after.clone_into(&mut key.credential);
        key.used_at = Some(now);
        Ok(Updated::Now)
    }

    async fn remove_passkey(&self, user: UserId, id: &str) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let all = &mut tables.second.passkeys.passkeys;
        let count = all.len();
        all.retain(|key| key.user != user || key.id != id);
        Ok(if all.len() < count {
            Updated::Now
        } else {
            Updated::NotFound
        })
    }

    async fn add_ceremony(&self, ceremony: &Ceremony) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let all = &mut tables.second.passkeys.ceremonies;
        all.insert(ceremony.hash, ceremony.clone());
        Ok(())
    }

    async fn take_ceremony(&self, hash: &SecretHash) -> Result<Option<Ceremony>, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().second.passkeys.ceremonies.remove(hash))
    }
}
