//! Reads a signed revocation list (RFC 7515 §7.1, RFC 8725).
//!
//! In: the compact JWS, the issuer's keys and the time. Out: its claims, or why not.
//! Never: takes the algorithm or a key from the document, parses claims that are not signed.

use chrono::{DateTime, Utc};

use super::claims::{LIST_TYPE, RevocationClaims};
use crate::auth::jwks::{JwksSource, KeyError};
use crate::auth::signed::{self, SignedError};

/// Clock difference that is forgiven, in seconds.
const LEEWAY: i64 = 30;

/// Why a document is not the issuer's list of this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not three base64url parts with a list in the second.
    #[error("it is no signed list")]
    Malformed,
    /// Signed with another algorithm than its key's, or not at all.
    #[error("its algorithm is not that of its key")]
    Algorithm,
    /// Another kind of JWT: an access token, for example.
    #[error("its type is not revocations+jwt")]
    Type,
    /// Has a `crit` header, and none of its extensions is known here.
    #[error("it has critical extensions")]
    Critical,
    /// There is no key for it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Forged or damaged.
    #[error("its signature is wrong")]
    Signature,
    /// From somebody else.
    #[error("it is from another issuer")]
    Issuer,
    /// Past its time: a copy that somebody kept.
    #[error("it has expired")]
    Expired,
    /// From the future.
    #[error("it is not valid yet")]
    TooEarly,
}

impl From<SignedError> for ListError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Malformed => Self::Malformed,
            SignedError::Algorithm => Self::Algorithm,
            SignedError::Type => Self::Type,
            SignedError::Critical => Self::Critical,
            SignedError::Key(error) => Self::Key(error),
            SignedError::Signature => Self::Signature,
        }
    }
}

/// The claims of `document`, which this issuer signed and which is good now.
///
/// # Errors
/// [`ListError`]; the caller keeps its old list.
pub(super) async fn read(
    document: &str,
    issuer: &str,
    keys: &JwksSource,
    now: DateTime<Utc>,
) -> Result<RevocationClaims, ListError> {
    let signed = signed::open(document, LIST_TYPE, keys, now).await?;
    let claims: RevocationClaims =
        serde_json::from_slice(&signed.payload).map_err(|_| ListError::Malformed)?;
    if claims.iss != issuer {
        return Err(ListError::Issuer);
    }
    if now.timestamp() >= claims.exp.saturating_add(LEEWAY) {
        return Err(ListError::Expired);
    }
    if now.timestamp() < claims.iat.saturating_sub(LEEWAY) {
        return Err(ListError::TooEarly);
    }
    Ok(claims)
}
