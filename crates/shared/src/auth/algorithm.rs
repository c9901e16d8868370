//! The algorithms that access tokens may be signed with (RFC 7518 §3.1, RFC 8037 §3.1).
//!
//! In: an `alg`, or a JWK's `kty` and `crv`. Out: [`SigningAlgorithm`]. Never: `none`, a symmetric algorithm.

use std::fmt;

/// A signature algorithm. A key has exactly one, and a token does not get to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what every verifier knows.
    #[default]
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Edwards-curve signatures with Ed25519, the only curve that is taken.
    EdDsa,
}

/// The text names no algorithm of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of RS256, ES256, EdDSA")]
pub struct UnknownAlgorithm(pub String);

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The `alg` value, to the letter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads an `alg` value; case counts (RFC 7515 §4.1.1).
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }

    /// The one algorithm of a key of this type and curve.
    #[must_use]
    pub fn of_key(kty: &str, crv: Option<&str>) -> Option<Self> {
        match (kty, crv) {
            ("RSA", None) => Some(Self::Rs256),
            ("EC", Some("P-256")) => Some(Self::Es256),
            ("OKP", Some("Ed25519")) => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_named_to_the_letter() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.as_str()), Ok(algorithm));
        }
        for text in [
            "", "none", "rs256", "HS256", "PS256", "RS512", "ES384", "eddsa", "EdDSA ",
        ] {
            assert!(SigningAlgorithm::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_has_the_algorithm_of_its_type_and_curve() {
        for (kty, crv, expected) in [
            ("RSA", None, Some(SigningAlgorithm::Rs256)),
            ("EC", Some("P-256"), Some(SigningAlgorithm::Es256)),
            ("OKP", Some("Ed25519"), Some(SigningAlgorithm::EdDsa)),
            ("RSA", Some("P-256"), None),
            ("EC", Some("P-384"), None),
            ("EC", None, None),
            ("OKP", Some("Ed448"), None),
            ("OKP", Some("X25519"), None),
            ("oct", None, None),
        ] {
            assert_eq!(
                SigningAlgorithm::of_key(kty, crv),
                expected,
                "{kty} {crv:?}"
            );
        }
    }
}
