//! What stands below an entity, and what it adds up to.
//!
//! In: a snapshot, an entity's name, the schema's words for finished work, what day it is. Out: [`Overview`].
//! Never: an entity counted twice, a circle walked, a clock.

mod rollup;
mod tree;

use loop_shared::vault::IsoDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use rollup::Rollup;

use crate::{
    Note, Snapshot,
    lint::Schema,
    network::{NetworkError, find},
    query::{Page, cursor},
    view::{NoteRef, PageError},
};
use rollup::{Fate, Judge};
use tree::Tree;

/// One entity below the one asked about.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Branch {
    /// The entity.
    #[serde(flatten)]
    pub note: NoteRef,
    /// How far below: 1 for a direct child.
    pub level: u32,
    /// Path of the entity above.
    pub above: String,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<IsoDate>,
    /// Whether it is open behind its last day; absent when not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    /// Hours planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_hours: Option<f64>,
    /// Hours spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_hours: Option<f64>,
    /// What stands below it adds up to this; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollup: Option<Rollup>,
}

/// An entity with everything below it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Overview {
    /// The entity.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<IsoDate>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<IsoDate>,
    /// What everything below it adds up to; it does not count itself.
    pub rollup: Rollup,
    /// What is below, each behind the one above it, by path.
    pub results: Vec<Branch>,
    /// How many entities are below.
    pub total: u64,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    root: String,
    /// Paths from below the root down to the last entity of the page.
    chain: Vec<String>,
}

/// Adds up what stands below an entity: everything whose `parent_id` or `project_id` leads to it, directly or not. Without
/// a day, nothing is overdue.
///
/// # Errors
/// [`NetworkError`].
pub fn overview(
    snapshot: &Snapshot,
    name: &str,
    schema: &Schema,
    today: Option<&IsoDate>,
    page: &Page,
) -> Result<Overview, NetworkError> {
    let unknown = || NetworkError::Unknown {
        name: name.to_owned(),
        near: Vec::new(),
    };
    let root = find(snapshot, name)?;
    let note = snapshot.at(root).ok_or_else(unknown)?;
    let after: Option<Cursor> = page.cursor.as_deref().map(cursor::decode).transpose()?;
    if after
        .as_ref()
        .is_some_and(|after| after.root != note.path.as_str())
    {
        return Err(PageError::BadCursor.into());
    }
    let judge = Judge::of(schema, today);
    let tree = Tree::below(snapshot, root);
    let chain = |place: usize| -> Vec<String> {
        let path = |at| snapshot.at(at).map(|note| note.path.as_str().to_owned());
        tree.chain(place).into_iter().filter_map(path).collect()
    };
    let start = after.map_or(0, |after| {
        let places: Vec<usize> = (0..tree.len()).collect();
        places.partition_point(|&place| chain(place) <= after.chain)
    });
    let end = (start + page.size()).min(tree.len());
    let rollups = rollup::all(&tree, snapshot, &judge);
    let branch = |place: usize| branch(snapshot, &tree, place, &judge, rollups.get(place + 1));
    let entity = note.entity.as_ref();
    Ok(Overview {
        note: NoteRef::of(note),
        assignee: entity.and_then(|entity| entity.assignee.clone()),
        start_date: entity.and_then(|entity| entity.start_date.clone()),
        due: entity.and_then(|entity| entity.due.clone()),
        rollup: rollups.first().cloned().unwrap_or_default(),
        results: (start..end).filter_map(branch).collect(),
        total: tree.len() as u64,
        next_cursor: (start < end && end < tree.len()).then(|| {
            cursor::encode(&Cursor {
                root: note.path.as_str().to_owned(),
                chain: chain(end - 1),
            })
        }),
    })
}

fn branch(
    snapshot: &Snapshot,
    tree: &Tree,
    place: usize,
    judge: &Judge,
    rollup: Option<&Rollup>,
) -> Option<Branch> {
    let chain = tree.chain(place);
    let note: &Note = snapshot.at(*chain.last()?)?;
    let above = tree.above(place);
    let entity = note.entity.as_ref()?;
    Some(Branch {
        note: NoteRef::of(note),
        level: u32::try_from(chain.len()).unwrap_or(u32::MAX),
        above: snapshot.at(above)?.path.as_str().to_owned(),
        assignee: entity.assignee.clone(),
        due: entity.due.clone(),
        overdue: judge.is_overdue(entity, judge.fate(entity)),
        estimated_hours: entity.estimated_hours,
        actual_hours: entity.actual_hours,
        rollup: rollup.filter(|rollup| rollup.total > 0).cloned(),
    })
}

impl Fate {
    const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }
}
