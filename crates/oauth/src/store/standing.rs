//! What a client has of a person already.

use async_trait::async_trait;

use super::StoreError;
use crate::{client::ClientId, grant::Grant, user::UserId};

/// Grants that stand.
#[async_trait]
pub trait StandingGrants: Send + Sync {
    /// The grants of this user to this client that have not ended, in no order, at most `limit`.
    async fn standing_grants(
        &self,
        user: UserId,
        client: &ClientId,
        limit: u64,
    ) -> Result<Vec<Grant>, StoreError>;
}
