//! An authorization code (RFC 6749 §4.1.2): one use, sixty seconds, bound to its request.

use chrono::{DateTime, Utc};
use loop_shared::auth::dpop::Thumbprint;

use crate::{client::ClientId, grant::GrantId, secret::SecretHash};

/// What the verifier of a code must match (RFC 7636 §4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeChallenge {
    /// The challenge as sent (RFC 7636 §4.2): 43 characters of base64url.
    S256(String),
    /// A `plain` challenge is the verifier itself, so its S256 form is kept in its place.
    Plain(String),
    /// The request had no challenge: no verifier fits.
    None,
}

/// A code as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthCode {
    /// SHA-256 of the raw code.
    pub hash: SecretHash,
    /// The grant it opens; scopes, user and resource live there.
    pub grant: GrantId,
    /// To whom it was issued.
    pub client: ClientId,
    /// The redirect it was sent to, as requested; `None` when the request left it out.
    pub redirect_uri: Option<String>,
    /// The challenge its verifier must match.
    pub challenge: CodeChallenge,
    /// The key that its exchange must prove (`dpop_jkt`, RFC 9449 §10).
    pub key: Option<Thumbprint>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When it was exchanged.
    pub used_at: Option<DateTime<Utc>>,
}

impl AuthCode {
    /// Whether the code is too old.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }
}
