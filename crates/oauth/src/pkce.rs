//! Proof Key for Code Exchange (RFC 7636).
//!
//! In: a challenge from the authorization request, a verifier from the token request.
//! Out: whether they belong together, in constant time. Never: decides who needs one, which is
//! [`crate::pkce_phase`]'s; keeps a `plain` challenge, which is the verifier itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use crate::code::CodeChallenge;

/// What is wrong with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a SHA-256 in base64url nor, for plain, 43 to 128 unreserved characters")]
pub struct BadChallenge;

/// The challenge of an authorization request, as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Requested {
    /// `code_challenge_method=S256`.
    S256(String),
    /// `code_challenge_method=plain`: the verifier itself, in the open.
    Plain(String),
    /// No challenge.
    None,
}

impl std::fmt::Debug for Requested {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::S256(challenge) => out.debug_tuple("S256").field(challenge).finish(),
            Self::Plain(_) => out.write_str("Plain([REDACTED])"),
            Self::None => out.write_str("None"),
        }
    }
}

impl Requested {
    /// Reads an S256 challenge: the base64url of a SHA-256, without padding (RFC 7636 §4.2).
    ///
    /// # Errors
    /// [`BadChallenge`] for anything else, non-canonical trailing bits included.
    pub fn s256(text: &str) -> Result<Self, BadChallenge> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(digest) if digest.len() == 32 && text.len() == 43 => Ok(Self::S256(text.to_owned())),
            _ => Err(BadChallenge),
        }
    }

    /// Reads a `plain` challenge, which has the form of a verifier (RFC 7636 §4.2).
    ///
    /// # Errors
    /// [`BadChallenge`] for anything else.
    pub fn plain(text: &str) -> Result<Self, BadChallenge> {
        if is_verifier(text) {
            Ok(Self::Plain(text.to_owned()))
        } else {
            Err(BadChallenge)
        }
    }

    /// `code_challenge` and `code_challenge_method`, if there is a challenge.
    #[must_use]
    pub fn as_sent(&self) -> Option<(&str, &'static str)> {
        match self {
            Self::S256(challenge) => Some((challenge, "S256")),
            Self::Plain(verifier) => Some((verifier, "plain")),
            Self::None => None,
        }
    }

    /// What a code is bound to.
    #[must_use]
    pub fn bind(&self) -> CodeChallenge {
        match self {
            Self::S256(challenge) => CodeChallenge::S256(challenge.clone()),
            Self::Plain(verifier) => CodeChallenge::Plain(digest(verifier)),
            Self::None => CodeChallenge::None,
        }
    }
}

/// Whether `verifier` is what `challenge` was made from (RFC 7636 §4.6); never without a challenge.
///
/// A verifier has 43 to 128 unreserved characters (§4.1); any other is refused unhashed.
#[must_use]
pub fn verify(challenge: &CodeChallenge, verifier: &str) -> bool {
    let expected = match challenge {
        CodeChallenge::S256(digest) | CodeChallenge::Plain(digest) => digest,
        CodeChallenge::None => return false,
    };
    is_verifier(verifier)
        && digest(verifier)
            .as_bytes()
            .ct_eq(expected.as_bytes())
            .into()
}

fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn digest(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair of RFC 7636, Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_pair_of_the_rfc_matches() {
        let challenge = Requested::s256(CHALLENGE).unwrap().bind();
        assert!(verify(&challenge, VERIFIER));
    }

    #[test]
    fn a_verifier_is_refused_unless_it_is_the_one() {
        let challenge = Requested::s256(CHALLENGE).unwrap().bind();
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
            let challenge = Requested::s256(&digest).unwrap().bind();
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
            assert_eq!(Requested::s256(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn a_plain_challenge_fits_itself_alone_and_is_not_kept() {
        let asked = Requested::plain(VERIFIER).unwrap();
        assert!(verify(&asked.bind(), VERIFIER));
        for bad in [CHALLENGE, &VERIFIER[..42], "", &format!("{VERIFIER}A")] {
            assert!(!verify(&asked.bind(), bad), "{bad:?}");
        }
        for shown in [format!("{asked:?}"), format!("{:?}", asked.bind())] {
            assert!(!shown.contains(VERIFIER), "{shown}");
        }
        for bad in ["", "short", &"a".repeat(129), &format!("{VERIFIER}+")] {
            assert_eq!(Requested::plain(bad), Err(BadChallenge), "{bad:?}");
        }
    }

    #[test]
    fn without_a_challenge_no_verifier_fits() {
        for verifier in [
            "",
            VERIFIER,
            CHALLENGE,
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        ] {
            assert!(!verify(&CodeChallenge::None, verifier), "{verifier:?}");
        }
    }

    #[test]
    fn the_stored_digest_is_no_verifier_of_either_method() {
        for asked in [
            Requested::s256(CHALLENGE).unwrap(),
            Requested::plain(VERIFIER).unwrap(),
        ] {
            assert!(!verify(&asked.bind(), CHALLENGE), "{asked:?}");
        }
    }
}
