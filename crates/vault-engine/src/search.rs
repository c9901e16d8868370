//! Finds notes that hold all words of a query.
//!
//! In: words, `"quoted phrases"`. Out: [`SearchPage`] with exact totals, the best first.
//! Never: stemming or guessing; a word matches wherever its letters stand, so 롤백 finds 롤백했다.
//! Source: substring search over folded text (NFC, lower case).

use std::{
    cmp::Reverse,
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use loop_shared::vault::text::fold;
use memchr::memmem::Finder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Note, Snapshot,
    note::Folded,
    query::{Page, cursor},
    snippet::{self, Snippet},
    view::{NoteRef, PageError},
};

const MAX_CHARS: usize = 512;
const MAX_TERMS: usize = 16;

/// The words of a query, folded.
pub(crate) struct Terms {
    whole: String,
    finders: Vec<Finder<'static>>,
}

impl Terms {
    fn parse(q: &str) -> Result<Self, PageError> {
        if q.chars().count() > MAX_CHARS {
            return Err(PageError::QueryTooLong);
        }
        let mut terms: Vec<String> = Vec::new();
        for (at, part) in q.split(['"', '“', '”']).enumerate() {
            let folded = fold(part);
            let phrase = at % 2 == 1;
            if phrase && !folded.trim().is_empty() {
                terms.push(folded.trim().to_owned());
            } else {
                terms.extend(folded.split_whitespace().map(str::to_owned));
            }
        }
        terms.dedup();
        match terms.len() {
            0 => Err(PageError::EmptyQuery),
            1..=MAX_TERMS => Ok(Self {
                whole: fold(q.trim().trim_matches(['"', '“', '”'])),
                finders: terms
                    .iter()
                    .map(|term| Finder::new(term.as_bytes()).into_owned())
                    .collect(),
            }),
            _ => Err(PageError::QueryTooLong),
        }
    }

    /// For filters: what is no query asks nothing, what is too long is cut.
    pub(crate) fn lenient(q: &str) -> Option<Self> {
        let mut terms = Self::parse(&q.chars().take(MAX_CHARS).collect::<String>());
        if matches!(terms, Err(PageError::QueryTooLong)) {
            terms = Self::parse(
                &q.split_whitespace()
                    .take(MAX_TERMS)
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        terms.ok()
    }

    /// Whether every word stands somewhere in the note.
    pub(crate) fn all_in(&self, note: &Folded) -> bool {
        self.finders.iter().all(|finder| {
            let has = |text: &str| finder.find(text.as_bytes()).is_some();
            has(&note.title)
                || names(note).any(has)
                || note.tags.iter().any(|tag| has(tag))
                || has(&note.body)
        })
    }

    fn all_stand_in<'a>(&self, texts: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
        self.finders.iter().all(|finder| {
            texts
                .clone()
                .any(|text| finder.find(text.as_bytes()).is_some())
        })
    }

    fn place(&self, note: &Folded) -> MatchedIn {
        if names(note).any(|name| name == self.whole) {
            MatchedIn::Id
        } else if self.all_stand_in(&std::iter::once(&*note.title)) {
            MatchedIn::Title
        } else if self.all_stand_in(&note.tags.iter().map(|tag| &**tag)) {
            MatchedIn::Tag
        } else if self.all_stand_in(&std::iter::once(&*note.headings)) {
            MatchedIn::Heading
        } else {
            MatchedIn::Body
        }
    }

    fn count(&self, note: &Folded) -> u32 {
        let count =
            |finder: &Finder<'static>| finder.find_iter(note.body.as_bytes()).take(1000).count();
        u32::try_from(self.finders.iter().map(count).sum::<usize>()).unwrap_or(u32::MAX)
    }
}

fn names(note: &Folded) -> impl Iterator<Item = &str> + Clone {
    note.id.iter().chain(&note.aliases).map(|name| &**name)
}

/// The best place in which a note holds the words.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MatchedIn {
    /// In the text, or spread over several places.
    Body,
    /// All in headings.
    Heading,
    /// All in tags.
    Tag,
    /// All in the title.
    Title,
    /// The query is the id or an alias.
    Id,
}

/// One note found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SearchHit {
    /// The note.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Where it was found; the best place.
    pub matched_in: MatchedIn,
    /// How often the words stand in the text.
    pub hits: u32,
    /// The text around the first hit.
    pub snippet: Snippet,
}

/// One page of notes found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SearchPage {
    /// The notes of this page; `results` in JSON.
    #[serde(rename = "results")]
    pub items: Vec<SearchHit>,
    /// How many notes match, on all pages together.
    pub total: u64,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Place of a hit in the ranking: better place, more hits, then the path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Rank(Reverse<MatchedIn>, Reverse<u32>, String);

#[derive(Serialize, Deserialize)]
struct Cursor {
    query: u64,
    after: Rank,
}

/// Searches titles, ids, aliases, tags and texts.
///
/// # Errors
/// [`PageError`] for an empty or too long query, or a cursor of another query.
pub fn search(snapshot: &Snapshot, q: &str, page: &Page) -> Result<SearchPage, PageError> {
    let terms = Terms::parse(q)?;
    let query = fingerprint(&terms);
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let cursor: Cursor = cursor::decode(text)?;
            if cursor.query != query {
                return Err(PageError::BadCursor);
            }
            Some(cursor.after)
        }
    };
    let mut total = 0;
    let mut rest: Vec<(Rank, &Note)> = Vec::new();
    for note in snapshot
        .notes()
        .iter()
        .filter(|note| terms.all_in(&note.folded))
    {
        total += 1;
        let place = Reverse(terms.place(&note.folded));
        let rank = Rank(
            place,
            Reverse(terms.count(&note.folded)),
            note.path.as_str().to_owned(),
        );
        if after.as_ref().is_none_or(|after| rank > *after) {
            rest.push((rank, note.as_ref()));
        }
    }
    let size = page.size();
    let more = rest.len() > size;
    if more {
        rest.select_nth_unstable_by(size, |(a, _), (b, _)| a.cmp(b));
        rest.truncate(size);
    }
    rest.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let items = rest
        .iter()
        .map(|(rank, note)| hit(&terms, rank, note))
        .collect();
    let last = rest.pop().filter(|_| more);
    let next_cursor = last.map(|(after, _)| cursor::encode(&Cursor { query, after }));
    Ok(SearchPage {
        items,
        total,
        next_cursor,
    })
}

fn hit(terms: &Terms, rank: &Rank, note: &Note) -> SearchHit {
    let first = terms
        .finders
        .iter()
        .filter_map(|finder| {
            Some((
                finder.find(note.folded.body.as_bytes())?,
                finder.needle().len(),
            ))
        })
        .min();
    SearchHit {
        note: NoteRef::of(note),
        matched_in: rank.0.0,
        hits: rank.1.0,
        snippet: snippet::around(&note.body, first),
    }
}

fn fingerprint(terms: &Terms) -> u64 {
    let mut hasher = DefaultHasher::new();
    for finder in &terms.finders {
        finder.needle().hash(&mut hasher);
    }
    hasher.finish()
}
