//! Time-based one-time passwords: six digits, SHA-1, thirty seconds (RFC 6238, RFC 4226), which is what every app speaks.
//!
//! In: a shared secret, a time. Out: a code, or the step whose code was typed. Never: a clock.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::entropy::{Entropy, NoEntropy};

/// Bytes of a shared secret: the length of the hash (RFC 4226 §4 R6).
pub const SECRET_BYTES: usize = 20;

/// Seconds of a step (RFC 6238 §4.1).
const STEP_SECONDS: i64 = 30;

/// Steps before and after now that still count: clocks differ, and people type (RFC 6238 §5.2).
const WINDOW: i64 = 1;

/// A shared secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(pub [u8; SECRET_BYTES]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[REDACTED]")
    }
}

impl TotpSecret {
    /// A fresh secret.
    ///
    /// # Errors
    /// [`NoEntropy`] when the random source fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let bytes = entropy.bytes32()?;
        let mut secret = [0; SECRET_BYTES];
        secret.copy_from_slice(bytes.split_at(SECRET_BYTES).0);
        Ok(Self(secret))
    }

    /// As people type it: base32 without padding (RFC 4648 §6).
    #[must_use]
    pub fn base32(&self) -> String {
        base32(&self.0)
    }

    /// The step whose code this is: now, or one next to it; `None` when it is none of theirs. All are compared.
    #[must_use]
    pub fn step_of(&self, typed: &str, now: DateTime<Utc>) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let current = now.timestamp().div_euclid(STEP_SECONDS);
        let mut found = None;
        for step in current - WINDOW..=current + WINDOW {
            let code = self.code(step);
            if code.as_bytes().ct_eq(typed.as_bytes()).into() {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        // A block-sized key cannot be too short or too long (RFC 2104 §2).
        let mut block = [0_u8; 64];
        block[..SECRET_BYTES].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha1> as hmac::digest::KeyInit>::new(&block.into());
        mac.update(&step.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(digest[19] & 0x0f);
        let mut number = [0; 4];
        number.copy_from_slice(&digest[offset..offset + 4]);
        let number = u32::from_be_bytes(number) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Base32 without padding (RFC 4648 §6).
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0_u8; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let letters = (group.len() * 8).div_ceil(5);
        for at in 0..letters {
            let index = (bits >> (35 - 5 * at)) & 31;
            out.push(char::from(LETTERS[usize::try_from(index).unwrap_or(0)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        // Their last six digits: the appendix has eight.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code(seconds / 30), code, "{seconds}");
            assert_eq!(secret().step_of(code, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn codes_are_those_of_rfc_4226_appendix_d() {
        for (counter, code) in [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(secret().code(i64::try_from(counter).unwrap()), code);
        }
    }

    #[test]
    fn a_code_counts_one_step_early_and_late_and_not_a_second_more() {
        let begins = 1_111_111_110; // a multiple of 30
        let code = secret().code(begins / 30);
        for (seconds, counts) in [
            (begins - 31, false),
            (begins - 30, true),
            (begins, true),
            (begins + 59, true),
            (begins + 60, false),
        ] {
            let got = secret().step_of(&code, at(seconds));
            assert_eq!(got, counts.then_some(begins / 30), "{}", seconds - begins);
        }
    }

    #[test]
    fn what_is_no_code_is_no_code() {
        let now = at(59) + TimeDelta::zero();
        assert_eq!(secret().step_of(" 287 082 ", now), Some(1));
        for typed in [
            "",
            "28708",
            "2870822",
            "94287082",
            "２８７０８２",
            "287082\0",
        ] {
            assert_eq!(secret().step_of(typed, now), None, "{typed:?}");
        }
        assert_eq!(format!("{:?}", secret()), "[REDACTED]");
    }

    #[test]
    fn base32_is_that_of_rfc_4648_without_padding() {
        for (plain, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
            ("12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        ] {
            assert_eq!(base32(plain.as_bytes()), expected);
        }
    }
}
