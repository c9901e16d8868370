//! Keeps secrets that must be read again, such as those of authenticator apps.
//!
//! In: bytes and `AUTH_ENCRYPTION_SECRET`. Out: text for the store, and back. Encrypted as signing keys are: a compact JWE, `dir`
//! with `A256GCM` (RFC 7518 §4.5, §5.3), under a key of its own derived from the secret by HKDF-SHA256. Without a secret the text
//! is plain base64url, as signing keys are plain JWKs then.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jwe::{self, Dir, JweHeader},
};
use loop_oauth::second_step::{SealFailed, Seals};
use loop_shared::mac;
use secrecy::{ExposeSecret as _, SecretString};

use crate::signer::KeySettings;

/// Separates this use of the secret from any other.
const SALT: &[u8; 32] = b"loop-auth/second-steps/hkdf/v001";
const INFO: &[u8] = b"second step, A256GCM";

/// Characters of a whole authentication tag, 16 bytes (RFC 7518 §5.3). OpenSSL also compares the beginning of one alone, which
/// is more easily made up.
const TAG_CHARS: usize = 22;

/// Marks what is not encrypted; a compact JWE never has a colon.
const PLAIN: &str = "plain:";

/// Seals with the operator's secret, where there is one; those of before still open.
#[derive(Clone, Debug)]
pub struct SecretSeals {
    secret: Option<SecretString>,
    former: Vec<SecretString>,
}

impl SecretSeals {
    /// Seals with this secret.
    #[must_use]
    pub const fn new(secret: Option<SecretString>) -> Self {
        let former = Vec::new();
        Self { secret, former }
    }

    /// Seals with the secret that also encrypts signing keys.
    #[must_use]
    pub fn of(settings: &KeySettings) -> Self {
        Self {
            secret: settings.secret.clone(),
            former: settings.former.clone(),
        }
    }

    /// The same sealed with the secret of today; `None`: it is.
    ///
    /// # Errors
    /// [`SealFailed`].
    pub(crate) fn renewed(
        &self,
        sealed: &SecretString,
    ) -> Result<Option<SecretString>, SealFailed> {
        let today = Self::new(self.secret.clone());
        let is_plain = sealed.expose_secret().starts_with(PLAIN);
        if is_plain == self.secret.is_none() && today.open(sealed).is_ok() {
            return Ok(None);
        }
        self.seal(&self.open(sealed)?).map(Some)
    }
}

impl Seals for SecretSeals {
    fn seal(&self, plain: &[u8]) -> Result<SecretString, SealFailed> {
        let Some(secret) = &self.secret else {
            let text = format!("{PLAIN}{}", URL_SAFE_NO_PAD.encode(plain));
            return Ok(SecretString::from(text));
        };
        let encrypt = || {
            let mut header = JweHeader::new();
            header.set_content_encryption("A256GCM");
            let encrypter = Dir.encrypter_from_bytes(content_key(secret))?;
            jwe::serialize_compact(plain, &header, &encrypter)
        };
        encrypt().map(SecretString::from).map_err(failed)
    }

    fn open(&self, sealed: &SecretString) -> Result<Vec<u8>, SealFailed> {
        let text = sealed.expose_secret();
        if let Some(plain) = text.strip_prefix(PLAIN) {
            let decoded = URL_SAFE_NO_PAD.decode(plain);
            return decoded.map_err(|_| SealFailed("it is damaged".to_owned()));
        }
        let missing = "it is encrypted and AUTH_ENCRYPTION_SECRET is not set";
        let secret = self.secret.as_ref();
        let secret = secret.ok_or_else(|| SealFailed(missing.to_owned()))?;
        if !has_whole_tag(text) {
            return Err(SealFailed("it is damaged".to_owned()));
        }
        let decrypt = |secret: &SecretString| {
            let decrypter = Dir.decrypter_from_bytes(content_key(secret))?;
            jwe::deserialize_compact(text, &decrypter)
        };
        // What OpenSSL says of a wrong key helps nobody.
        let wrong = "it does not open with this AUTH_ENCRYPTION_SECRET";
        let mut all = std::iter::once(secret).chain(&self.former);
        let opened = all.find_map(|secret| decrypt(secret).ok());
        let (plain, _) = opened.ok_or_else(|| SealFailed(wrong.to_owned()))?;
        Ok(plain)
    }
}

/// Whether a compact JWE ends with a whole authentication tag. To be asked before one is opened.
pub(crate) fn has_whole_tag(jwe: &str) -> bool {
    jwe.rsplit('.')
        .next()
        .is_some_and(|tag| tag.len() == TAG_CHARS)
}

fn content_key(secret: &SecretString) -> [u8; 32] {
    mac::hkdf(SALT, secret.expose_secret().as_bytes(), INFO)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands the error over"
)]
fn failed(error: JoseError) -> SealFailed {
    SealFailed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(secret: Option<&str>) -> SecretSeals {
        SecretSeals::new(secret.map(SecretString::from))
    }

    #[test]
    fn a_secret_opens_with_what_sealed_it_and_with_nothing_else() {
        let own = with(Some("a secret of some length, 32 bytes"));
        let sealed = own.seal(b"shared secret").unwrap();
        assert!(!sealed.expose_secret().contains("shared"));
        assert_eq!(own.open(&sealed).unwrap(), b"shared secret");
        assert_ne!(
            own.seal(b"shared secret").unwrap().expose_secret(),
            sealed.expose_secret()
        );
        for other in [with(Some("another secret of some length, 32")), with(None)] {
            let error = other.open(&sealed).unwrap_err().to_string();
            assert!(error.contains("AUTH_ENCRYPTION_SECRET"), "{error}");
        }
        let text = sealed.expose_secret();
        for cut in 1..TAG_CHARS {
            let cut = SecretString::from(&text[..text.len() - cut]);
            assert!(own.open(&cut).is_err(), "a part of the tag is not enough");
        }
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "Q" } else { "A" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            let opened = own.open(&SecretString::from(changed));
            // The last letter has bits that mean nothing.
            assert!(opened.is_err() || at == text.len() - 1, "letter {at}");
        }
    }

    #[test]
    fn a_secret_of_before_opens_and_seals_nothing() {
        let (old, new) = (
            "a secret of some length, 32 bytes",
            "the next secret, also of 32 bytes",
        );
        let both = SecretSeals {
            former: vec![old.into()],
            ..with(Some(new))
        };
        let before = with(Some(old)).seal(b"shared secret").unwrap();
        assert_eq!(both.open(&before).unwrap(), b"shared secret");
        let after = both.seal(b"shared secret").unwrap();
        assert!(with(Some(new)).open(&after).is_ok() && with(Some(old)).open(&after).is_err());
    }

    #[test]
    fn what_was_sealed_plainly_opens_either_way() {
        let sealed = with(None).seal(b"shared secret").unwrap();
        for seals in [with(None), with(Some("a secret of some length, 32 bytes"))] {
            assert_eq!(seals.open(&sealed).unwrap(), b"shared secret");
        }
        assert!(with(None).open(&SecretString::from("plain:!")).is_err());
    }
}
