//! One form of text for comparing and searching.
//!
//! In: any text. Out: NFC (macOS file names are NFD) and a form of it without case and width.
//! Source: Unicode UAX #15; simple lower-casing, character by character, so that offsets can be mapped back.

use std::{borrow::Cow, collections::HashSet};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Normalizes to NFC; borrows when nothing changes.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii()
        || text.chars().all(is_plainly_nfc)
        || is_nfc_quick(text.chars()) == IsNormalized::Yes
    {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// NFC, lower case and ordinary width (`ＡＰＩ` is `api`): two texts that a person reads as equal fold to the same text.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() || text.chars().all(folds_as_ascii) {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in nfc(text).chars() {
        push_folded(&mut folded, c);
    }
    folded
}

/// Length in bytes of one folded character.
#[must_use]
pub fn folded_len(c: char) -> usize {
    if c.is_ascii() {
        return 1;
    }
    fold_char(c).map(char::len_utf8).sum()
}

/// Drops repetitions; the first of each stays where it is.
#[must_use]
pub fn each_once(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for text in texts {
        if seen.insert(text.clone()) {
            kept.push(text);
        }
    }
    kept
}

fn push_folded(out: &mut String, c: char) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
    } else if matches!(c, '\u{ac00}'..='\u{d7a3}') {
        out.push(c);
    } else {
        out.extend(fold_char(c));
    }
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    let plain = match c {
        // The final sigma is a sigma: position must not matter for a search.
        'ς' => 'σ',
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    };
    plain.to_lowercase()
}

/// Letters that no neighbour can compose with or reorder: most texts hold nothing else, and need no table.
const fn is_plainly_nfc(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3029}' | '\u{ac00}'..='\u{d7a3}')
}

/// Letters that are [`is_plainly_nfc`] and fold to themselves, but for the case of ASCII: most notes hold nothing else.
const fn folds_as_ascii(c: char) -> bool {
    matches!(c, '\0'..='\x7f' | '\u{2010}'..='\u{2027}' | '\u{3001}'..='\u{3029}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_read_alike_fold_alike() {
        for (one, other) in [
            ("OAuth", "oauth"),
            ("가설", "\u{1100}\u{1161}\u{1109}\u{1165}\u{11af}"),
            ("É", "e\u{301}"),
            ("ΛΌΓΟΣ", "λόγος"),
            ("ＡＰＩ　１２", "api 12"),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} vs {other:?}");
        }
        assert_ne!(fold("결제"), fold("결재"));
    }

    #[test]
    fn a_letter_that_is_taken_for_folded_folds_to_itself() {
        for c in ('\0'..=char::MAX).filter(|&c| folds_as_ascii(c) && !c.is_ascii()) {
            assert!(is_plainly_nfc(c) && fold_char(c).eq([c]), "{c:?}");
        }
    }

    #[test]
    fn folded_length_is_the_length_of_the_folded_text() {
        for c in "aÀİß가ςΣ😀Ａ～　".chars() {
            assert_eq!(folded_len(c), fold(&c.to_string()).len(), "{c:?}");
        }
    }
}
