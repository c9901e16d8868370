//! Cuts folded text into the words that the index knows.
//!
//! In: folded text. Out: words: runs of letters and digits; a letter of a script without spaces is a word by itself.
//! Never: a word that is left out; the index must find every letter.

/// Longer runs (hashes, encoded pictures) are not indexed as words; their notes are looked through instead. Bytes.
pub(crate) const MAX_WORD: usize = 96;

/// A word and where it starts, in bytes.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let mut letters = rest.char_indices();
        let (start, first) = letters.find(|&(_, c)| is_letter(c))?;
        let end = if stands_alone(first) {
            start + first.len_utf8()
        } else {
            letters
                .find(|&(_, c)| !is_letter(c) || stands_alone(c))
                .map_or(rest.len(), |(at, _)| at)
        };
        let found = (from + start, rest.get(start..end)?);
        from += end;
        Some(found)
    })
}

/// Whether a letter is part of a word.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    matches!(c, '\u{ac00}'..='\u{d7a3}') || c.is_alphanumeric()
}

/// Whether a letter belongs to a script that is written without spaces.
pub(crate) const fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        for (text, expected) in [
            ("", &[][..]),
            (" - ", &[]),
            ("결제를 롤백했다.", &["결제를", "롤백했다"]),
            ("tsk-000123_x", &["tsk", "000123", "x"]),
            ("oauth를", &["oauth를"]),
            ("漢字かな한글", &["漢", "字", "か", "な", "한글"]),
            ("a漢b", &["a", "漢", "b"]),
        ] {
            let found: Vec<_> = words(text).map(|(_, word)| word).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn words_stand_where_they_say_and_leave_no_letter_out(text in "[a-c가나漢 .\\-]{0,30}") {
            let letters: usize = text.chars().filter(|&c| is_letter(c)).map(char::len_utf8).sum();
            let mut found = 0;
            for (at, word) in words(&text) {
                prop_assert_eq!(text.get(at..at + word.len()), Some(word));
                found += word.len();
            }
            prop_assert_eq!(found, letters);
        }
    }
}
