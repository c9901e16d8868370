//! What people see and change of their own account.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{StoreError, Updated};
use crate::{
    account::{Connection, KnownSession, PasswordChange, Visit},
    client::ClientId,
    oidc::Sid,
    secret::SecretHash,
    session::Session,
    user::UserId,
};

/// Accounts as their people see them. Whatever ends a session makes the notes of its clients due, as in
/// [`super::Logouts`].
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The standing grants of this user that were taken up (a code redeemed, a token issued), the latest first, at most
    /// `limit`.
    async fn connections(&self, user: UserId, limit: u64) -> Result<Vec<Connection>, StoreError>;
    /// Ends the grants of this user to this client, forgets the consents, and makes the client's notes of this user due,
    /// in one step. Returns how many grants ended.
    async fn disconnect(
        &self,
        user: UserId,
        client: &ClientId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// Notes the browser of a session, in the place of what was noted before; [`Updated::NotFound`] when there is no such session.
    async fn note_visit(&self, session: &SecretHash, visit: &Visit) -> Result<Updated, StoreError>;
    /// The sessions of this user that have not ended at `now`, the latest login first, at most `limit`.
    async fn sessions_of(
        &self,
        user: UserId,
        now: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<KnownSession>, StoreError>;
    /// Ends the session of this name if it is this user's.
    async fn end_session_of(&self, user: UserId, sid: Sid) -> Result<Updated, StoreError>;
    /// Ends all sessions of this user but one. Returns how many.
    async fn end_other_sessions(&self, user: UserId, keep: &SecretHash) -> Result<u64, StoreError>;
    /// Changes the password of `renewed.user`, ends all sessions of that user and stores `renewed`, which carries on the
    /// name of one of them, in one step; [`Updated::NotFound`], and nothing changed, when the password is not
    /// `change.before` any more or the user is disabled.
    async fn change_password(
        &self,
        change: &PasswordChange,
        renewed: &Session,
    ) -> Result<Updated, StoreError>;
}
