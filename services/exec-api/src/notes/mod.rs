//! The vault's own search and reading, for REST and MCP.
//!
//! In: a snapshot, words or a path. Out: the engine's shapes, or a [`Refusal`]. Never: HTTP, MCP.

pub(crate) mod piece;

use loop_shared::models::shortened;
use loop_vault::query::{self, NoteAnswer, NoteView, Page};
use loop_vault::search::{self, SearchPage};
use loop_vault::{NoteRef, PageError, Snapshot};

use crate::refusal::Refusal;

/// A page of notes that hold all words; `name` is the parameter that holds them.
pub(crate) fn search(
    snapshot: &Snapshot,
    name: &'static str,
    words: &str,
    page: &Page,
) -> Result<SearchPage, Refusal> {
    search::search(snapshot, words, page).map_err(|error| match error {
        PageError::BadCursor => {
            let wrong = "does not belong to this question. Send `next_cursor` as it was given, or leave it out to begin again.";
            Refusal::parameter("cursor", wrong)
        }
        PageError::EmptyQuery => Refusal::parameter(name, "holds no word. Write at least one."),
        PageError::QueryTooLong => {
            Refusal::parameter(name, "is too long. Use at most 512 characters and 16 words.")
        }
    })
}

/// One note by its path, with or without `.md`.
pub(crate) fn note(snapshot: &Snapshot, path: &str) -> Result<Box<NoteView>, Refusal> {
    let missing = |hint: String| Refusal::NotFound {
        what: "note",
        asked: shortened(path),
        hint,
    };
    match query::note(snapshot, path) {
        NoteAnswer::Found(found) => Ok(found),
        NoteAnswer::NotFound(near) => Err(missing(hint(&near))),
        NoteAnswer::BadPath(_) => Err(missing(
            "Write it as search results do: folder/name.md.".to_owned(),
        )),
    }
}

fn hint(near: &[NoteRef]) -> String {
    if near.is_empty() {
        return "Search for it with other words.".to_owned();
    }
    let paths = near.iter().map(|note| format!("{:?}", note.path));
    format!("Near: {}.", paths.collect::<Vec<_>>().join(", "))
}
