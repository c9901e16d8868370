//! A remembered consent: this user allowed this client these scopes at this resource.

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Scopes;

use crate::{client::ClientId, oidc::IdentityScopes, user::UserId};

/// What a user allowed. Kept only for clients whose identity is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed it.
    pub user: UserId,
    /// To whom.
    pub client: ClientId,
    /// At which resource (RFC 8707).
    pub resource: String,
    /// What.
    pub scopes: Scopes,
    /// And what it may know about the user.
    pub identity: IdentityScopes,
    /// When it was last given.
    pub given_at: DateTime<Utc>,
}
