//! Presented identifiers in memory.

use std::collections::hash_map::Entry;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use crate::{
    secret::SecretHash,
    store::{Inserted, JtiKind, Jtis, StoreError},
};

#[async_trait]
impl Jtis for MemoryStore {
    async fn claim_jti(
        &self,
        kind: JtiKind,
        hash: &SecretHash,
        expires_at: DateTime<Utc>,
    ) -> Result<Inserted, StoreError> {
        self.let_others_run().await;
        match self.tables().jtis.entry((kind.as_str(), *hash)) {
            Entry::Occupied(_) => Ok(Inserted::AlreadyThere),
            Entry::Vacant(free) => {
                free.insert(expires_at);
                Ok(Inserted::Now)
            }
        }
    }
}
