//! Finds notes that hold all words of a query.
//!
//! In: words, `"quoted phrases"`, `-exclusions`, `word~`, and `title:`, `tag:`, `type:`, `status:`, `path:`.
//! Out: [`SearchPage`] with exact totals, the best first.
//! Never: a hit missed or made up. A word is found wherever its letters stand, so 롤백 finds 롤백했다 and 자동롤백, and
//! `auth` finds `OAuth`; an English word also finds its other forms (`tokens` finds `token`); a phrase is found as written.
//! Source: [decision 16](../../../docs/decisions/0016-search-asks-an-index-of-words.md).

mod gather;
mod needle;
mod parse;
mod stem;
mod tally;

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use gather::is_under;
pub(crate) use parse::Ask;

use crate::{
    Note, Snapshot,
    names::At,
    query::{Page, cursor},
    snippet::{self, Snippet},
    view::{NoteRef, PageError},
};
use gather::{Rank, gather};

/// The best place in which a note holds the words.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MatchedIn {
    /// In the text, or spread over several places.
    Body,
    /// All in properties.
    Property,
    /// All in headings.
    Heading,
    /// All in tags.
    Tag,
    /// All in the title, or in the file's name, the id or an alias.
    Title,
    /// The query is the id or an alias.
    Id,
}

impl MatchedIn {
    const fn of(rank: Rank) -> Self {
        match rank.place() {
            0 => Self::Body,
            1 => Self::Property,
            2 => Self::Heading,
            3 => Self::Tag,
            4 => Self::Title,
            _ => Self::Id,
        }
    }
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

/// Where a page ended: the rank and path of its last note.
#[derive(Serialize, Deserialize)]
struct Cursor {
    query: u64,
    rank: u64,
    path: String,
}

/// Searches names, titles, tags, properties and texts.
///
/// # Errors
/// [`PageError`] for an empty or too long query, or a cursor of another query.
pub fn search(snapshot: &Snapshot, q: &str, page: &Page) -> Result<SearchPage, PageError> {
    let ask = Ask::parse(q)?;
    let query = fingerprint(&ask);
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let cursor: Cursor = cursor::decode(text)?;
            if cursor.query != query {
                return Err(PageError::BadCursor);
            }
            Some((Rank(cursor.rank), snapshot.first_behind(&cursor.path)))
        }
    };
    let mut total = 0;
    let mut rest: Vec<(Rank, At)> = Vec::new();
    gather(snapshot, &ask, |at, rank| {
        total += 1;
        if after.is_none_or(|(last, behind)| rank < last || (rank == last && at >= behind)) {
            rest.push((rank, at));
        }
    });
    let order = |a: &(Rank, At), b: &(Rank, At)| -> Ordering { b.0.cmp(&a.0).then(a.1.cmp(&b.1)) };
    let size = page.size();
    let more = rest.len() > size;
    if more {
        rest.select_nth_unstable_by(size, order);
        rest.truncate(size);
    }
    rest.sort_unstable_by(order);
    let items = rest
        .iter()
        .filter_map(|&(rank, at)| Some(hit(&ask, rank, snapshot.at(at)?)));
    let items = items.collect();
    let last = rest.last().filter(|_| more);
    let next_cursor = last.and_then(|&(rank, at)| {
        let path = snapshot.at(at)?.path.as_str().to_owned();
        let rank = rank.0;
        Some(cursor::encode(&Cursor { query, rank, path }))
    });
    Ok(SearchPage {
        items,
        total,
        next_cursor,
    })
}

/// By position in the snapshot: whether a note fits.
pub(crate) fn matching(snapshot: &Snapshot, ask: &Ask) -> Vec<bool> {
    let mut fits = vec![false; snapshot.notes().len()];
    gather(snapshot, ask, |at, _| {
        if let Some(slot) = fits.get_mut(at as usize) {
            *slot = true;
        }
    });
    fits
}

fn hit(ask: &Ask, rank: Rank, note: &Note) -> SearchHit {
    let body = note.text.folded();
    let first = ask
        .words
        .iter()
        .filter_map(|needle| needle.first_in(body))
        .min();
    let hits = ask.words.iter().map(|needle| needle.count_in(body)).sum();
    SearchHit {
        note: NoteRef::of(note),
        matched_in: MatchedIn::of(rank),
        hits,
        snippet: snippet::of_text(&note.text, first),
    }
}

fn fingerprint(ask: &Ask) -> u64 {
    let mut hasher = DefaultHasher::new();
    ask.hash(&mut hasher);
    hasher.finish()
}
