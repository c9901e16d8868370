//! What somebody typed, as conditions.
//!
//! In: `결제 "주문 오류" -테스트 status:doing title:환불 tokne~`. Out: [`Ask`], folded.
//! Never: an error for odd spelling: what is no operator is text. Only nothing and too much are refused.

use loop_shared::vault::text::fold;

use super::needle::Needle;
use crate::{index::Fields, view::PageError};

const MAX_CHARS: usize = 512;
const MAX_TERMS: usize = 16;

/// Everything that must be true of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    /// All of these stand in it.
    pub(crate) words: Vec<Needle>,
    /// None of these does.
    pub(crate) without: Vec<Needle>,
    /// All of these are true.
    pub(crate) traits: Vec<Trait>,
    /// None of these is.
    pub(crate) without_traits: Vec<Trait>,
    /// The words as one text, to compare with ids and aliases.
    pub(crate) whole: String,
}

/// What a note is, besides its words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trait {
    /// Carries this tag, or one nested below it.
    Tag(String),
    /// Is one of these types.
    Kind(Vec<String>),
    /// Has one of these statuses.
    Status(Vec<String>),
    /// This stands in its path.
    Path(String),
}

impl Ask {
    /// # Errors
    /// [`PageError::EmptyQuery`], [`PageError::QueryTooLong`].
    pub(crate) fn parse(q: &str) -> Result<Self, PageError> {
        if q.chars().count() > MAX_CHARS {
            return Err(PageError::QueryTooLong);
        }
        let mut ask = Self::default();
        let mut rest = q;
        while let Some((token, behind)) = Token::next(rest) {
            rest = behind;
            ask.add(&token);
        }
        ask.words.dedup();
        let words: Vec<String> = ask.words.iter().map(Needle::text).collect();
        ask.whole = words.join(" ");
        match ask.len() {
            0 => Err(PageError::EmptyQuery),
            1..=MAX_TERMS => Ok(ask),
            _ => Err(PageError::QueryTooLong),
        }
    }

    /// For filters: what is no query asks nothing, what is too long is cut.
    pub(crate) fn lenient(q: &str) -> Option<Self> {
        let mut ask = Self::parse(&q.chars().take(MAX_CHARS).collect::<String>());
        if matches!(ask, Err(PageError::QueryTooLong)) {
            let words = q.split_whitespace().take(MAX_TERMS);
            ask = Self::parse(
                &words
                    .collect::<Vec<_>>()
                    .join(" ")
                    .chars()
                    .take(MAX_CHARS)
                    .collect::<String>(),
            );
        }
        ask.ok()
    }

    fn len(&self) -> usize {
        self.words.len() + self.without.len() + self.traits.len() + self.without_traits.len()
    }

    fn add(&mut self, token: &Token<'_>) {
        let text = fold(token.text);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let (words, traits) = if token.without {
            (&mut self.without, &mut self.without_traits)
        } else {
            (&mut self.words, &mut self.traits)
        };
        let listed = || {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        match token.field {
            Some("tag") => traits.push(Trait::Tag(text.trim_matches(['#', '/']).to_owned())),
            Some("type") => traits.push(Trait::Kind(listed())),
            Some("status") => traits.push(Trait::Status(listed())),
            Some("path") => traits.push(Trait::Path(text.trim_start_matches('/').to_owned())),
            field => {
                let fields = if field == Some("title") {
                    Fields::TITLE
                } else {
                    Fields::ALL
                };
                let exact = token.quoted || token.without;
                words.push(Needle::of(text, fields, exact, token.fuzzy));
            }
        }
    }
}

const FIELDS: [&str; 5] = ["title", "tag", "type", "status", "path"];

struct Token<'a> {
    without: bool,
    field: Option<&'static str>,
    quoted: bool,
    fuzzy: bool,
    text: &'a str,
}

impl<'a> Token<'a> {
    /// The first token and what follows it.
    fn next(text: &'a str) -> Option<(Self, &'a str)> {
        let mut rest = text.trim_start();
        if rest.is_empty() {
            return None;
        }
        let mut token = Self {
            without: false,
            field: None,
            quoted: false,
            fuzzy: false,
            text: "",
        };
        if let Some(behind) = rest
            .strip_prefix('-')
            .filter(|behind| !behind.is_empty() && !behind.starts_with([' ', '-']))
        {
            (token.without, rest) = (true, behind);
        }
        for field in FIELDS {
            let head = rest
                .get(..field.len())
                .filter(|head| head.eq_ignore_ascii_case(field));
            let behind = head.and_then(|_| rest.get(field.len()..)?.strip_prefix(':'));
            if let Some(behind) = behind
                .filter(|behind| !behind.is_empty() && !behind.starts_with(char::is_whitespace))
            {
                (token.field, rest) = (Some(field), behind);
                break;
            }
        }
        if let Some(phrase) = rest.strip_prefix(QUOTES) {
            let close: &[char] = if rest.starts_with('"') {
                &['"']
            } else {
                &['“', '”', '"']
            };
            let (phrase, behind) = phrase.split_once(close).unwrap_or((phrase, ""));
            (token.quoted, token.text) = (true, phrase);
            return Some((token, behind));
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || QUOTES.contains(&c))
            .unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        token.text = word;
        if let Some(word) = word.strip_suffix('~').filter(|word| !word.is_empty()) {
            (token.fuzzy, token.text) = (true, word);
        }
        Some((token, behind))
    }
}

const QUOTES: [char; 3] = ['"', '“', '”'];
