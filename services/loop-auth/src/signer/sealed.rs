//! The stored form of a private key: a JWK, or a compact JWE of it when a secret is set.
//!
//! In: a JWK and `AUTH_ENCRYPTION_SECRET`. Out: text for the store, and back. The JWE is `dir` with
//! `A256GCM` (RFC 7518 §4.5, §5.3) under a key derived from the secret by HKDF-SHA256.

use josekit::{
    JoseError,
    jwe::{self, Dir, JweHeader},
    jwk::Jwk,
};
use loop_shared::mac;
use secrecy::{ExposeSecret as _, SecretString};

use crate::seals::has_whole_tag;

/// Separates this use of the secret from any other.
const SALT: &[u8; 32] = b"loop-auth/signing-keys/hkdf/v001";
const INFO: &[u8] = b"signing key, A256GCM";

/// Why a stored key cannot be used. Shown to the operator at start.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The stored key is encrypted and no secret is set.
    #[error(
        "the signing keys are encrypted: set AUTH_ENCRYPTION_SECRET (or AUTH_ENCRYPTION_SECRET_FILE) to the secret they were made with"
    )]
    SecretMissing,
    /// The stored key does not open with the secret.
    #[error(
        "the signing keys do not open with this AUTH_ENCRYPTION_SECRET: use the secret they were made with, or restore the database that belongs to it"
    )]
    WrongSecret,
    /// What opened is not a private key.
    #[error("a stored signing key cannot be read: {0}")]
    NotAKey(JoseError),
    /// The key could not be sealed.
    #[error("a signing key could not be encrypted: {0}")]
    Failed(JoseError),
}

/// The stored form of `key`: encrypted exactly when there is a secret.
///
/// # Errors
/// [`SealError::Failed`] when OpenSSL fails.
pub(crate) fn seal(key: &Jwk, secret: Option<&SecretString>) -> Result<SecretString, SealError> {
    let text = key.to_string();
    let Some(secret) = secret else {
        return Ok(SecretString::from(text));
    };
    let encrypt = || {
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        header.set_content_type("jwk+json");
        let encrypter = Dir.encrypter_from_bytes(content_key(secret))?;
        jwe::serialize_compact(text.as_bytes(), &header, &encrypter)
    };
    encrypt().map(SecretString::from).map_err(SealError::Failed)
}

/// The key behind its stored form. A key stored plainly opens with or without a secret.
///
/// # Errors
/// Every variant of [`SealError`] but `Failed`.
pub(crate) fn open(stored: &SecretString, secret: Option<&SecretString>) -> Result<Jwk, SealError> {
    let text = stored.expose_secret();
    if text.starts_with('{') {
        return Jwk::from_bytes(text).map_err(SealError::NotAKey);
    }
    let secret = secret.ok_or(SealError::SecretMissing)?;
    if !has_whole_tag(text) {
        return Err(SealError::WrongSecret);
    }
    let decrypter = Dir
        .decrypter_from_bytes(content_key(secret))
        .map_err(|_| SealError::WrongSecret)?;
    let (plain, _) =
        jwe::deserialize_compact(text, &decrypter).map_err(|_| SealError::WrongSecret)?;
    Jwk::from_bytes(plain).map_err(SealError::NotAKey)
}

fn content_key(secret: &SecretString) -> [u8; 32] {
    mac::hkdf(SALT, secret.expose_secret().as_bytes(), INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Jwk {
        let mut key = Jwk::new("oct");
        key.set_key_value(b"for the test only");
        key
    }

    #[test]
    fn a_key_opens_with_its_secret_and_with_no_other() {
        let secret = SecretString::from("a secret of some length, 32 bytes");
        let other = SecretString::from("another secret of some length, 32");
        let sealed = seal(&key(), Some(&secret)).unwrap();
        assert!(!sealed.expose_secret().contains("oct"));
        assert_eq!(open(&sealed, Some(&secret)).unwrap(), key());
        assert!(matches!(
            open(&sealed, Some(&other)),
            Err(SealError::WrongSecret)
        ));
        assert!(matches!(open(&sealed, None), Err(SealError::SecretMissing)));
    }

    #[test]
    fn a_key_whose_tag_was_shortened_does_not_open() {
        let secret = SecretString::from("a secret of some length, 32 bytes");
        let sealed = seal(&key(), Some(&secret)).unwrap();
        let whole = sealed.expose_secret();
        for cut in 1..=22 {
            let short = SecretString::from(&whole[..whole.len() - cut]);
            assert!(
                open(&short, Some(&secret)).is_err(),
                "{cut} characters less"
            );
        }
    }

    #[test]
    fn a_key_stored_plainly_opens_either_way() {
        let secret = SecretString::from("a secret of some length, 32 bytes");
        let plain = seal(&key(), None).unwrap();
        assert_eq!(open(&plain, None).unwrap(), key());
        assert_eq!(open(&plain, Some(&secret)).unwrap(), key());
        let garbage = SecretString::from("{not json");
        assert!(matches!(open(&garbage, None), Err(SealError::NotAKey(_))));
    }
}
