//! A signing key: published before it signs, kept after it retires.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Key identifier (RFC 7517 §4.5): the JWK thumbprint (RFC 7638).
    pub kid: String,
    /// JWS algorithm (RFC 7518 §3.1), e.g. `RS256`.
    pub alg: String,
    /// The private key in the service's stored form: a JWK, or a JWE of it when a secret encrypts it.
    pub private: SecretString,
    /// When it was made and published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// When it stopped signing.
    pub retired_at: Option<DateTime<Utc>>,
}
