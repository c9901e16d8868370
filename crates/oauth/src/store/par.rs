//! Pushed authorization requests.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{StoreError, Updated};
use crate::{par::PushedRequest, secret::SecretHash};

/// Pushed authorization requests (RFC 9126).
#[async_trait]
pub trait PushedRequests: Send + Sync {
    /// Stores a request.
    async fn add_pushed(&self, request: &PushedRequest) -> Result<(), StoreError>;
    /// The request with this hash, whatever has become of it.
    async fn pushed(&self, hash: &SecretHash) -> Result<Option<PushedRequest>, StoreError>;
    /// Notes that a browser brought it and lets it live until `until`; [`Updated::NotFound`] when that had been
    /// noted, or it is too old or used.
    async fn open_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// Marks it used. Of two racing calls exactly one gets [`Updated::Now`], and none when it is too old.
    async fn consume_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
}
