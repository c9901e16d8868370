//! User codes (RFC 8628 §6.1): eight consonants that a person reads on one screen and types on another.
//!
//! In: entropy, or what a person typed. Out: a code. Never: a vowel (no words), a digit (no 0 and O), a code in clear at rest.

use crate::{
    entropy::{Entropy, NoEntropy},
    secret::SecretHash,
};

/// The twenty letters.
pub const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Letters of a code: 20⁸, about 2³⁴·⁶ codes.
pub const LETTERS: usize = 8;

/// The most that is looked at of what somebody typed, in bytes.
const MAX_TYPED_BYTES: usize = 64;

/// A user code. It is short, so nobody prints it by accident either.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([u8; LETTERS]);

impl std::fmt::Debug for UserCode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[REDACTED]")
    }
}

impl UserCode {
    /// A fresh code, every one as likely as any other.
    ///
    /// # Errors
    /// [`NoEntropy`] when the random source fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut letters = [0; LETTERS];
        let mut filled = letters.iter_mut();
        loop {
            for byte in entropy.bytes32()? {
                // 240 is the last multiple of 20 in a byte: what lies beyond would favour some letters.
                let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len());
                let Some(letter) = letter.filter(|_| byte < 240) else {
                    continue;
                };
                let Some(place) = filled.next() else {
                    return Ok(Self(letters));
                };
                *place = *letter;
            }
        }
    }

    /// Reads what a person typed: in any case, with dashes, blanks or dots anywhere. `None` for anything that is no code;
    /// a letter outside the alphabet is a mistake to be told of, not one to be dropped.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MAX_TYPED_BYTES {
            return None;
        }
        let mut letters = [0; LETTERS];
        let mut places = letters.iter_mut();
        for c in typed.chars().filter(|c| !is_separator(*c)) {
            let letter = u8::try_from(c.to_ascii_uppercase()).ok()?;
            *places.next()? = *ALPHABET.iter().find(|known| **known == letter)?;
        }
        places.next().is_none().then_some(Self(letters))
    }

    /// As people read it: `WDJB-MJHT`.
    #[must_use]
    pub fn display(&self) -> String {
        let (first, second) = self.0.split_at(LETTERS / 2);
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        format!("{}-{}", text(first), text(second))
    }

    /// The form that is stored and looked up. A copy of the database can be searched for so short a code, but a code is good
    /// for minutes and opens nothing by itself.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&format!("loop-user-code-1:{}", self.display()))
    }
}

/// Blanks, dashes and the like, of any script: what phones and people put between letters.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_ascii_punctuation()
        || matches!(
            c,
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{b7}' | '\u{200b}' | '\u{ad}'
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn a_code_is_read_as_people_type_it_and_nothing_else() {
        for (typed, read) in [
            ("WDJB-MJHT", true),
            ("wdjbmjht", true),
            (" wdjb – mjht\t", true),
            ("W.D.J.B.M.J.H.T", true),
            ("WDJB\u{2212}MJHT", true),
            ("WDJBMJH", false),
            ("WDJBMJHTT", false),
            ("WDJB-MJHA", false), // a vowel
            ("WDJB-MJHTA", false),
            ("WDJB-MJH0", false),
            ("ＷＤＪＢＭＪＨＴ", false),
            ("ＷDJB-MJHT", false),
            ("", false),
            ("--------", false),
            (&"-".repeat(65), false),
            (&format!("{}WDJBMJHT", "-".repeat(57)), false),
        ] {
            let got = UserCode::parse(typed);
            assert_eq!(got.is_some(), read, "{typed:?}");
            if let Some(code) = got {
                assert_eq!(code.display(), "WDJB-MJHT");
            }
        }
    }

    #[test]
    fn letters_are_drawn_evenly_and_codes_do_not_repeat() {
        let entropy = CountingEntropy::default();
        let mut counts = BTreeMap::<u8, usize>::new();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..5_000 {
            let code = UserCode::generate(&entropy).unwrap();
            code.0
                .iter()
                .for_each(|letter| *counts.entry(*letter).or_default() += 1);
            assert!(seen.insert(code.display()));
        }
        assert_eq!(counts.len(), 20);
        // 2000 each; 300 is more than six standard deviations.
        assert!(
            counts.values().all(|count| count.abs_diff(2_000) < 300),
            "{counts:?}"
        );
    }

    #[test]
    fn a_code_does_not_print_itself_and_hashes_as_no_other_secret() {
        let code = UserCode::parse("WDJBMJHT").unwrap();
        assert!(!format!("{code:?}").contains("WDJB"));
        assert_ne!(code.hash(), SecretHash::of("WDJB-MJHT"));
    }

    proptest! {
        #[test]
        fn every_code_survives_any_case_and_any_separators(
            places in prop::collection::vec(0..20_usize, LETTERS),
            lower in prop::collection::vec(any::<bool>(), LETTERS),
            between in prop::collection::vec("[-–—. _\t]{0,3}", LETTERS),
        ) {
            let code = UserCode(std::array::from_fn(|n| ALPHABET[places[n]]));
            let mut typed = String::new();
            for n in 0..LETTERS {
                let letter = char::from(code.0[n]);
                typed.push(if lower[n] { letter.to_ascii_lowercase() } else { letter });
                typed.push_str(&between[n]);
            }
            let read = UserCode::parse(&typed);
            prop_assert_eq!(read.is_some(), typed.len() <= MAX_TYPED_BYTES);
            if let Some(read) = read {
                prop_assert_eq!(read.hash(), code.hash());
            }
            prop_assert_eq!(UserCode::parse(&code.display()), Some(code));
        }

        #[test]
        fn arbitrary_text_never_panics_and_reads_only_as_itself(typed in ".{0,80}") {
            if let Some(code) = UserCode::parse(&typed) {
                let letters = |text: &str| -> String {
                    text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase()
                };
                prop_assert_eq!(letters(&typed), letters(&code.display()));
            }
        }
    }
}
