//! The notes around one note.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NetworkError, Ready, Ways, find, named};
use crate::{
    Snapshot,
    names::At,
    query::{Page, cursor},
    view::{NoteRef, PageError},
};

/// The greatest distance that is walked.
pub(super) const MAX_DEPTH: u32 = 6;
/// Edges told on one page; more are counted.
const MAX_EDGES: usize = 2_000;

/// A note and how far away it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Neighbour {
    /// The note.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Edges on the shortest way to it; 0 for the note asked about.
    pub distance: u32,
}

/// A link or relation between two notes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Edge {
    /// Path of the note that states it.
    pub from: String,
    /// Path of the note it leads to.
    pub to: String,
    /// `link`, or the relation: `parent`, `project`, `validates`, `depends_on`, …
    pub kind: String,
}

/// One page of the notes around a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Neighbours {
    /// The notes, the nearest first, then by path.
    pub results: Vec<Neighbour>,
    /// The edges between these notes, and from these to the notes of pages before; all pages together hold each once.
    pub edges: Vec<Edge>,
    /// How many edges this page has; `edges` holds 2,000 at most.
    pub edge_total: u64,
    /// How many notes there are within the distance, the one asked about among them.
    pub total: u64,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    centre: String,
    depth: u32,
    distance: u32,
    path: String,
}

/// The notes that are at most `depth` edges away, 1 to 6.
///
/// # Errors
/// [`NetworkError`].
pub fn neighbours(
    snapshot: &Snapshot,
    name: &str,
    depth: u32,
    ways: &Ways,
    page: &Page,
) -> Result<Neighbours, NetworkError> {
    let centre = find(snapshot, name)?;
    let depth = depth.clamp(1, MAX_DEPTH);
    let path = |at: At| snapshot.at(at).map_or("", |note| note.path.as_str());
    let after: Option<Cursor> = page.cursor.as_deref().map(cursor::decode).transpose()?;
    if after
        .as_ref()
        .is_some_and(|after| after.centre != path(centre) || after.depth != depth)
    {
        return Err(PageError::BadCursor.into());
    }
    let ready = Ready::of(ways);
    let distances = distances(snapshot, centre, depth, &ready);
    // Positions are in the order of paths.
    let mut order: Vec<(u32, At)> = distances.iter().map(|(at, far)| (*far, *at)).collect();
    order.sort_unstable();
    let start = after.map_or(0, |after| {
        order.partition_point(|&(far, at)| (far, path(at)) <= (after.distance, &after.path))
    });
    let end = (start + page.size()).min(order.len());
    let shown = order.get(start..end).unwrap_or_default();
    let mut edges = edges(
        snapshot,
        &ready,
        shown,
        order.get(..end).unwrap_or_default(),
    );
    let edge_total = edges.len() as u64;
    edges.truncate(MAX_EDGES);
    let next = shown.last().filter(|_| end < order.len());
    Ok(Neighbours {
        next_cursor: next.map(|&(distance, at)| {
            cursor::encode(&Cursor {
                centre: path(centre).to_owned(),
                depth,
                distance,
                path: path(at).to_owned(),
            })
        }),
        results: shown
            .iter()
            .filter_map(|&(distance, at)| {
                let note = named(snapshot, at)?;
                Some(Neighbour { note, distance })
            })
            .collect(),
        edges,
        edge_total,
        total: order.len() as u64,
    })
}

fn distances(snapshot: &Snapshot, centre: At, depth: u32, ready: &Ready) -> BTreeMap<At, u32> {
    let mut distances = BTreeMap::from([(centre, 0)]);
    let mut rim = vec![centre];
    for distance in 1..=depth {
        let mut next = Vec::new();
        for at in rim {
            for hop in ready.hops(snapshot, at) {
                if let std::collections::btree_map::Entry::Vacant(place) = distances.entry(hop.to) {
                    place.insert(distance);
                    next.push(hop.to);
                }
            }
        }
        rim = next;
    }
    distances
}

/// Edges with one end on this page and the other on it or before.
fn edges(
    snapshot: &Snapshot,
    ready: &Ready,
    shown: &[(u32, At)],
    known: &[(u32, At)],
) -> Vec<Edge> {
    let known: BTreeMap<At, usize> = known
        .iter()
        .enumerate()
        .map(|(place, &(_, at))| (at, place))
        .collect();
    let both = Ready {
        direction: super::Direction::Both,
        kinds: ready.kinds.clone(),
    };
    let path = |at: At| snapshot.at(at).map(|note| note.path.as_str().to_owned());
    let mut edges = Vec::new();
    for &(_, at) in shown {
        for hop in both.hops(snapshot, at) {
            if !known.contains_key(&hop.to) {
                continue;
            }
            let (from, to) = if hop.forward {
                (at, hop.to)
            } else {
                (hop.to, at)
            };
            if let (Some(from), Some(to)) = (path(from), path(to)) {
                let kind = hop.kind.to_owned();
                edges.push(Edge { from, to, kind });
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}
