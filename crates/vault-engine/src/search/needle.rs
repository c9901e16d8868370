//! One word or phrase to find, and how it is compared with a text.
//!
//! In: folded text. Out: [`Needle`], which knows what to ask the index and can verify a find in a note's text.
//! Never: a note's text looked at when the index alone can tell.

use memchr::memmem::Finder;

use super::stem::stem;
use crate::{
    index::{Ends, Fields, Fuzzy, MAX_WORD, Pair, each_text, is_letter, stands_alone, words},
    note::Note,
};

/// A word or phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Needle {
    /// Pieces without spaces; any spaces may stand between them.
    pub(crate) pieces: Vec<String>,
    /// Where it may stand.
    pub(crate) fields: Fields,
    /// The words of the index that a note must hold for it.
    pub(crate) parts: Vec<Part>,
    /// A note that holds the parts holds the needle: it is one word.
    pub(crate) sure: bool,
    /// Other forms of the word count too.
    pub(crate) stem: Option<String>,
    /// Words that are nearly this one count too.
    pub(crate) fuzzy: Option<Fuzzy>,
}

/// A word of a needle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) ends: Ends,
}

/// How well a note holds a needle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where; nowhere when it does not.
    pub(crate) fields: Fields,
    /// About how often in the body.
    pub(crate) weight: u8,
    /// Whether it starts a word somewhere; a stem or a slip never does.
    pub(crate) quality: Quality,
}

/// How a needle stands in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quality {
    /// Another form of the word, or a slip.
    #[default]
    Alike,
    /// Inside a word.
    Inside,
    /// At a word's start.
    Start,
}

/// Weights are not counted further than this.
pub(crate) const MAX_WEIGHT: u8 = 8;

impl Needle {
    pub(crate) fn of(text: &str, fields: Fields, exact: bool, fuzzy: bool) -> Self {
        let pieces: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let parts = parts(text);
        let one_word = matches!(parts.as_slice(), [part] if part.text.len() == text.len());
        Self {
            sure: one_word && text.len() <= MAX_WORD && !text.chars().any(stands_alone),
            stem: if exact || !one_word { None } else { stem(text) },
            fuzzy: if fuzzy && one_word {
                Fuzzy::of(text)
            } else {
                None
            },
            pieces,
            fields,
            parts,
        }
    }

    /// Its words that stand side by side.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let beside = self.parts.iter().zip(self.parts.iter().skip(1));
        beside
            .filter_map(|(first, second)| Pair::of(&first.text, &second.text))
            .collect()
    }

    /// What is looked for, as one text.
    pub(crate) fn text(&self) -> String {
        self.pieces.join(" ")
    }

    /// Where the first find in a text is: offset and length.
    pub(crate) fn first_in(&self, text: &str) -> Option<(usize, usize)> {
        let alike = || {
            let mut words = words(text).filter(|(_, word)| word.len() <= MAX_WORD);
            words
                .find(|(_, word)| self.is_like(word))
                .map(|(at, word)| (at, word.len()))
        };
        let exact = self.finder().find_at(text, 0);
        exact.or_else(|| {
            if self.stem.is_some() || self.fuzzy.is_some() {
                alike()
            } else {
                None
            }
        })
    }

    /// How often it stands in a text; not counted beyond a thousand.
    pub(crate) fn count_in(&self, text: &str) -> u32 {
        let finder = self.finder();
        let (mut from, mut count) = (0, 0);
        while count < 1000
            && let Some((at, length)) = finder.find_at(text, from)
        {
            count += 1;
            from = at + length.max(1);
        }
        count
    }

    /// The pieces as [`Needle::verify`] takes them.
    pub(crate) fn finder(&self) -> PieceFinder<'_> {
        let (first, behind) = self
            .pieces
            .split_first()
            .map_or(("", &[][..]), |(first, behind)| (first.as_str(), behind));
        PieceFinder {
            first: Finder::new(first.as_bytes()),
            behind,
        }
    }

    /// Looks through a note's text.
    pub(crate) fn verify(&self, finder: &PieceFinder<'_>, note: &Note) -> Found {
        let mut found = Found::default();
        each_text(note, |field, text| {
            if !self.fields.meets(field) {
                return;
            }
            let mut from = 0;
            let mut count = 0_u8;
            while let Some((at, length)) = finder.find_at(text, from) {
                found.fields = found.fields.with(field);
                let starts = text
                    .get(..at)
                    .and_then(|before| before.chars().next_back())
                    .is_none_or(|c| !is_letter(c) || stands_alone(c));
                let quality = if starts {
                    Quality::Start
                } else {
                    Quality::Inside
                };
                found.quality = found.quality.max(quality);
                count = count.saturating_add(1);
                let enough = if field == Fields::BODY {
                    count >= MAX_WEIGHT
                } else {
                    true
                };
                if enough && found.quality == Quality::Start {
                    break;
                }
                from = at + length.max(1);
            }
            if field == Fields::BODY {
                found.weight = count.min(MAX_WEIGHT);
            }
            if self.stem.is_some() || self.fuzzy.is_some() {
                self.alike(field, text, &mut found);
            }
        });
        found
    }

    /// Other forms of the word and slips, word by word.
    fn alike(&self, field: Fields, text: &str, found: &mut Found) {
        let whole = self.pieces.first().map(String::as_str).unwrap_or_default();
        for (_, word) in words(text).filter(|(_, word)| word.len() <= MAX_WORD) {
            if !word.contains(whole) && self.is_like(word) {
                found.fields = found.fields.with(field);
                if field == Fields::BODY {
                    found.weight = found.weight.saturating_add(1).min(MAX_WEIGHT);
                }
            }
        }
    }

    /// Whether a word is another form of this one, or nearly this one.
    pub(crate) fn is_like(&self, word: &str) -> bool {
        let same_stem = self.stem.is_some() && stem(word) == self.stem;
        same_stem || self.fuzzy.as_ref().is_some_and(|fuzzy| fuzzy.is_near(word))
    }
}

/// Finds pieces that stand one behind the other, with nothing but space between.
pub(crate) struct PieceFinder<'a> {
    first: Finder<'a>,
    behind: &'a [String],
}

impl PieceFinder<'_> {
    /// Offset and length of the first find at or behind an offset.
    pub(crate) fn find_at(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let mut from = from;
        loop {
            let at = from + self.first.find(text.as_bytes().get(from..)?)?;
            let end = self
                .behind
                .iter()
                .try_fold(at + self.first.needle().len(), |end, piece| {
                    let rest = text.get(end..)?;
                    let next = rest.trim_start();
                    (next.len() < rest.len() && next.starts_with(piece.as_str()))
                        .then(|| end + (rest.len() - next.len()) + piece.len())
                });
            if let Some(end) = end {
                return Some((at, end - at));
            }
            from = at + 1;
        }
    }
}

/// The words of a text, and which of their ends must be a word's end in the note too.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (at, word) in words(text) {
        let alone = word.chars().all(stands_alone);
        let ends = Ends {
            start: at > 0 || alone,
            end: at + word.len() < text.len() || alone,
        };
        parts.push(Part {
            text: word.to_owned(),
            ends,
        });
    }
    parts
}
