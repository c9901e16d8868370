//! Invitations.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::audit::Entry;

use super::{Cursor, StoreError};
use crate::{
    invitation::{Invitation, InvitationId},
    secret::SecretHash,
    user::User,
};

/// What became of the use, or the withdrawal, of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// This call did it.
    Now,
    /// It is unknown, used, taken back or too old.
    Gone,
    /// Somebody has the address already.
    Taken,
}

/// Links that set a password. Each change is in the audit log, in the same step.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Stores an invitation; what is open for the same address is taken back.
    async fn add_invitation(&self, invitation: &Invitation, entry: Entry)
    -> Result<(), StoreError>;
    /// The invitation whose link hashed to this.
    async fn invitation(&self, hash: &SecretHash) -> Result<Option<Invitation>, StoreError>;
    /// Uses an open invitation at `user.created_at`: stores the user, or sets the password of the one it is for. Of two racing calls,
    /// one gets [`Accepted::Now`].
    async fn accept_invitation(
        &self,
        invitation: &Invitation,
        user: &User,
        entry: Entry,
    ) -> Result<Accepted, StoreError>;
    /// Takes an open invitation back.
    async fn revoke_invitation(
        &self,
        id: InvitationId,
        entry: Entry,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError>;
    /// Invitations, the latest first, after `after`, at most `limit`.
    async fn invitations(
        &self,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<Invitation>, StoreError>;
}
