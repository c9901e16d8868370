//! Changing and removing clients in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use crate::{
    client::{Client, ClientId},
    grant::RevokeReason,
    store::{Changed, ClientAdmin, StoreError},
};

#[async_trait]
impl ClientAdmin for MemoryStore {
    async fn change_client(
        &self,
        before: &Client,
        after: &Client,
        ends: Option<(RevokeReason, DateTime<Utc>)>,
    ) -> Result<Changed, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let same = |client: &&mut Client| {
            client.id == before.id
                && client.grant_types == before.grant_types
                && client.scope == before.scope
        };
        let Some(client) = tables.clients.iter_mut().find(same) else {
            return Ok(Changed::NotFound);
        };
        *client = Client {
            name: after.name.clone(),
            auth_method: after.auth_method,
            redirect_uris: after.redirect_uris.clone(),
            grant_types: after.grant_types.clone(),
            scope: after.scope,
            client_uri: after.client_uri.clone(),
            pkce: after.pkce,
            keys: after.keys.clone(),
            demands: after.demands,
            logout: after.logout.clone(),
            ..client.clone()
        };
        let ended = ends.map_or(0, |(reason, now)| {
            tables.end_client(&before.id, reason, now)
        });
        Ok(Changed::Now(ended))
    }

    async fn remove_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let there = tables.clients.len();
        tables.clients.retain(|client| client.id != *id);
        if tables.clients.len() == there {
            return Ok(Changed::NotFound);
        }
        tables.consents.retain(|consent| consent.client != *id);
        Ok(Changed::Now(tables.end_client(id, reason, now)))
    }
}
