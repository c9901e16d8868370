//! Opens documents that the issuer signed, other than access tokens: the revocation list, identity tokens, logout
//! tokens (RFC 7515 §7.1, RFC 8725).
//!
//! In: a compact JWS, the `typ` it must have, the issuer's keys and the time. Out: its payload, or why not.
//! Never: takes the algorithm or a key from the document, gives out a payload that is not signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::SigningAlgorithm;
use super::jwks::{JwksSource, KeyError};

/// Why a document is not the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not three base64url parts with JSON in the first.
    #[error("it is no signed document")]
    Malformed,
    /// Signed with another algorithm than its key's, or not at all.
    #[error("its algorithm is not that of its key")]
    Algorithm,
    /// Another kind of JWT: an access token, for example.
    #[error("its type is another")]
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
}

/// What was signed, and by which algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The bytes between the dots, decoded.
    pub payload: Vec<u8>,
    /// The algorithm of the key.
    pub algorithm: SigningAlgorithm,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

/// The payload of `document`, which one of the issuer's keys signed as a `typ`.
///
/// # Errors
/// [`SignedError`].
pub async fn open(
    document: &str,
    typ: &str,
    keys: &JwksSource,
    now: DateTime<Utc>,
) -> Result<Signed, SignedError> {
    let (signed, signature) = document.rsplit_once('.').ok_or(SignedError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(SignedError::Malformed)?;
    let (kid, algorithm) = check_header(&decode(header)?, typ)?;
    let signature = decode(signature)?;
    let (_, key) = keys.key(&kid, now).await?;
    // RFC 8725 §3.1: a key has one algorithm, and the header only gets to agree.
    if algorithm != key.algorithm() {
        return Err(SignedError::Algorithm);
    }
    if !key.verifies(signed.as_bytes(), &signature) {
        return Err(SignedError::Signature);
    }
    Ok(Signed {
        payload: decode(payload)?,
        algorithm,
    })
}

/// `kid` and algorithm of a header that may stand before such a document.
fn check_header(json: &[u8], typ: &str) -> Result<(String, SigningAlgorithm), SignedError> {
    let header: Header = serde_json::from_slice(json).map_err(|_| SignedError::Malformed)?;
    let algorithm = SigningAlgorithm::parse(&header.alg).map_err(|_| SignedError::Algorithm)?;
    if header.typ.is_none_or(|named| named != typ) {
        return Err(SignedError::Type);
    }
    if header.crit.is_some() {
        return Err(SignedError::Critical);
    }
    Ok((header.kid.ok_or(KeyError::Unknown)?, algorithm))
}

fn decode(part: &str) -> Result<Vec<u8>, SignedError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| SignedError::Malformed)
}
