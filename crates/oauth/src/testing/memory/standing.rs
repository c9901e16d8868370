//! Standing grants in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    client::ClientId,
    grant::Grant,
    store::{StandingGrants, StoreError},
    user::UserId,
};

#[async_trait]
impl StandingGrants for MemoryStore {
    async fn standing_grants(
        &self,
        user: UserId,
        client: &ClientId,
        limit: u64,
    ) -> Result<Vec<Grant>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let stands = |grant: &Grant| {
            grant.user == user && grant.client == *client && grant.revoked_at.is_none()
        };
        let mut grants = self.grants();
        grants.retain(stands);
        grants.truncate(limit);
        Ok(grants)
    }
}
