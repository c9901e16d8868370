//! Secrets that are handed out raw and kept as hashes.
//!
//! Every raw secret is 256 random bits in base64url, so SHA-256 without salt is enough
//! (RFC 9700 §4.14, OAuth 2.1 §7.1.3): there is nothing to guess.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::entropy::{Entropy, NoEntropy};

/// The longest raw secret that is looked at; longer ones cannot be ours.
pub const MAX_SECRET_CHARS: usize = 512;

/// SHA-256 of a raw secret. Compared in constant time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::derived_hash_with_manual_eq,
    reason = "the manual equality is the derived one, in constant time"
)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of what a caller presented.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        Self(Sha256::digest(raw.as_bytes()).into())
    }

    /// Lower-case hexadecimal, 64 characters: the stored form.
    #[must_use]
    pub fn to_hex(self) -> String {
        use std::fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut out, byte| {
                let _ = write!(out, "{byte:02x}");
                out
            })
    }

    /// Reads the stored form; `None` for anything but 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut out = [0_u8; 32];
        for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(out))
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Defines a secret with its own type, so that a code is never taken for a token.
macro_rules! raw_secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)] // SecretString redacts itself
        pub struct $name(SecretString);

        impl $name {
            /// A fresh secret of 256 bits.
            ///
            /// # Errors
            /// [`NoEntropy`] when the random source fails.
            pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
                Ok(Self::from_bytes(entropy.bytes32()?))
            }

            /// The secret whose value is these 256 bits.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
            }

            /// What a caller presented; `None` when it cannot be one of ours.
            #[must_use]
            pub fn presented(text: &str) -> Option<Self> {
                let plausible = !text.is_empty() && text.len() <= MAX_SECRET_CHARS;
                plausible.then(|| Self(SecretString::from(text)))
            }

            /// The form that is stored and looked up.
            #[must_use]
            pub fn hash(&self) -> SecretHash {
                SecretHash::of(self.expose())
            }

            /// The raw text, for the one answer that hands it out.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }
    };
}

raw_secret!(
    /// An authorization code (RFC 6749 §4.1.2).
    RawCode
);
raw_secret!(
    /// A refresh token (RFC 6749 §1.5).
    RawRefreshToken
);
raw_secret!(
    /// A browser session's cookie value.
    RawSession
);
raw_secret!(
    /// A confidential client's secret (RFC 6749 §2.3.1).
    RawClientSecret
);
raw_secret!(
    /// What makes a `request_uri` unguessable (RFC 9126 §2.2).
    RawRequestId
);
raw_secret!(
    /// `state` of a login at a provider.
    RawState
);
raw_secret!(
    /// A device code (RFC 8628 §3.2).
    RawDeviceCode
);
raw_secret!(
    /// What finds a login between its steps.
    RawStep
);
raw_secret!(
    /// What finds a challenge for a passkey.
    RawCeremony
);
raw_secret!(
    /// The token that manages a registration (RFC 7592 §1.2).
    RawRegistrationToken
);

raw_secret!(
    /// What makes the link of an invitation unguessable.
    RawInvitation
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_stored_form() {
        let hash = SecretHash::of("abc");
        assert_eq!(SecretHash::from_hex(&hash.to_hex()), Some(hash));
        for bad in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(SecretHash::from_hex(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_secret_never_prints_itself() {
        let code = RawCode::from_bytes([7; 32]);
        assert!(!format!("{code:?}").contains(code.expose()));
    }

    #[test]
    fn an_overlong_secret_is_not_looked_at() {
        assert!(RawCode::presented(&"x".repeat(MAX_SECRET_CHARS)).is_some());
        assert!(RawCode::presented(&"x".repeat(MAX_SECRET_CHARS + 1)).is_none());
        assert!(RawCode::presented("").is_none());
    }
}
