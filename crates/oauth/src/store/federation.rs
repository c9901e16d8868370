//! Logins at providers that are on their way, and the identities that people have there.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{StoreError, Updated};
use crate::{
    federation::{
        Waiting,
        provider::{Identity, ProviderId},
    },
    secret::SecretHash,
    user::{User, UserId},
};

/// Whether an identity was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityAdded {
    /// It is new.
    Now,
    /// The subject, the address or the expectation is somebody else's or not there; nothing changed.
    Taken,
}

/// Providers' people.
#[async_trait]
pub trait Federation: Send + Sync {
    /// Notes a login on its way.
    async fn add_waiting(&self, waiting: &Waiting) -> Result<(), StoreError>;
    /// Takes a login off the list. Of two racing calls, on this process or another, exactly one gets it.
    async fn take_waiting(&self, state: &SecretHash) -> Result<Option<Waiting>, StoreError>;
    /// The identity of this subject and whose it is here.
    async fn identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<(Identity, User)>, StoreError>;
    /// All identities of a user, oldest first.
    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;
    /// Adds an identity to its user.
    async fn add_identity(&self, identity: &Identity) -> Result<IdentityAdded, StoreError>;
    /// Adds a user with the first identity, in one step.
    async fn add_user_with_identity(
        &self,
        user: &User,
        identity: &Identity,
    ) -> Result<IdentityAdded, StoreError>;
    /// Replaces what is known of an identity: provider, facts, last use.
    async fn note_identity(&self, identity: &Identity) -> Result<Updated, StoreError>;
    /// Takes an identity from its user.
    async fn remove_identity(&self, user: UserId, id: Uuid) -> Result<Updated, StoreError>;
    /// Notes that this user's next login at the provider, under the user's own address, connects the two.
    async fn invite_identity(
        &self,
        user: UserId,
        provider: &ProviderId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Adds an identity that was expected, and takes the expectation off the list, in one step.
    async fn claim_invited_identity(
        &self,
        identity: &Identity,
    ) -> Result<IdentityAdded, StoreError>;
}
