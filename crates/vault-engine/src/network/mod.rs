//! The vault as a network: notes, and the links and relations between them.
//!
//! In: a snapshot and where to start. Out: [`Neighbours`] to a depth, or the shortest [`Paths`] between two notes.
//! Never: an edge that leads nowhere, a note met twice, an answer without bounds.

mod neighbours;
mod paths;

use std::collections::BTreeSet;

use loop_shared::vault::{text::fold, wikilink};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use neighbours::{Edge, Neighbour, Neighbours, neighbours};
pub use paths::{Path, Paths, Step, paths};

use crate::{
    Snapshot,
    names::At,
    query::suggestions,
    view::{NoteRef, PageError},
};

/// What a link in a text or a property is called; relations are called as they are written.
pub const LINK: &str = "link";

/// Which way edges are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a note to what it names.
    Out,
    /// From a note to those that name it.
    In,
    /// Both ways.
    #[default]
    Both,
}

impl Direction {
    /// Reads `out`, `in` or `both`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "out" => Some(Self::Out),
            "in" => Some(Self::In),
            "both" => Some(Self::Both),
            _ => None,
        }
    }
}

/// Which edges are followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Which way.
    pub direction: Direction,
    /// Any of these relations, `link` among them; empty means all.
    pub kinds: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No note is called so; these look alike.
    #[error("nothing is called {name:?}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// What may have been meant.
        near: Vec<NoteRef>,
    },
    /// The cursor is not one of this question.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// Finds a note by id, alias, name or path.
pub(crate) fn find(snapshot: &Snapshot, name: &str) -> Result<At, NetworkError> {
    let wanted = fold(&wikilink::bare_target(name));
    let found = snapshot.names().relation(snapshot.notes(), &wanted);
    found.ok_or_else(|| NetworkError::Unknown {
        name: name.to_owned(),
        near: suggestions(snapshot, &wanted),
    })
}

/// One end of an edge, seen from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hop<'a> {
    to: At,
    kind: &'a str,
    /// Whether the note looked from names the other one.
    forward: bool,
}

/// The ways, made ready to be asked for every note.
struct Ready {
    direction: Direction,
    kinds: BTreeSet<String>,
}

impl Ready {
    fn of(ways: &Ways) -> Self {
        Self {
            direction: ways.direction,
            kinds: ways.kinds.iter().map(|kind| fold(kind.trim())).collect(),
        }
    }

    fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(kind) || self.kinds.contains(&fold(kind))
    }

    /// Every edge of a note, each once, by the other end.
    fn hops<'a>(&self, snapshot: &'a Snapshot, at: At) -> Vec<Hop<'a>> {
        let mut hops = Vec::new();
        let graph = snapshot.graph();
        let links = self.takes(LINK);
        let mut take = |to: At, kind: &'a str, forward: bool| {
            if to != at && snapshot.at(to).is_some() {
                hops.push(Hop { to, kind, forward });
            }
        };
        if self.direction != Direction::In
            && let (Some(note), Some(targets)) = (snapshot.at(at), graph.targets(at))
        {
            for &to in targets.links.iter().flatten().filter(|_| links) {
                take(to, LINK, true);
            }
            for (relation, to) in note.relations.iter().zip(&targets.relations) {
                if let Some(to) = to.filter(|_| self.takes(&relation.kind)) {
                    take(to, &relation.kind, true);
                }
            }
        }
        if self.direction != Direction::Out {
            for &(from, _) in graph.backlinks(at).iter().filter(|_| links) {
                take(from, LINK, false);
            }
            for &(from, position) in graph.incoming(at) {
                let relation = snapshot
                    .at(from)
                    .and_then(|note| note.relations.get(position as usize));
                if let Some(relation) = relation.filter(|relation| self.takes(&relation.kind)) {
                    take(from, &relation.kind, false);
                }
            }
        }
        hops.sort_unstable();
        hops.dedup();
        hops
    }
}

fn named(snapshot: &Snapshot, at: At) -> Option<NoteRef> {
    snapshot.at(at).map(|note| NoteRef::of(note))
}
