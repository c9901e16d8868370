//! The public key in a proof's header, and its name (RFC 7638).
//!
//! In: the `jwk` member. Out: what verifies, and the [`Thumbprint`]. Never: a key with private members.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::DpopError;
use crate::auth::SigningAlgorithm;
use crate::auth::jwks::{VerifyingKey, public_key};

/// What only the owner of a key may have (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Length of SHA-256 in base64url.
const THUMBPRINT_CHARS: usize = 43;

/// SHA-256 over a key's required members, in base64url: `jkt`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Reads what somebody else wrote (`dpop_jkt`); `None` when it can be no thumbprint.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let whole = text.len() == THUMBPRINT_CHARS;
        let bytes = whole.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The text as it stands in `cnf.jkt`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(algorithm: SigningAlgorithm, jwk: &Map<String, Value>) -> Self {
        let members: &[&str] = match algorithm {
            SigningAlgorithm::Rs256 => &["e", "kty", "n"],
            SigningAlgorithm::Es256 => &["crv", "kty", "x", "y"],
            SigningAlgorithm::EdDsa => &["crv", "kty", "x"],
        };
        // The values are base64url (they were decoded) and registered names, so nothing needs escaping.
        let text = members
            .iter()
            .map(|name| {
                let value = jwk.get(*name).and_then(Value::as_str).unwrap_or_default();
                format!(r#""{name}":"{value}""#)
            })
            .collect::<Vec<_>>()
            .join(",");
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{text}}}"))))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Reads the key.
pub(super) fn read(jwk: &Map<String, Value>) -> Result<(Thumbprint, VerifyingKey), DpopError> {
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return Err(DpopError::PrivateKey);
    }
    let (_, key) = public_key(jwk).ok_or(DpopError::Key)?;
    Ok((Thumbprint::of(key.algorithm(), jwk), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_9449() {
        // RFC 9449 §4.1 and §6.1
        let jwk = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;
        let (thumbprint, key) = read(&serde_json::from_str(jwk).unwrap()).unwrap();
        assert_eq!(
            thumbprint.as_str(),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
        assert_eq!(key.algorithm(), SigningAlgorithm::Es256);
    }

    #[test]
    fn a_thumbprint_is_43_characters_of_base64url() {
        let good = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert!(Thumbprint::parse(good).is_some());
        for bad in [
            "",
            "x",
            &good[1..],
            &format!("{good}A"),
            &format!("{}=", &good[1..]),
            &format!("{}J", &good[1..]),
        ] {
            assert_eq!(Thumbprint::parse(bad), None, "{bad:?}");
        }
    }
}
