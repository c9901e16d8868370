//! Reads a signed revocation list (RFC 7515 §7.1, RFC 8725).
//!
//! In: the compact JWS, the issuer's keys and the time. Out: its claims, or why not.
//! Never: takes the algorithm or a key from the document, parses claims that are not signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::{LIST_TYPE, RevocationClaims};
use crate::auth::SigningAlgorithm;
use crate::auth::jwks::{JwksSource, KeyError};

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

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
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
    let (signed, signature) = document.rsplit_once('.').ok_or(ListError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(ListError::Malformed)?;
    let (kid, algorithm) = check_header(&decode(header)?)?;
    let signature = decode(signature)?;
    let (_, key) = keys.key(&kid, now).await?;
    // RFC 8725 §3.1: a key has one algorithm, and the header only gets to agree.
    if algorithm != key.algorithm() {
        return Err(ListError::Algorithm);
    }
    if !key.verifies(signed.as_bytes(), &signature) {
        return Err(ListError::Signature);
    }
    let claims: RevocationClaims =
        serde_json::from_slice(&decode(payload)?).map_err(|_| ListError::Malformed)?;
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

/// `kid` and algorithm of a header that may stand before a list.
fn check_header(json: &[u8]) -> Result<(String, SigningAlgorithm), ListError> {
    let header: Header = serde_json::from_slice(json).map_err(|_| ListError::Malformed)?;
    let algorithm = SigningAlgorithm::parse(&header.alg).map_err(|_| ListError::Algorithm)?;
    if header.typ.is_none_or(|typ| typ != LIST_TYPE) {
        return Err(ListError::Type);
    }
    if header.crit.is_some() {
        return Err(ListError::Critical);
    }
    Ok((header.kid.ok_or(KeyError::Unknown)?, algorithm))
}

fn decode(part: &str) -> Result<Vec<u8>, ListError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| ListError::Malformed)
}
