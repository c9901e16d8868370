//! Grants that clients have for themselves.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    client::{Client, ClientId},
    client_grant::ClientGrant,
    grant::GrantId,
};

/// Grants of clients for themselves. They end as other grants do, see [`super::Grants`].
#[async_trait]
pub trait ClientGrants: Send + Sync {
    /// The client's open grant with the client, both of one moment.
    async fn open_client_grant(
        &self,
        client: &ClientId,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError>;
    /// Stores `grant` unless its client has an open one; the open one with the client. Of racing calls
    /// exactly one stores. `None` when the client was removed.
    async fn add_client_grant(
        &self,
        grant: &ClientGrant,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError>;
    /// The grant with this identifier, ended or not; `None` also when its client was removed.
    async fn client_grant(&self, id: GrantId) -> Result<Option<(ClientGrant, Client)>, StoreError>;
}
