//! Recovery codes: ten, for the day the phone is gone. Each is good once.
//!
//! In: randomness, or what a person typed. Out: codes to show once, hashes to keep. Never: a stored code.

use secrecy::SecretString;

use super::totp::base32;
use crate::{
    entropy::{Entropy, NoEntropy},
    secret::SecretHash,
    user::UserId,
};

/// How many there are.
pub const COUNT: usize = 10;

/// Letters of a code: 100 bits.
const LETTERS: usize = 20;

/// A set of codes, this once.
#[derive(Clone, Debug)]
pub struct RecoveryCodes(pub Vec<SecretString>);

/// Fresh codes and what is kept of them.
///
/// # Errors
/// [`NoEntropy`] when the random source fails.
pub fn generate(
    user: UserId,
    entropy: &dyn Entropy,
) -> Result<(RecoveryCodes, Vec<SecretHash>), NoEntropy> {
    let mut codes = Vec::with_capacity(COUNT);
    let mut hashes = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let letters: String = base32(&entropy.bytes32()?).chars().take(LETTERS).collect();
        hashes.push(hash(user, &letters));
        codes.push(SecretString::from(grouped(&letters)));
    }
    Ok((RecoveryCodes(codes), hashes))
}

/// What is kept of a code that was typed: blanks, dashes and capitals do not matter. `None` when it cannot be one.
#[must_use]
pub fn presented(user: UserId, typed: &str) -> Option<SecretHash> {
    if typed.len() > 4 * LETTERS {
        return None;
    }
    let letters: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let plausible = letters.len() == LETTERS && letters.bytes().all(|b| b.is_ascii_alphanumeric());
    plausible.then(|| hash(user, &letters))
}

/// Bound to the account, so that equal codes of two people are not alike.
fn hash(user: UserId, letters: &str) -> SecretHash {
    SecretHash::of(&format!("loop recovery code v1\n{user}\n{letters}"))
}

fn grouped(letters: &str) -> String {
    let mut out = String::with_capacity(LETTERS + 4);
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % 5 == 0 {
            out.push('-');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use secrecy::ExposeSecret as _;
    use uuid::Uuid;

    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn codes_are_different_readable_and_found_however_they_are_typed() {
        let user = UserId(Uuid::from_u128(1));
        let (codes, hashes) = generate(user, &CountingEntropy::default()).unwrap();
        let all: BTreeSet<&str> = codes.0.iter().map(SecretString::expose_secret).collect();
        assert_eq!((all.len(), hashes.len()), (COUNT, COUNT));
        for (code, hash) in codes.0.iter().zip(&hashes) {
            let code = code.expose_secret();
            assert_eq!(code.len(), 23, "four groups of five: {code}");
            for typed in [
                code.to_owned(),
                code.to_lowercase(),
                code.replace('-', " "),
                format!("  {code}\n"),
            ] {
                assert_eq!(presented(user, &typed), Some(*hash), "{typed}");
            }
            let other = UserId(Uuid::from_u128(2));
            assert_ne!(presented(other, code), Some(*hash));
        }
        for typed in [
            "",
            "ABCDE",
            &"A".repeat(21),
            &"é".repeat(10),
            &" ".repeat(999),
        ] {
            assert_eq!(presented(user, typed), None, "{typed:?}");
        }
    }
}
