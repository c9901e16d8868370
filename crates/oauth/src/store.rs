//! What the rules need from a database: one trait per aggregate.
//!
//! Each method is one transaction and commits before it returns. Absence is a value. Whatever may
//! happen once is one conditional write whose outcome is an enum, so that of two racing calls, on
//! this process or another, exactly one wins.

mod accounts;
mod admin;
mod audit;
mod client_admin;
mod client_grants;
mod contexts;
mod devices;
mod federation;
mod invitations;
mod jti;
mod kept_clients;
mod oidc;
mod par;
mod passkeys;
mod registrations;
mod second_factors;
mod signing_keys;
mod standing;
mod whole;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Roles;

use crate::{
    client::{Client, ClientId},
    code::AuthCode,
    consent::Consent,
    grant::{Grant, GrantId, RevokeReason, RevokedGrant},
    refresh::RefreshToken,
    secret::SecretHash,
    session::Session,
    user::{Email, PasswordHash, User, UserId},
};
pub use accounts::Accounts;
pub use admin::{
    Act, Acted, Admin, Capped, ClientUse, Cursor, Ended, FindClients, FindGrants, FindUsers,
    GrantUse, Means,
};
pub use audit::{AuditFilter, AuditLog};
pub use client_admin::{Changed, ClientAdmin};
pub use client_grants::ClientGrants;
pub use contexts::{CodeContext, RefreshContext};
pub use devices::{DeviceContext, Devices};
pub use federation::{Federation, IdentityAdded};
pub use invitations::{Accepted, Invitations};
pub use jti::{JtiKind, Jtis};
pub use kept_clients::KeptClients;
pub use oidc::{Logouts, Settled};
pub use par::PushedRequests;
pub use passkeys::Passkeys;
pub use registrations::Registrations;
pub use second_factors::SecondFactors;
pub use signing_keys::SigningKeys;
pub use standing::StandingGrants;
pub use whole::Store;

/// The database did not do what was asked. The text is for the log, never for a client.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed or was busy for too long.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The database is not reached, or not in time. It is for now: the same call may work later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A stored row does not read as its domain type.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// Which kind of row.
        what: &'static str,
    },
}

/// Whether an insert met its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    Now,
    /// One with the same key was there; nothing changed.
    AlreadyThere,
}

/// Whether an update found its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It was there and is changed.
    Now,
    /// No such row.
    NotFound,
}

/// What became of an attempt to redeem a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// This call won: the code is used and its first refresh token stored.
    Now,
    /// It was used before; the caller revokes the grant.
    AlreadyUsed,
    /// It is not there, or its grant has been revoked.
    Gone,
}

/// What became of an attempt to rotate a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The successor is stored, or was already there and unused: it may be answered.
    Now,
    /// The token's successor has been used: a replay.
    Replayed,
    /// The token is not there, or its grant has been revoked.
    Gone,
}

/// Clients.
#[async_trait]
pub trait Clients: Send + Sync {
    /// The client with this identifier.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;
    /// The dynamic client whose registration hashed to this.
    async fn client_by_metadata(&self, hash: &SecretHash) -> Result<Option<Client>, StoreError>;
    /// Stores a client; of two racing registrations with one `metadata_hash`, one is stored.
    async fn add_client(&self, client: &Client) -> Result<Inserted, StoreError>;
    /// Counts the client as registered at `now`; [`Updated::NotFound`] when it has been swept.
    async fn renew_client(&self, id: &ClientId, now: DateTime<Utc>) -> Result<Updated, StoreError>;
    /// All clients, oldest first, at most `limit`.
    async fn clients(&self, limit: u64) -> Result<Vec<Client>, StoreError>;
}

/// Users.
#[async_trait]
pub trait Users: Send + Sync {
    /// The user with this identifier.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;
    /// The user with this address.
    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;
    /// Stores a user; [`Inserted::AlreadyThere`] when the address is taken.
    async fn add_user(&self, user: &User) -> Result<Inserted, StoreError>;
    /// Stores the very first user; [`Inserted::AlreadyThere`] when there is any user at all.
    async fn add_first_user(&self, user: &User) -> Result<Inserted, StoreError>;
    /// All users, oldest first, at most `limit`.
    async fn users(&self, limit: u64) -> Result<Vec<User>, StoreError>;
    /// Replaces the password and ends the user's sessions.
    async fn set_password(&self, id: UserId, hash: &PasswordHash) -> Result<Updated, StoreError>;
    /// Replaces the roles. When the highest role goes down, also revokes all grants, in one step.
    async fn set_roles(
        &self,
        id: UserId,
        roles: &Roles,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// Disables the user, ends all sessions and revokes all grants, in one step.
    async fn disable_user(&self, id: UserId, now: DateTime<Utc>) -> Result<Updated, StoreError>;
}

/// Browser sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session and its user.
    async fn session(&self, hash: &SecretHash) -> Result<Option<(Session, User)>, StoreError>;
    /// Stores a session.
    async fn add_session(&self, session: &Session) -> Result<(), StoreError>;
    /// Ends a session; nothing happens when it is not there.
    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError>;
}

/// Remembered consents.
#[async_trait]
pub trait Consents: Send + Sync {
    /// What the user allowed this client at this resource.
    async fn consent(
        &self,
        user: UserId,
        client: &ClientId,
        resource: &str,
    ) -> Result<Option<Consent>, StoreError>;
    /// Remembers a consent; scopes add to what was remembered before.
    async fn remember_consent(&self, consent: &Consent) -> Result<(), StoreError>;
}

/// Grants, their codes and their refresh tokens.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Stores a new grant with the code that opens it, and marks the client as used.
    async fn add_grant(&self, grant: &Grant, code: &AuthCode) -> Result<(), StoreError>;
    /// Everything the exchange of this code checks.
    async fn code(&self, hash: &SecretHash) -> Result<Option<CodeContext>, StoreError>;
    /// Marks the code used and stores the family's first refresh token, if one is issued.
    async fn redeem_code(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError>;
    /// Everything a refresh with this token checks.
    async fn refresh_token(&self, hash: &SecretHash) -> Result<Option<RefreshContext>, StoreError>;
    /// Rotates: stores `successor` unless it is there, marks `token` succeeded and retires the
    /// token's parent as of `now`, since presenting `token` is the use that confirms it.
    async fn rotate(
        &self,
        token: &SecretHash,
        successor: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotated, StoreError>;
    /// Ends a grant with its codes and refresh tokens, a client's own as well. [`Updated::NotFound`] when it is unknown or
    /// had ended before.
    async fn revoke_grant(
        &self,
        id: GrantId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError>;
    /// The grant and who granted it.
    async fn grant_with_user(&self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError>;
    /// Ends every grant of a client that has not ended, its own included. Returns how many.
    async fn revoke_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// The grants that ended after `since`, the latest first, at most `limit`.
    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<RevokedGrant>, StoreError>;
    /// Deletes what nobody can use any more (expired codes, sessions, refresh tokens, tokens retired
    /// long ago; grants left without any; clients never used), at most `batch` rows of each. Returns how many.
    async fn sweep(&self, now: DateTime<Utc>, batch: u64) -> Result<u64, StoreError>;
}
