//! Pushed authorization requests in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use crate::{
    par::PushedRequest,
    secret::SecretHash,
    store::{PushedRequests, StoreError, Updated},
};

#[async_trait]
impl PushedRequests for MemoryStore {
    async fn add_pushed(&self, request: &PushedRequest) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.pushed.insert(request.hash, request.clone());
        Ok(())
    }

    async fn pushed(&self, hash: &SecretHash) -> Result<Option<PushedRequest>, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().pushed.get(hash).cloned())
    }

    async fn open_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        match tables.pushed.get_mut(hash) {
            Some(found) if is_live(found, now) && found.opened_at.is_none() => {
                found.opened_at = Some(now);
                found.expires_at = until;
                Ok(Updated::Now)
            }
            Some(_) | None => Ok(Updated::NotFound),
        }
    }

    async fn consume_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        match tables.pushed.get_mut(hash) {
            Some(found) if is_live(found, now) => {
                found.used_at = Some(now);
                Ok(Updated::Now)
            }
            Some(_) | None => Ok(Updated::NotFound),
        }
    }
}

fn is_live(request: &PushedRequest, now: DateTime<Utc>) -> bool {
    request.used_at.is_none() && now < request.expires_at
}
