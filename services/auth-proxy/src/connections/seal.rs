//! Fernet: AES-128-CBC with HMAC-SHA256, as <https://github.com/fernet/spec> has it.
//!
//! In: secrets, the first of which seals and all of which open. Out: tokens, and what was in them. Never: opens what was changed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use hmac::{Hmac, Mac as _};
use loop_shared::mac;
use openssl::symm::{Cipher, decrypt, encrypt};
use rand::TryRngCore as _;
use sha2::Sha256;

/// The only version there is.
const VERSION: u8 = 0x80;
/// Version, time and initialization vector.
const HEAD: usize = 1 + 8 + 16;
/// Of HMAC-SHA256.
const TAG: usize = 32;
/// Separates this use of the secret from any other.
const LABEL: &[u8] = b"auth-proxy connections v1";

/// Why something is not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealError {
    /// OpenSSL or the random source failed.
    #[error("it cannot be encrypted")]
    Broken,
    /// It was changed, or sealed with a secret that is not there.
    #[error("it does not open with AUTH_ENCRYPTION_SECRET, or it was changed")]
    Shut,
}

/// What was opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// What was sealed.
    pub(crate) plain: Vec<u8>,
    /// Whether the first secret opens it.
    pub(crate) is_current: bool,
}

#[derive(Clone)]
struct Key {
    signing: [u8; 16],
    encryption: [u8; 16],
}

/// The keys, the current one first; never empty.
#[derive(Clone)]
pub(crate) struct Seals {
    current: Key,
    former: Vec<Key>,
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seals(1 + {})", self.former.len())
    }
}

impl Seals {
    /// Keys from these secrets; a secret that is a Fernet key (32 bytes in base64url) is used as such.
    pub(crate) fn new(current: &[u8], former: &[Vec<u8>]) -> Self {
        Self {
            current: Key::of(current),
            former: former.iter().map(|secret| Key::of(secret)).collect(),
        }
    }

    /// Seals under the current key; `now` in seconds since 1970.
    ///
    /// # Errors
    /// `Broken`.
    pub(crate) fn seal(&self, plain: &[u8], now: i64) -> Result<String, SealError> {
        let mut iv = [0; 16];
        rand::rngs::OsRng
            .try_fill_bytes(&mut iv)
            .map_err(|_| SealError::Broken)?;
        self.current.seal(plain, now, iv)
    }

    /// Opens with whichever key fits.
    ///
    /// # Errors
    /// `Shut`.
    pub(crate) fn open(&self, token: &str) -> Result<Opened, SealError> {
        if let Ok(plain) = self.current.open(token) {
            let is_current = true;
            return Ok(Opened { plain, is_current });
        }
        let found = self.former.iter().find_map(|key| key.open(token).ok());
        let plain = found.ok_or(SealError::Shut)?;
        let is_current = false;
        Ok(Opened { plain, is_current })
    }
}

impl Key {
    fn of(secret: &[u8]) -> Self {
        let own = URL_SAFE.decode(secret).ok();
        let own: Option<[u8; 32]> = own.and_then(|bytes| bytes.try_into().ok());
        let whole = if let Some(key) = own {
            key
        } else {
            mac::hmac(secret, LABEL)
        };
        let (mut signing, mut encryption) = ([0; 16], [0; 16]);
        signing.copy_from_slice(&whole[..16]);
        encryption.copy_from_slice(&whole[16..]);
        Self {
            signing,
            encryption,
        }
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = mac::keyed(&self.signing);
        mac.update(bytes);
        mac
    }

    fn seal(&self, plain: &[u8], now: i64, iv: [u8; 16]) -> Result<String, SealError> {
        let cipher = Cipher::aes_128_cbc();
        let hidden = encrypt(cipher, &self.encryption, Some(&iv), plain);
        let hidden = hidden.map_err(|_| SealError::Broken)?;
        let mut token = vec![VERSION];
        token.extend_from_slice(&now.to_be_bytes());
        token.extend_from_slice(&iv);
        token.extend_from_slice(&hidden);
        let tag = self.mac(&token).finalize().into_bytes();
        token.extend_from_slice(&tag);
        Ok(URL_SAFE.encode(token))
    }

    fn open(&self, token: &str) -> Result<Vec<u8>, SealError> {
        let token = URL_SAFE.decode(token).map_err(|_| SealError::Shut)?;
        let split = token.len().checked_sub(TAG).ok_or(SealError::Shut)?;
        let (body, tag) = token.split_at(split);
        // The tag first, in constant time; nothing of a changed token is decrypted.
        self.mac(body)
            .verify_slice(tag)
            .map_err(|_| SealError::Shut)?;
        if body.len() < HEAD || body[0] != VERSION {
            return Err(SealError::Shut);
        }
        let (head, hidden) = body.split_at(HEAD);
        let cipher = Cipher::aes_128_cbc();
        decrypt(cipher, &self.encryption, Some(&head[9..]), hidden).map_err(|_| SealError::Shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    #[test]
    fn the_specifications_own_example_is_made_and_opened() {
        let key = Key::of(KEY);
        let iv: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(key.seal(b"hello", 499_162_800, iv).unwrap(), TOKEN);
        let opened = Seals::new(KEY, &[]).open(TOKEN).unwrap();
        assert_eq!(opened.plain, b"hello");
    }

    #[test]
    fn a_token_that_was_changed_anywhere_stays_shut() {
        let seals = Seals::new(KEY, &[]);
        let token = URL_SAFE.decode(TOKEN).unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE.encode(changed);
            assert_eq!(seals.open(&changed), Err(SealError::Shut), "byte {at}");
        }
        for cut in [0, 1, 31, 32, 33, 56, 57, token.len() - 1] {
            let cut = URL_SAFE.encode(&token[..cut]);
            assert_eq!(seals.open(&cut), Err(SealError::Shut));
        }
        assert_eq!(seals.open("no base64!"), Err(SealError::Shut));
    }

    #[test]
    fn the_first_secret_seals_and_all_of_them_open() {
        let old = Seals::new(b"the old secret of at least 32 bytes", &[]);
        let sealed = old.seal(b"token", 0).unwrap();
        assert_ne!(sealed, old.seal(b"token", 0).unwrap());
        let former = vec![b"the old secret of at least 32 bytes".to_vec()];
        let both = Seals::new(b"the new secret of at least 32 bytes", &former);
        let opened = both.open(&sealed).unwrap();
        assert_eq!(
            (opened.plain.as_slice(), opened.is_current),
            (&b"token"[..], false)
        );
        let again = both.seal(b"token", 0).unwrap();
        assert!(both.open(&again).unwrap().is_current);
        assert_eq!(old.open(&again), Err(SealError::Shut));
    }
}
