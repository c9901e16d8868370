//! A login that has begun: what only this browser may finish.
//!
//! In: where to go afterwards. Out: the authorization request's parameters, and a sealed note for the browser's cookie.
//! Never: a secret that the issuer or another browser could read; `state` alone would not stop login CSRF (RFC 9700 §4.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::return_to::ReturnTo;
use super::seal::{Purpose, Seal, SealError, random};

/// Minutes that a person may take at the issuer.
pub(crate) const MINUTES: i64 = 30;

/// One attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// RFC 6749 §10.12.
    pub(crate) state: String,
    /// `OpenID` Connect Core §3.1.2.1.
    pub(crate) nonce: String,
    /// RFC 7636 §4.1.
    pub(crate) verifier: String,
    /// A local address, checked.
    pub(crate) return_to: String,
    /// Last second at which it can be finished.
    until: i64,
}

impl Attempt {
    pub(crate) fn begin(return_to: &ReturnTo, now: DateTime<Utc>) -> Result<Self, SealError> {
        Ok(Self {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            return_to: return_to.as_str().to_owned(),
            until: now.timestamp() + MINUTES * 60,
        })
    }

    /// `code_challenge` (RFC 7636 §4.2, S256).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    pub(crate) fn sealed(&self, seal: &Seal) -> Result<String, SealError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::Failed)?;
        seal.seal(Purpose::Attempt, &plain)
    }

    /// The attempt of this browser, while it can be finished.
    pub(crate) fn open(seal: &Seal, sealed: &str, now: DateTime<Utc>) -> Option<Self> {
        let plain = seal.open(Purpose::Attempt, sealed)?;
        let attempt: Self = serde_json::from_slice(&plain).ok()?;
        (now.timestamp() <= attempt.until).then_some(attempt)
    }
}
