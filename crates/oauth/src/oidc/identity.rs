//! What a login is remembered by: a browser session's public name, and what a grant keeps of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::IdentityScopes;
use crate::{secret::SecretHash, session::Methods};

/// The `sid` of a browser session (`OpenID` Connect Back-Channel Logout §2.1): a name, no secret. It stays
/// when the same person types the password again.
///
/// Not the `sid` of an access token, which names the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(pub Uuid);

impl Sid {
    /// The name of a session that was stored before sessions had names: derived from the cookie's hash,
    /// which cannot be found from it.
    #[must_use]
    pub fn of_unnamed(session: &SecretHash) -> Self {
        let named = SecretHash::of(&format!("loop-sid\n{}", session.to_hex()));
        let mut half = [0; 16];
        half.copy_from_slice(named.0.split_at(16).0);
        Self(uuid::Builder::from_random_bytes(half).into_uuid())
    }
}

impl std::fmt::Display for Sid {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// What a grant keeps of the login behind it, so that a later `id_token` says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What may be said about the person; never empty.
    pub scopes: IdentityScopes,
    /// In which browser session the grant was given.
    pub sid: Sid,
    /// When the person had been authenticated.
    pub auth_time: DateTime<Utc>,
    /// How.
    pub how: Methods,
    /// The client's `nonce`, for the first `id_token` alone.
    pub nonce: Option<String>,
}
