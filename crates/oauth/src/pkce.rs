//! Proof Key for Code Exchange (RFC 7636), S256 only.
//!
//! In: a challenge from the authorization request, a verifier from the token request.
//! Out: whether they belong together, in constant time. Never: `plain` (OAuth 2.1 §7.5.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use crate::code::CodeChallenge;

/// What is wrong with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 43 characters of base64url that encode 32 bytes")]
pub struct BadChallenge;

impl CodeChallenge {
    /// Reads `code_challenge`: the base64url of a SHA-256, without padding (RFC 7636 §4.2).
    ///
    /// # Errors
    /// [`BadChallenge`] for anything else, non-canonical trailing bits included.
    pub fn parse(text: &str) -> Result<Self, BadChallenge> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(digest) if digest.len() == 32 && text.len() == 43 => Ok(Self(text.to_owned())),
            _ => Err(BadChallenge),
        }
    }
}

/// Whether `verifier` is what `challenge` was made from (RFC 7636 §4.6).
///
/// A verifier has 43 to 128 unreserved characters (§4.1); any other is refused unhashed.
#[must_use]
pub fn verify(challenge: &CodeChallenge, verifier: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return false;
    }
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    digest.as_bytes().ct_eq(challenge.0.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair of RFC 7636, Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_pair_of_the_rfc_matches() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(verify(&challenge, VERIFIER));
    }

    #[test]
    fn a_verifier_is_refused_unless_it_is_the_one() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        for bad in [
            "",
            CHALLENGE,
            &VERIFIER.to_lowercase(),
            &VERIFIER[..42],
            &format!("{VERIFIER}="),
            &format!("{VERIFIER} "),
            &"a".repeat(43),
        ] {
            assert!(!verify(&challenge, bad), "{bad:?}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (verifier, expected) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}~._-", "a".repeat(60)), true),
            (format!("{}+", "a".repeat(60)), false),
            (format!("{}é", "a".repeat(60)), false),
        ] {
            let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let challenge = CodeChallenge::parse(&digest).unwrap();
            assert_eq!(verify(&challenge, &verifier), expected, "{verifier:?}");
        }
    }

    #[test]
    fn a_challenge_is_43_characters_of_base64url() {
        for (text, good) in [
            (CHALLENGE, true),
            (&CHALLENGE[..42], false),
            (&format!("{CHALLENGE}=") as &str, false),
            (&format!("{CHALLENGE}A"), false),
            (&CHALLENGE.replace('-', "+"), false),
            (&CHALLENGE.replace("cM", "cN"), false), // trailing bits: same bytes, another text
            (VERIFIER, true),
            ("", false),
        ] {
            assert_eq!(CodeChallenge::parse(text).is_ok(), good, "{text:?}");
        }
    }
}
