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
use loop_shared::{auth::dpop::Thumbprint, mac};

use crate::{
    grant::{GrantId, RotationKey},
    secret::{RawRefreshToken, SecretHash},
};

/// The token that succeeds `token` in the family keyed by `key`: always the same one.
#[must_use]
pub fn successor(key: &RotationKey, token: &RawRefreshToken) -> RawRefreshToken {
    RawRefreshToken::from_bytes(mac::hmac(&key.0, token.expose().as_bytes()))
}

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
    /// The key that every use must prove, and that its successors are bound to (RFC 9449 §5).
    pub key: Option<Thumbprint>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    #[test]
    fn a_successor_is_the_hmac_of_its_predecessor() {
        // hmac.new(bytes([7]) * 32, b"what do ya want for nothing?", "sha256") of Python's library.
        let token = RawRefreshToken::presented("what do ya want for nothing?").unwrap();
        let got = successor(&RotationKey([7; 32]), &token);
        let expected =
            hex_bytes("37853aff7df2ff1f94e194ad66dd7633e01f2642bdbc02f0b6a1ea7540d2ac0e");
        assert_eq!(got.expose(), URL_SAFE_NO_PAD.encode(expected));
    }

    #[test]
    fn a_successor_depends_on_key_and_token_and_on_nothing_else() {
        let (a, b) = (
            RawRefreshToken::from_bytes([1; 32]),
            RawRefreshToken::from_bytes([2; 32]),
        );
        let (k, l) = (RotationKey([1; 32]), RotationKey([2; 32]));
        assert_eq!(successor(&k, &a).expose(), successor(&k, &a).expose());
        assert_ne!(successor(&k, &a).expose(), successor(&l, &a).expose());
        assert_ne!(successor(&k, &a).expose(), successor(&k, &b).expose());
        assert_eq!(successor(&k, &a).expose().len(), 43);
    }

    fn hex_bytes(text: &str) -> [u8; 32] {
        SecretHash::from_hex(text).unwrap().0
    }
}
