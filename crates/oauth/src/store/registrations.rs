//! Clients that registered themselves.

use async_trait::async_trait;

use super::{Inserted, StoreError};
use crate::{
    client::{Client, ClientId},
    secret::SecretHash,
};

/// Registrations (RFC 7591) and who manages them (RFC 7592).
#[async_trait]
pub trait Registrations: Send + Sync {
    /// Stores a client that registered itself, as [`super::Clients::add_client`], and the hash of the token that manages it.
    /// Clients beside it that registered themselves and were never used go, the oldest first, until `most_unused` are left,
    /// the new one included.
    async fn add_registration(
        &self,
        client: &Client,
        management: Option<&SecretHash>,
        most_unused: u64,
    ) -> Result<Inserted, StoreError>;
    /// The client and the hash of the token that manages it; `None` when it is not managed, or removed.
    async fn registration(&self, id: &ClientId)
    -> Result<Option<(Client, SecretHash)>, StoreError>;
}
