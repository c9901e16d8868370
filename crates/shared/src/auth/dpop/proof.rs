//! Checks a proof (RFC 9449 §4.3), everything but its replay and its nonce, which need memory.
//!
//! In: the header's value and what the request is. Out: [`Proof`], or why not. Never: panics, whatever the text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::key;
use super::{DpopError, Target, Thumbprint};
use crate::auth::SigningAlgorithm;

/// Longest proof that is looked at, in bytes.
pub const MAX_PROOF_BYTES: usize = 8 * 1024;
/// How old a proof may be, in seconds.
pub const MAX_AGE_SECONDS: i64 = 120;
/// How far ahead a client's clock may be, in seconds.
pub const MAX_AHEAD_SECONDS: i64 = 30;
/// Longest `jti` and `nonce`, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// What the request is that a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The HTTP method, to the letter.
    pub method: &'a str,
    /// The configured address of the request.
    pub target: &'a Target,
    /// Seconds since the Unix epoch.
    pub now: i64,
    /// The access token that comes with it; `None` at the authorization server.
    pub token: Option<&'a str>,
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key that made it.
    pub key: Thumbprint,
    /// The nonce it answers, if it has one.
    pub nonce: Option<String>,
    /// From when on it is refused for its age, in seconds since the Unix epoch.
    pub expires_at: i64,
    jti: String,
}

impl Proof {
    /// What makes it unique: its key and its `jti`, as SHA-256.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        // The thumbprint's length is fixed, so that nothing can shift between the two.
        Sha256::digest(format!("{}{}", self.key, self.jti)).into()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    jwk: Option<Map<String, Value>>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: Number,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks a proof. The signature comes last: it is what costs.
///
/// # Errors
/// [`DpopError`].
pub fn verify(text: &str, expected: &Expected<'_>) -> Result<Proof, DpopError> {
    if text.len() > MAX_PROOF_BYTES {
        return Err(DpopError::TooLong);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(DpopError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(DpopError::Malformed)?;
    let header: Header = json(header)?;
    if header.typ.as_deref() != Some("dpop+jwt") {
        return Err(DpopError::Type);
    }
    let algorithm = SigningAlgorithm::parse(&header.alg).map_err(|_| DpopError::Algorithm)?;
    if header.crit.is_some() {
        return Err(DpopError::Critical);
    }
    let (thumbprint, key) = key::read(&header.jwk.ok_or(DpopError::Key)?)?;
    if key.algorithm() != algorithm {
        return Err(DpopError::Algorithm);
    }
    let claims: Claims = json(payload)?;
    let expires_at = check(&claims, expected)?;
    let signature = decode(signature).ok_or(DpopError::Malformed)?;
    if !key.verifies(signed.as_bytes(), &signature) {
        return Err(DpopError::Signature);
    }
    Ok(Proof {
        key: thumbprint,
        nonce: claims.nonce,
        expires_at,
        jti: claims.jti,
    })
}

/// Everything it claims; from when on it is too old.
fn check(claims: &Claims, expected: &Expected<'_>) -> Result<i64, DpopError> {
    let bounded = |text: &str| !text.is_empty() && text.len() <= MAX_TEXT_BYTES;
    if !bounded(&claims.jti) || claims.nonce.as_deref().is_some_and(|nonce| !bounded(nonce)) {
        return Err(DpopError::Claims);
    }
    if claims.htm != expected.method {
        return Err(DpopError::Method);
    }
    if Target::parse(&claims.htu).as_ref() != Some(expected.target) {
        return Err(DpopError::Target);
    }
    let iat = seconds(&claims.iat).ok_or(DpopError::Claims)?;
    let expires_at = iat.saturating_add(MAX_AGE_SECONDS);
    if expected.now >= expires_at || iat > expected.now.saturating_add(MAX_AHEAD_SECONDS) {
        return Err(DpopError::Time);
    }
    if let Some(token) = expected.token {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let told = claims.ath.as_deref().ok_or(DpopError::TokenHash)?;
        if !bool::from(hash.as_bytes().ct_eq(told.as_bytes())) {
            return Err(DpopError::TokenHash);
        }
    }
    Ok(expires_at)
}

/// A `NumericDate` (RFC 7519 §2), fractions cut off.
fn seconds(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let seconds = number.as_f64()?.floor();
        // Far beyond any date, and exact in a float.
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        (seconds.abs() < 1e15).then_some(seconds as i64)
    })
}

/// Strict: no padding, no line breaks, no stray bits; a second dot is no base64url either.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, DpopError> {
    let bytes = decode(part).ok_or(DpopError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => DpopError::Claims,
        _ => DpopError::Malformed,
    })
}
