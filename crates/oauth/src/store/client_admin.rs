//! Changing and removing clients.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    client::{Client, ClientId},
    grant::RevokeReason,
};

/// What became of a change or a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done, and so many grants ended with it.
    Now(u64),
    /// There is no such client, or not any more as it was read.
    NotFound,
}

/// Clients that change.
#[async_trait]
pub trait ClientAdmin: Send + Sync {
    /// Replaces name, authentication method, keys, redirects, grant types, scope, home page, demands and PKCE phase of the client
    /// `before.id` by those of `after`, if its grant types and scope still are those of `before`. With `ends`, also ends every grant of
    /// the client, in one step.
    async fn change_client(
        &self,
        before: &Client,
        after: &Client,
        ends: Option<(RevokeReason, DateTime<Utc>)>,
    ) -> Result<Changed, StoreError>;
    /// Removes a client: nobody finds it any more, every grant of it ends, what was remembered of it goes, in one step.
    async fn remove_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError>;
}
