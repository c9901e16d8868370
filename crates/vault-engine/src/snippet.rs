//! A short piece of a text around a hit.
//!
//! In: a text and a place in its folded form. Out: [`Snippet`], at most about 240 characters.

use loop_shared::vault::text::{folded_len, nfc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::text::Text;

const BEFORE: usize = 60;
const AFTER: usize = 140;
const MAX_HIT: usize = 60;

/// Text around a hit, on one line, in three pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Snippet {
    /// What stands before; starts with `…` when something was cut.
    pub before: String,
    /// The words found, as written; empty when the hit is outside the text.
    pub hit: String,
    /// What stands after; ends with `…` when something was cut.
    pub after: String,
}

impl Snippet {
    /// The three pieces as one text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}{}", self.before, self.hit, self.after)
    }
}

/// Cuts around `(offset, length)` in a note's folded text, without writing the whole text again.
pub(crate) fn of_text(text: &Text, hit: Option<(usize, usize)>) -> Snippet {
    let (offset, length) = hit.unwrap_or_default();
    // Four bytes a letter, and one letter more than is shown, so that a cut is seen as one.
    let start = offset.saturating_sub(4 * (BEFORE + 1));
    match text.window(start, offset + length + 4 * (AFTER + 1)) {
        Some((start, window)) => around(
            &window,
            hit.map(|(offset, length)| (offset - start, length)),
        ),
        None => around(&text.written(), hit),
    }
}

/// Cuts around `(offset, length)` in the folded text; without a hit, the start of the text.
pub(crate) fn around(text: &str, hit: Option<(usize, usize)>) -> Snippet {
    let (offset, length) = hit.unwrap_or_default();
    let head = head_until(text, offset + length, AFTER);
    let text = nfc(head);
    let start = unfolded(&text, offset);
    let end = unfolded(&text, offset + length).max(start);
    let (before, rest) = text.split_at(start);
    let (hit, after) = rest.split_at(end - start);
    let shown: String = before
        .chars()
        .rev()
        .take(BEFORE)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let cut_before = shown.len() < before.len();
    let cut_after = after.chars().nth(AFTER).is_some();
    let tail: String = after.chars().take(AFTER).collect();
    Snippet {
        before: format!(
            "{}{}",
            if cut_before { "…" } else { "" },
            one_line(&shown).trim_start()
        ),
        hit: one_line(&hit.chars().take(MAX_HIT).collect::<String>()),
        after: format!(
            "{}{}",
            one_line(&tail).trim_end(),
            if cut_after { "…" } else { "" }
        ),
    }
}

/// The part of a text that certainly holds the first `folded` bytes of its folded form and some more.
///
/// Decomposed text is at most eleven times as long as its composed form (UAX #15); most text is as long.
fn head_until(text: &str, folded: usize, more: usize) -> &str {
    let wanted = folded.saturating_add(more * 4).saturating_mul(3);
    let mut end = wanted.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The offset in a text of an offset in its folded form.
fn unfolded(text: &str, folded: usize) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        if passed >= folded {
            return at;
        }
        passed += folded_len(c);
    }
    text.len()
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_whitespace() || c.is_control() {
            ' '
        } else {
            c
        };
        if !(c == ' ' && line.ends_with(' ')) {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use loop_shared::vault::text::fold;

    fn cut(text: &str, word: &str) -> Snippet {
        let found = fold(text).find(word).map(|at| (at, word.len()));
        around(text, found)
    }

    #[test]
    fn the_hit_is_shown_as_written() {
        for (text, word, hit) in [
            ("we use OAuth here", "oauth", "OAuth"),
            ("배포를 롤백했다.", "롤백", "롤백"),
            ("İİİ needle", "needle", "needle"),
            ("e\u{301}e\u{301} Wort", "wort", "Wort"),
        ] {
            assert_eq!(cut(text, word).hit, hit, "{text:?}");
        }
    }

    #[test]
    fn a_snippet_is_short_and_says_what_was_cut() {
        let long = format!("{} Needle {}", "가나다 ".repeat(500), "word ".repeat(500));
        let snippet = cut(&long, "needle");
        assert!(snippet.text().chars().count() < 300);
        assert!(snippet.before.starts_with('…') && snippet.after.ends_with('…'));
        assert_eq!(around("short\ntext", None).text(), "short text");
        assert_eq!(around("", Some((0, 3))), Snippet::default());
    }
}
