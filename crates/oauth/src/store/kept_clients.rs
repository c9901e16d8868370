//! What is kept of clients that describe themselves elsewhere, for a day when that place is down.

use async_trait::async_trait;

use super::{StoreError, Updated};
use crate::{
    client::{Client, ClientId},
    client_keys::ClientKeys,
};

/// Last good copies.
#[async_trait]
pub trait KeptClients: Send + Sync {
    /// Stores a client that a metadata document describes, or replaces what a former document said. Its first day,
    /// its first login, and what an operator decided about it stay. A client of another origin stays as it is.
    async fn keep_client(&self, client: &Client) -> Result<(), StoreError>;

    /// Replaces the keys of a client; [`Updated::NotFound`] when it is not there.
    async fn keep_keys(&self, id: &ClientId, keys: &ClientKeys) -> Result<Updated, StoreError>;
}
