//! Registrations in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    client::{Client, ClientId, ClientOrigin},
    secret::SecretHash,
    store::{Clients as _, Inserted, Registrations, StoreError},
};

#[async_trait]
impl Registrations for MemoryStore {
    async fn add_registration(
        &self,
        client: &Client,
        management: Option<&SecretHash>,
        most_unused: u64,
    ) -> Result<Inserted, StoreError> {
        if self.add_client(client).await? == Inserted::AlreadyThere {
            return Ok(Inserted::AlreadyThere);
        }
        let mut tables = self.tables();
        if let Some(hash) = management {
            tables.managed.insert(client.id.clone(), *hash);
        }
        let unused = |known: &&Client| {
            known.first_login_at.is_none()
                && known.origin == ClientOrigin::Dynamic
                && known.id != client.id
        };
        let mut others: Vec<_> = tables.clients.iter().filter(unused).cloned().collect();
        others.sort_by_key(|known| std::cmp::Reverse(known.created_at));
        let kept = usize::try_from(most_unused.saturating_sub(1)).unwrap_or(usize::MAX);
        for old in others.into_iter().skip(kept) {
            tables.clients.retain(|known| known.id != old.id);
        }
        Ok(Inserted::Now)
    }

    async fn registration(
        &self,
        id: &ClientId,
    ) -> Result<Option<(Client, SecretHash)>, StoreError> {
        let tables = self.tables();
        let client = tables.clients.iter().find(|client| client.id == *id);
        let hash = tables.managed.get(id);
        Ok(client.cloned().zip(hash.copied()))
    }
}
