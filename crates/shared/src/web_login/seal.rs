//! Encrypts what leaves the process: attempts in a cookie, sessions in files.
//!
//! In: bytes and what they are for. Out: a compact JWE (`dir`, `A256GCM`; RFC 7518 §4.5, §5.3), and back. The key
//! follows from `WEB_SECRET` by HKDF-SHA256 (RFC 5869), another one for each purpose.

use josekit::JoseError;
use josekit::jwe::{self, Dir, JweHeader};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::mac;

const SALT: &[u8; 32] = b"loop/web-login/hkdf/version-0001";
/// Characters of a whole `A256GCM` tag: 16 bytes. OpenSSL would take a shortened one.
const TAG_CHARS: usize = 22;

/// What something was sealed for; nothing opens for another purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A login that has begun.
    Attempt,
    /// A session.
    Session,
}

/// Why nothing was sealed or drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// OpenSSL did not do it.
    #[error("encryption failed")]
    Failed,
    /// No random bytes.
    #[error("the system's random source did not answer")]
    NoRandom,
}

/// Seals and opens.
#[derive(Clone)]
pub(crate) struct Seal {
    attempts: [u8; 32],
    sessions: [u8; 32],
}

impl Seal {
    pub(crate) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self {
            attempts: mac::hkdf(SALT, secret, b"attempt, A256GCM"),
            sessions: mac::hkdf(SALT, secret, b"session, A256GCM"),
        }
    }

    pub(crate) fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<String, SealError> {
        let encrypt = || {
            let mut header = JweHeader::new();
            header.set_content_encryption("A256GCM");
            let encrypter = Dir.encrypter_from_bytes(self.key(purpose))?;
            jwe::serialize_compact(plain, &header, &encrypter)
        };
        encrypt().map_err(|_: JoseError| SealError::Failed)
    }

    /// What was sealed for this purpose; `None` when it was not, or was changed.
    pub(crate) fn open(&self, purpose: Purpose, sealed: &str) -> Option<Vec<u8>> {
        if sealed.rsplit('.').next()?.len() != TAG_CHARS {
            return None;
        }
        let decrypter = Dir.decrypter_from_bytes(self.key(purpose)).ok()?;
        let (plain, header) = jwe::deserialize_compact(sealed, &decrypter).ok()?;
        (header.content_encryption() == Some("A256GCM")).then_some(plain)
    }

    const fn key(&self, purpose: Purpose) -> &[u8; 32] {
        match purpose {
            Purpose::Attempt => &self.attempts,
            Purpose::Session => &self.sessions,
        }
    }
}

/// 256 random bits in base64url.
pub(crate) fn random() -> Result<String, SealError> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 32];
    let drawn = rand::rngs::OsRng.try_fill_bytes(&mut bytes);
    drawn.map_err(|_| SealError::NoRandom)?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_for_its_purpose_under_its_secret_and_unchanged() {
        let own = Seal::new(&SecretString::from("s".repeat(43)));
        let other = Seal::new(&SecretString::from("t".repeat(43)));
        let sealed = own.seal(Purpose::Attempt, b"a verifier").unwrap();
        assert_eq!(own.open(Purpose::Attempt, &sealed).unwrap(), b"a verifier");
        assert!(
            own.open(Purpose::Session, &sealed).is_none(),
            "another purpose"
        );
        assert!(
            other.open(Purpose::Attempt, &sealed).is_none(),
            "another secret"
        );
        for cut in 1..=22 {
            let short = &sealed[..sealed.len() - cut];
            assert!(own.open(Purpose::Attempt, short).is_none(), "{cut} less");
        }
        for at in 0..sealed.len() - 1 {
            let letter = if &sealed[at..=at] == "A" { "Q" } else { "A" };
            let changed = format!("{}{letter}{}", &sealed[..at], &sealed[at + 1..]);
            assert!(
                own.open(Purpose::Attempt, &changed).is_none(),
                "letter {at}"
            );
        }
        for junk in ["", ".", "....", "a.b.c.d.e", "eyJhbGciOiJub25lIn0..."] {
            assert!(own.open(Purpose::Attempt, junk).is_none(), "{junk}");
        }
    }
}
