//! Words that are nearly a word.
//!
//! In: a word. Out: whether another is one slip away (two from six letters on), by the letters that are typed: jamo for Hangul.
//! Never: a long word; distances are not worth their time beyond [`MAX_LETTERS`].

use unicode_normalization::UnicodeNormalization;

const MAX_LETTERS: usize = 48;

/// A word to compare others with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fuzzy {
    letters: Vec<char>,
    allowed: usize,
    /// Particles stick to Korean nouns: what follows the word does not count.
    open: bool,
}

impl Fuzzy {
    /// `None` when the word is too short or too long to be guessed at.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let letters: Vec<char> = word.nfd().collect();
        if !(3..=MAX_LETTERS).contains(&letters.len()) {
            return None;
        }
        Some(Self {
            allowed: if letters.len() < 6 { 1 } else { 2 },
            open: word.chars().any(|c| matches!(c, '\u{ac00}'..='\u{d7a3}')),
            letters,
        })
    }

    /// Whether a word is near.
    pub(crate) fn is_near(&self, word: &str) -> bool {
        let most = self.letters.len() + self.allowed;
        let mut letters = [char::MAX; MAX_LETTERS + 4];
        let mut length = 0;
        for letter in word.nfd() {
            if length == most || length == letters.len() {
                if !self.open {
                    return false;
                }
                break;
            }
            if let Some(slot) = letters.get_mut(length) {
                *slot = letter;
            }
            length += 1;
        }
        length + self.allowed >= self.letters.len()
            && self.distance(letters.get(..length).unwrap_or_default())
    }

    /// Levenshtein's distance with neighbours swapped as one slip, against the bound.
    fn distance(&self, word: &[char]) -> bool {
        let wanted = &self.letters;
        let mut rows = [[0_usize; MAX_LETTERS + 1]; 3];
        for (at, cell) in rows[1].iter_mut().enumerate() {
            *cell = at;
        }
        let last = wanted.len();
        let mut best = rows[1][last];
        for (at, &letter) in word.iter().enumerate() {
            let [before, above, mut row] = rows;
            row[0] = at + 1;
            for (column, &want) in wanted.iter().enumerate() {
                let mut cost = above[column] + usize::from(want != letter);
                cost = cost.min(above[column + 1] + 1).min(row[column] + 1);
                let swapped = column > 0 && at > 0 && want == word[at - 1];
                if swapped && wanted[column - 1] == letter {
                    cost = cost.min(before[column - 1] + 1);
                }
                row[column + 1] = cost;
            }
            if row[..=last].iter().all(|&cost| cost > self.allowed) {
                return self.open && best <= self.allowed;
            }
            best = best.min(row[last]);
            rows = [above, row, before];
        }
        let end = rows[1][last];
        (if self.open { best } else { end }) <= self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_forgiven_and_another_word_is_not() {
        for (word, other, expected) in [
            ("oauth", "oauth", true),
            ("oauht", "oauth", true),
            ("oath", "oauth", true),
            ("oauth", "oaths", false),
            ("authentication", "authentcaton", true),
            ("cache", "cach", true),
            ("cache", "caches", true),
            ("cache", "cachebox", false),
            ("결재", "결제", true),
            ("결재", "결제를", true),
            ("결재", "결산", false),
            ("롤벡", "롤백했다", true),
            ("롤백", "배포", false),
        ] {
            let fuzzy = Fuzzy::of(word).unwrap();
            assert_eq!(fuzzy.is_near(other), expected, "{word} {other}");
        }
        assert!(Fuzzy::of("ab").is_none() && Fuzzy::of(&"a".repeat(49)).is_none());
    }
}
