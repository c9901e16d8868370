//! Signing keys in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::MemoryStore;
use crate::{
    key::{SigningKey, newest},
    store::{Inserted, SigningKeys, StoreError, Updated},
};

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

    async fn add_next_key(&self, key: &SigningKey, after: &str) -> Result<Inserted, StoreError> {
        let mut tables = self.tables();
        let follows =
            |newest: &SigningKey| newest.kid == after && newest.signs_from < key.signs_from;
        if !newest(&tables.keys).is_some_and(follows) {
            return Ok(Inserted::AlreadyThere);
        }
        tables.keys.push(key.clone());
        Ok(Inserted::Now)
    }

    async fn advance_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let is_last = |key: &SigningKey| key.kid == kid || key.signs_from < at;
        if !tables.keys.iter().all(is_last) {
            return Ok(Updated::NotFound);
        }
        let waits = |key: &&mut SigningKey| key.kid == kid && at < key.signs_from;
        let Some(key) = tables.keys.iter_mut().find(waits) else {
            return Ok(Updated::NotFound);
        };
        key.signs_from = at;
        Ok(Updated::Now)
    }

    async fn retire_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let signs = |key: &&mut SigningKey| key.kid == kid && key.retired_at.is_none();
        let Some(key) = tables.keys.iter_mut().find(signs) else {
            return Ok(Updated::NotFound);
        };
        key.retired_at = Some(at);
        Ok(Updated::Now)
    }

    async fn reseal_key(
        &self,
        kid: &str,
        before: &SecretString,
        after: &SecretString,
    ) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let same = |key: &&mut SigningKey| {
            key.kid == kid && key.private.expose_secret() == before.expose_secret()
        };
        let Some(key) = tables.keys.iter_mut().find(same) else {
            return Ok(Updated::NotFound);
        };
        key.private = after.clone();
        Ok(Updated::Now)
    }

    async fn delete_keys(&self, retired_before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let before = tables.keys.len();
        let kept = |key: &SigningKey| key.retired_at.is_none_or(|at| retired_before <= at);
        tables.keys.retain(kept);
        Ok((before - tables.keys.len()) as u64)
    }
}
