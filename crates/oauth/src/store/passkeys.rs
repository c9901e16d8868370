//! Passkeys, and challenges that wait for their answers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Inserted, StoreError, Updated};
use crate::{
    passkey::{Ceremony, Passkey},
    secret::SecretHash,
    user::{User, UserId},
};

/// Passkeys. Everything of a user goes with the user.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// The user's keys, the oldest first.
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError>;
    /// The key of this identifier and whose it is.
    async fn passkey(&self, id: &str) -> Result<Option<(Passkey, User)>, StoreError>;
    /// Stores a key; [`Inserted::AlreadyThere`] when its identifier is taken or the user has `most`.
    async fn add_passkey(&self, passkey: &Passkey, most: u64) -> Result<Inserted, StoreError>;
    /// Notes a use and what is kept from now on, if what is stored still is what `before` says.
    async fn use_passkey(
        &self,
        before: &Passkey,
        after: &str,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// Removes a key of this user.
    async fn remove_passkey(&self, user: UserId, id: &str) -> Result<Updated, StoreError>;
    /// Stores a challenge.
    async fn add_ceremony(&self, ceremony: &Ceremony) -> Result<(), StoreError>;
    /// Takes a challenge away. Of two racing calls, exactly one gets it.
    async fn take_ceremony(&self, hash: &SecretHash) -> Result<Option<Ceremony>, StoreError>;
}
