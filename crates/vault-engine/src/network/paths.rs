//! The shortest ways from one note to another.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Hop, NetworkError, Ready, Ways, find, named};
use crate::{Snapshot, names::At, view::NoteRef};

/// Ways told at most.
const MAX_PATHS: u32 = 20;

/// One edge on a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// `link` or relations, each once: how the note before and this note are connected.
    pub kinds: Vec<String>,
    /// Whether the note before names this one; otherwise this one names it.
    pub forward: bool,
    /// The note it leads to.
    pub note: NoteRef,
}

/// One way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Path {
    /// Its edges in order, from the start to the end.
    pub steps: Vec<Step>,
}

/// The shortest ways between two notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Paths {
    /// Where they start.
    pub from: NoteRef,
    /// Where they end.
    pub to: NoteRef,
    /// How many edges each has; absent when there is no way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// How many such ways there are, by the notes on them.
    pub total: u64,
    /// The first of them by path, as many as were asked for.
    pub results: Vec<Path>,
}

/// Finds the shortest ways; at most `limit` of them are told, 1 to 20.
///
/// # Errors
/// [`NetworkError::Unknown`] when one of the ends does not exist.
pub fn paths(
    snapshot: &Snapshot,
    from: &str,
    to: &str,
    ways: &Ways,
    limit: u32,
) -> Result<Paths, NetworkError> {
    let (start, end) = (find(snapshot, from)?, find(snapshot, to)?);
    let search = Search::from(snapshot, start, end, Ready::of(ways));
    let unknown = |name: &str| NetworkError::Unknown {
        name: name.to_owned(),
        near: Vec::new(),
    };
    let length = search.left.get(&start).copied();
    let mut results = Vec::new();
    if length.is_some() {
        let most = limit.clamp(1, MAX_PATHS) as usize;
        search.tell(&mut vec![start], most, &mut results);
    }
    Ok(Paths {
        from: named(snapshot, start).ok_or_else(|| unknown(from))?,
        to: named(snapshot, end).ok_or_else(|| unknown(to))?,
        total: length.map_or(0, |_| search.ways(start)),
        length,
        results,
    })
}

/// What is known after walking back from the end until the start was met.
struct Search<'a> {
    snapshot: &'a Snapshot,
    ready: Ready,
    end: At,
    /// From each note met to the end.
    left: HashMap<At, u32>,
    /// Ways from each note met to the end.
    counts: HashMap<At, u64>,
}

impl<'a> Search<'a> {
    fn from(snapshot: &'a Snapshot, start: At, end: At, ready: Ready) -> Self {
        let back = Ready {
            direction: ready.direction.turned(),
            kinds: ready.kinds.clone(),
        };
        let mut left = HashMap::from([(end, 0)]);
        let mut counts = HashMap::from([(end, 1_u64)]);
        let mut rim = vec![end];
        let mut distance = 0;
        while !rim.is_empty() && !left.contains_key(&start) {
            distance += 1;
            let mut next = Vec::new();
            for at in rim {
                let ways = counts.get(&at).copied().unwrap_or_default();
                let mut before = None;
                for Hop { to, .. } in back.hops(snapshot, at) {
                    // Several edges between two notes are one way.
                    if before.replace(to) == Some(to) {
                        continue;
                    }
                    match left.get(&to) {
                        None => {
                            left.insert(to, distance);
                            next.push(to);
                        }
                        Some(&known) if known != distance => continue,
                        Some(_) => {}
                    }
                    let count = counts.entry(to).or_default();
                    *count = count.saturating_add(ways);
                }
            }
            rim = next;
        }
        Self {
            snapshot,
            ready,
            end,
            left,
            counts,
        }
    }

    fn ways(&self, start: At) -> u64 {
        self.counts.get(&start).copied().unwrap_or_default()
    }

    /// Goes on from the last note of a way, always nearer to the end.
    fn tell(&self, way: &mut Vec<At>, most: usize, results: &mut Vec<Path>) {
        let Some(&at) = way.last() else { return };
        if at == self.end {
            results.push(self.path(way));
            return;
        }
        let Some(&left) = self.left.get(&at) else {
            return;
        };
        let mut before = None;
        for hop in self.ready.hops(self.snapshot, at) {
            let nearer = self.left.get(&hop.to).is_some_and(|&far| far + 1 == left);
            if !nearer || before.replace(hop.to) == Some(hop.to) {
                continue;
            }
            way.push(hop.to);
            self.tell(way, most, results);
            way.pop();
            if results.len() >= most {
                return;
            }
        }
    }

    fn path(&self, way: &[At]) -> Path {
        let pairs = way.iter().zip(way.iter().skip(1));
        let steps = pairs.filter_map(|(&at, &to)| {
            let hops = self.ready.hops(self.snapshot, at);
            let here: Vec<_> = hops.iter().filter(|hop| hop.to == to).collect();
            let forward = here.iter().any(|hop| hop.forward);
            let mut kinds: Vec<String> = here
                .iter()
                .filter(|hop| hop.forward == forward)
                .map(|hop| hop.kind.to_owned())
                .collect();
            kinds.dedup();
            Some(Step {
                kinds,
                forward,
                note: named(self.snapshot, to)?,
            })
        });
        Path {
            steps: steps.collect(),
        }
    }
}

impl super::Direction {
    const fn turned(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Both => Self::Both,
        }
    }
}
