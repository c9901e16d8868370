//! Clients' own grants in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, Tables};
use crate::{
    client::{Client, ClientId},
    client_grant::ClientGrant,
    grant::{Grant, GrantId, RevokeReason, RevokedGrant},
    store::{ClientGrants, StoreError},
};

#[async_trait]
impl ClientGrants for MemoryStore {
    async fn open_client_grant(
        &self,
        client: &ClientId,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        self.let_others_run().await;
        Ok(self.tables().open_grant_of(client))
    }

    async fn add_client_grant(
        &self,
        grant: &ClientGrant,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        self.let_others_run().await;
        let mut tables = self.tables();
        let asked = tables.clients.iter_mut().find(|c| c.id == grant.client);
        if let Some(client) = asked {
            client.first_login_at.get_or_insert(grant.created_at);
        }
        if tables.open_grant_of(&grant.client).is_none() {
            tables.client_grants.push(grant.clone());
        }
        Ok(tables.open_grant_of(&grant.client))
    }

    async fn client_grant(&self, id: GrantId) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        let tables = self.tables();
        let found = tables.client_grants.iter().find(|grant| grant.id == id);
        Ok(found.and_then(|grant| tables.with_client(grant)))
    }
}

impl Tables {
    fn open_grant_of(&self, client: &ClientId) -> Option<(ClientGrant, Client)> {
        let open = |grant: &&ClientGrant| grant.client == *client && grant.revoked_at.is_none();
        self.with_client(self.client_grants.iter().find(open)?)
    }

    fn with_client(&self, grant: &ClientGrant) -> Option<(ClientGrant, Client)> {
        let client = self.clients.iter().find(|client| client.id == grant.client);
        client.map(|client| (grant.clone(), client.clone()))
    }

    /// Ends those of clients' own grants that match. Returns how many.
    pub(super) fn end_client_grants(
        &mut self,
        which: impl Fn(&ClientGrant) -> bool,
        now: DateTime<Utc>,
    ) -> u64 {
        let mut ended = 0;
        for grant in &mut self.client_grants {
            if grant.revoked_at.is_none() && which(grant) {
                grant.revoked_at = Some(now);
                ended += 1;
            }
        }
        ended
    }

    /// Ends every grant of a client.
    pub(super) fn end_client(
        &mut self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> u64 {
        let of_people = self.revoke_where(|grant: &Grant| grant.client == *id, reason, now);
        of_people + self.end_client_grants(|grant| grant.client == *id, now)
    }

    pub(super) fn ended_client_grants(
        &self,
        since: DateTime<Utc>,
    ) -> impl Iterator<Item = RevokedGrant> {
        self.client_grants.iter().filter_map(move |grant| {
            let (id, at) = (grant.id, grant.revoked_at.filter(|at| *at > since)?);
            Some(RevokedGrant { id, at })
        })
    }
}
