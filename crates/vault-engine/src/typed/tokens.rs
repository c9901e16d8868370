//! A line cut into words, signs and texts, each with its place.

use serde_json::{Value, json};

use super::QueryError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: a name, a number, a day, a keyword.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`.
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// In characters, from 1.
    pub(super) at: usize,
}

/// Longer signs first, so that `<=` is not `<`.
const SIGNS: [(&str, &str); 15] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("&&", "and"),
    ("||", "or"),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    ("!", "not"),
    (";", ","),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut at = 1;
    loop {
        let trimmed = rest.trim_start();
        at += rest
            .get(..rest.len() - trimmed.len())
            .unwrap_or_default()
            .chars()
            .count();
        rest = trimmed;
        let Some(first) = rest.chars().next() else {
            tokens.push(Token {
                kind: Kind::End,
                at,
            });
            return Ok(tokens);
        };
        let (kind, length) = if matches!(first, '"' | '\'' | '`') {
            let (inner, length) = quoted(rest, first).ok_or_else(|| QueryError::Syntax {
                at,
                message: format!("the quote {first} is never closed"),
            })?;
            (
                if first == '`' {
                    Kind::Word(inner)
                } else {
                    Kind::Text(inner)
                },
                length,
            )
        } else if let Some((sign, means)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            let kind = if means.starts_with(char::is_alphabetic) {
                Kind::Word((*means).to_owned())
            } else {
                Kind::Sign(means)
            };
            (kind, sign.len())
        } else {
            let length = rest.find(ends_word).unwrap_or(rest.len());
            (
                Kind::Word(rest.get(..length).unwrap_or_default().to_owned()),
                length,
            )
        };
        tokens.push(Token { kind, at });
        let (passed, behind) = rest
            .split_at_checked(length.max(first.len_utf8()))
            .unwrap_or((rest, ""));
        at += passed.chars().count();
        rest = behind;
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "=<>!&|(),;\"'`".contains(c)
}

/// The text inside quotes and the length with them; a backslash keeps the next character.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, c)) = letters.next() {
        match c {
            '\\' => inner.push(letters.next()?.1),
            c if c == quote => return Some((inner, at + c.len_utf8())),
            c => inner.push(c),
        }
    }
    None
}

/// A bare word that is a number.
pub(super) fn number(word: &str) -> Option<Value> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain {
        return None;
    }
    let whole = word.parse::<i64>().ok().map(|number| json!(number));
    whole.or_else(|| {
        word.parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|number| json!(number))
    })
}
