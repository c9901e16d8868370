//! Signing keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{Inserted, StoreError, Updated};
use crate::key::SigningKey;

/// Signing keys.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// All keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError>;
    /// Stores the first key; of several starting replicas exactly one wins.
    async fn add_first_key(&self, key: &SigningKey) -> Result<Inserted, StoreError>;
    /// Stores a key that succeeds `after`; [`Inserted::AlreadyThere`] when `after` is not the key whose turn
    /// comes last (latest `signs_from`), or `key` would not sign after it. So of several replicas exactly one adds
    /// a successor, and turns come in the order in which keys were added.
    async fn add_next_key(&self, key: &SigningKey, after: &str) -> Result<Inserted, StoreError>;
    /// Lets the newest key sign from `at` on; [`Updated::NotFound`] when it is unknown, signs by then anyway, or
    /// another key's turn comes at `at` or later.
    async fn advance_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError>;
    /// Notes that a key retired; [`Updated::NotFound`] when it is unknown or was noted before.
    async fn retire_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError>;
    /// Keeps `after` in the place of the stored private half `before`; [`Updated::NotFound`] when that is another by now.
    async fn reseal_key(
        &self,
        kid: &str,
        before: &SecretString,
        after: &SecretString,
    ) -> Result<Updated, StoreError>;
    /// Deletes the keys that were noted as retired before `limit`. Returns how many.
    async fn delete_keys(&self, retired_before: DateTime<Utc>) -> Result<u64, StoreError>;
}
