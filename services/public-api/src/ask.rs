//! The questions that REST and MCP ask alike: parameters in, the engine's answer or a refusal out.
//!
//! In: a snapshot and checked [`Values`]. Out: the engine's own shapes. Never: HTTP, MCP, the system clock.

use loop_shared::models::shortened;
use loop_shared::vault::IsoDate;
use loop_vault::feed::{ChangePage, Feed, FeedError};
use loop_vault::history::HistoryError;
use loop_vault::lint::{Level, LintPage, Schema, lint as looked_over};
use loop_vault::network::{self, Direction, Neighbours, NetworkError, Paths, Ways};
use loop_vault::project::{self, Overview};
use loop_vault::query::{
    self, EntityAnswer, EntityFilter, EntityPage, EntityView, NoteAnswer, NoteView, Page, Sort,
};
use loop_vault::search::{self, SearchPage};
use loop_vault::{NoteRef, PageError, Snapshot};

use crate::params::{Param, Values};
use crate::refusal::Refusal;

/// A page of entities, by the parameters of [`crate::tables::ENTITIES`].
pub(crate) fn entities(
    snapshot: &Snapshot,
    values: &Values,
    table: &[Param],
) -> Result<EntityPage, Refusal> {
    let filter = EntityFilter {
        types: values.list("type").to_vec(),
        statuses: values.list("status").to_vec(),
        assignee: values.text("assignee").map(str::to_owned),
        project: values.text("project").map(str::to_owned),
        tags: values.list("tag").to_vec(),
        q: values.text("q").map(str::to_owned),
    };
    query::entities(snapshot, &filter, sort(values)?, &page(values, table)).map_err(refused)
}

/// A page of notes that hold all words of `words`.
pub(crate) fn search(snapshot: &Snapshot, words: &str, page: &Page) -> Result<SearchPage, Refusal> {
    search::search(snapshot, words, page).map_err(refused)
}

/// One entity by id or alias.
pub(crate) fn entity(snapshot: &Snapshot, id: &str) -> Result<Box<EntityView>, Refusal> {
    match query::entity(snapshot, id) {
        EntityAnswer::Found(found) => Ok(found),
        EntityAnswer::NotFound(near) => Err(missing(
            "entity",
            id,
            &near,
            "Search for it with other words.",
        )),
        EntityAnswer::Ambiguous(several) => {
            let paths = several
                .iter()
                .map(|note| format!("{:?}", note.path))
                .collect::<Vec<_>>()
                .join(", ");
            let hint =
                format!("Several notes carry this id: {paths}. Ask for the note by its path.");
            Err(Refusal::NotFound {
                what: "single entity",
                asked: shortened(id),
                hint,
            })
        }
    }
}

/// One note by its path, with or without `.md`.
pub(crate) fn note(snapshot: &Snapshot, path: &str) -> Result<Box<NoteView>, Refusal> {
    match query::note(snapshot, path) {
        NoteAnswer::Found(found) => Ok(found),
        NoteAnswer::NotFound(near) => Err(missing(
            "note",
            path,
            &near,
            "Search for it with other words.",
        )),
        NoteAnswer::BadPath(error) => {
            let hint = format!(
                "{} Write it as search results do: folder/name.md.",
                sentence(&error.to_string())
            );
            Err(Refusal::NotFound {
                what: "note",
                asked: shortened(path),
                hint,
            })
        }
    }
}

/// The notes around one note.
pub(crate) fn neighbours(
    snapshot: &Snapshot,
    values: &Values,
    table: &[Param],
) -> Result<Neighbours, Refusal> {
    let depth = u32::try_from(values.number("depth", table)).unwrap_or(1);
    let name = values.text("id").unwrap_or_default();
    let (ways, page) = (ways(values)?, page(values, table));
    network::neighbours(snapshot, name, depth, &ways, &page).map_err(unknown)
}

/// The shortest ways between two notes.
pub(crate) fn paths(
    snapshot: &Snapshot,
    (from, to): (&str, &str),
    values: &Values,
    table: &[Param],
) -> Result<Paths, Refusal> {
    let limit = u32::try_from(values.number("limit", table)).unwrap_or(1);
    network::paths(snapshot, from, to, &ways(values)?, limit).map_err(unknown)
}

/// What stands below an entity, and what it adds up to.
pub(crate) fn overview(
    snapshot: &Snapshot,
    name: &str,
    (schema, today): (&Schema, Option<&IsoDate>),
    page: &Page,
) -> Result<Overview, Refusal> {
    project::overview(snapshot, name, schema, today, page).map_err(unknown)
}

/// The changes behind a place, the oldest first.
pub(crate) fn changes(
    feed: &Feed,
    since: Option<&str>,
    limit: usize,
) -> Result<ChangePage, Refusal> {
    feed.since(since, limit).map_err(lost)
}

/// The last changes, the newest first.
pub(crate) fn latest(
    feed: &Feed,
    before: Option<&str>,
    limit: usize,
) -> Result<ChangePage, Refusal> {
    feed.latest(before, limit).map_err(lost)
}

fn lost(error: FeedError) -> Refusal {
    match error {
        FeedError::Gone => Refusal::Gone,
        FeedError::BadCursor => Refusal::parameter(
            "since",
            "must be a `cursor` as it was given, a day such as 2026-01-02, a time such as 2026-01-02T15:04:05Z, or now.",
        ),
    }
}

/// Why the past cannot be told.
pub(crate) fn past(error: HistoryError) -> Refusal {
    match error {
        HistoryError::None => Refusal::parameter(
            "as_of",
            "cannot be used: this vault is no git checkout, or its history is switched off.",
        ),
        HistoryError::BadMoment => Refusal::parameter(
            "as_of",
            "must be a day such as 2026-01-02, a time such as 2026-01-02T15:04:05Z, or a commit; a cursor must belong to the same question.",
        ),
        HistoryError::NoSuchMoment => Refusal::parameter(
            "as_of",
            "lies outside of the history: there is no such commit, or it begins later.",
        ),
        HistoryError::TooLarge => {
            Refusal::parameter("as_of", "cannot be used: the vault was too large then.")
        }
        HistoryError::Busy | HistoryError::Unavailable => Refusal::NoHistory,
    }
}

/// A page of what is wrong in the vault.
pub(crate) fn lint(
    snapshot: &Snapshot,
    values: &Values,
    table: &[Param],
    (schema, today): (&Schema, Option<&IsoDate>),
) -> Result<LintPage, Refusal> {
    let level = match values.text("level") {
        None => Level::Advice,
        Some(text) => Level::parse(text)
            .ok_or_else(|| Refusal::parameter("level", "must be advice, warning or error."))?,
    };
    let report = looked_over(snapshot, schema, today);
    let found = report.page(level, values.list("code"), &page(values, table));
    found.map_err(refused)
}

fn ways(values: &Values) -> Result<Ways, Refusal> {
    let direction = match values.text("direction") {
        None => Direction::default(),
        Some(text) => Direction::parse(text)
            .ok_or_else(|| Refusal::parameter("direction", "must be out, in or both."))?,
    };
    Ok(Ways {
        direction,
        kinds: values.list("relation").to_vec(),
    })
}

fn unknown(error: NetworkError) -> Refusal {
    match error {
        NetworkError::Unknown { name, near } => {
            missing("entity", &name, &near, "Search for it with other words.")
        }
        NetworkError::Page(error) => refused(error),
    }
}

/// The page that `limit` and `cursor` ask for.
pub(crate) fn page(values: &Values, table: &[Param]) -> Page {
    let limit = u32::try_from(values.number("limit", table)).unwrap_or(u32::MAX);
    Page {
        limit,
        cursor: values.text("cursor").map(str::to_owned),
    }
}

fn sort(values: &Values) -> Result<Sort, Refusal> {
    let Some(text) = values.text("sort") else {
        return Ok(Sort::default());
    };
    Sort::parse(text).ok_or_else(|| {
        let known = "updated, created, due, priority, name, id or status";
        Refusal::parameter(
            "sort",
            format!("must be {known}, with a minus before it to turn it round."),
        )
    })
}

pub(crate) fn refused(error: PageError) -> Refusal {
    match error {
        PageError::BadCursor => {
            let wrong = "does not belong to this question. Send `next_cursor` as it was given, with the same filters and sort, or leave it out to begin again.";
            Refusal::parameter("cursor", wrong)
        }
        PageError::EmptyQuery => Refusal::parameter("q", "holds no word. Write at least one."),
        PageError::QueryTooLong => {
            Refusal::parameter("q", "is too long. Use at most 512 characters and 16 words.")
        }
    }
}

fn missing(what: &'static str, asked: &str, near: &[NoteRef], otherwise: &str) -> Refusal {
    let hint = if near.is_empty() {
        otherwise.to_owned()
    } else {
        let near = near.iter().map(|note| match (&note.id, what) {
            (Some(id), "entity") => format!("{id:?} ({})", note.title),
            _ => format!("{:?}", note.path),
        });
        format!("Near: {}.", near.collect::<Vec<_>>().join(", "))
    };
    Refusal::NotFound {
        what,
        asked: shortened(asked),
        hint,
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
