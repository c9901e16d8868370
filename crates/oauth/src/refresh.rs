//! Refresh tokens with use-confirmed rotation.
//!
//! A refresh answers with a successor. The old token keeps working, and keeps answering with the
//! *same* successor, until that successor is first used: a lost answer or two racing processes cost
//! nobody the login. From then on the old token is retired, and presenting it ends the whole family
//! (RFC 9700 §4.14.2).
//!
//! The successor is derived, not drawn: `HMAC-SHA256(grant.rotation_key, old raw token)`. So it can be
//! answered again although only its hash is stored, and neither a stolen token nor a stolen database
//! yields it alone.

use chrono::{DateTime, Utc};

use crate::{grant::GrantId, secret::SecretHash};

/// Where a refresh token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshState {
    /// The newest of its family.
    Live,
    /// Has a successor that nobody has used yet: still answers, always with that successor.
    Succeeded,
    /// Its successor was used: presenting it again is a replay.
    Retired,
}

/// A refresh token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the raw token.
    pub hash: SecretHash,
    /// Its family.
    pub grant: GrantId,
    /// The token it succeeded; `None` for a family's first.
    pub parent: Option<SecretHash>,
    /// Where it stands.
    pub state: RefreshState,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
}

impl RefreshToken {
    /// Whether the token went unused for too long.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }
}
