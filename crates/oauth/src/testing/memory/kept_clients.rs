//! Last good copies of clients in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    client::{Client, ClientId, ClientOrigin},
    client_keys::ClientKeys,
    store::{KeptClients, StoreError, Updated},
};

#[async_trait]
impl KeptClients for MemoryStore {
    async fn keep_client(&self, client: &Client) -> Result<(), StoreError> {
        let mut tables = self.tables();
        match tables
            .clients
            .iter_mut()
            .find(|known| known.id == client.id)
        {
            Some(known) if known.origin == ClientOrigin::Document => {
                *known = Client {
                    created_at: known.created_at,
                    first_login_at: known.first_login_at,
                    pkce: known.pkce,
                    scope: known.scope,
                    ..client.clone()
                };
            }
            Some(_) => {}
            None => tables.clients.push(client.clone()),
        }
        Ok(())
    }

    async fn keep_keys(&self, id: &ClientId, keys: &ClientKeys) -> Result<Updated, StoreError> {
        let mut tables = self.tables();
        let Some(client) = tables.clients.iter_mut().find(|known| known.id == *id) else {
            return Ok(Updated::NotFound);
        };
        client.keys = Some(keys.clone());
        Ok(Updated::Now)
    }
}
