//! A grant: one login of one user with one client; the `sid` of every token under it.
//!
//! All refresh tokens of a grant are its family: revoking the grant ends them all (RFC 9700 §4.14.2).

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Scopes;
use uuid::Uuid;

use crate::{
    client::ClientId,
    oidc::{Identity, IdentityScopes},
    user::UserId,
};

/// A grant's identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId(pub Uuid);

impl std::fmt::Display for GrantId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeReason {
    /// The authorization code came back a second time (RFC 6749 §4.1.2).
    CodeReplayed,
    /// A retired refresh token came back (RFC 9700 §4.14.2).
    RefreshReplayed,
    /// The client revoked its token (RFC 7009).
    ByClient,
    /// The user was disabled or lost the account.
    UserDisabled,
    /// The user's highest role went down.
    RoleLost,
    /// An operator ended it.
    ByOperator,
    /// The user disconnected the app.
    ByUser,
}

impl RevokeReason {
    /// The stored and audited name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeReplayed => "code_replayed",
            Self::RefreshReplayed => "refresh_replayed",
            Self::ByClient => "by_client",
            Self::UserDisabled => "user_disabled",
            Self::RoleLost => "role_lost",
            Self::ByOperator => "by_operator",
            Self::ByUser => "by_user",
        }
    }
}

/// What a user granted to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier (`sid`).
    pub id: GrantId,
    /// Who granted.
    pub user: UserId,
    /// To whom.
    pub client: ClientId,
    /// For which resource: the canonical `aud`. Of several, the first.
    pub resource: String,
    /// For which others: each access token is for one of all (RFC 8707 §2.2).
    pub more_resources: Vec<String>,
    /// What was granted; a refresh never exceeds it.
    pub scopes: Scopes,
    /// When the user consented.
    pub created_at: DateTime<Utc>,
    /// Since when nothing under it is honoured.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Keys the derivation of successor refresh tokens; never leaves the server.
    pub rotation_key: RotationKey,
    /// What is said about the user, and of which login; `None` for plain OAuth.
    pub identity: Option<Identity>,
}

impl Grant {
    /// What is said about the user.
    #[must_use]
    pub fn identity_scopes(&self) -> IdentityScopes {
        let identity = self.identity.as_ref();
        identity.map_or(IdentityScopes::NONE, |identity| identity.scopes)
    }

    /// Every resource it is for; at least one.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.resource)
            .chain(&self.more_resources)
            .map(String::as_str)
    }
}

/// A grant that ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedGrant {
    /// Its identifier (`sid`).
    pub id: GrantId,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// 256 random bits that key the successor of a refresh token (see [`crate::refresh`]).
#[derive(Clone, PartialEq, Eq)]
pub struct RotationKey(pub [u8; 32]);

impl std::fmt::Debug for RotationKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[REDACTED]")
    }
}
