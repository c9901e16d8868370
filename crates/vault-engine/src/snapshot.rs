//! The vault at one moment.
//!
//! In: notes. Out: [`Snapshot`], which is shared by every reader and never changes.

mod defects;
mod digest;
mod open;
mod step;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use loop_shared::vault::{Defect, NotePath, text::fold};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    graph::Graph,
    index::Index,
    names::{At, Names},
    note::{ContentHash, Note},
};
use digest::Digest;
pub(crate) use step::Step;

/// A mistake and the file it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoteDefect {
    /// The file, relative to the vault; what cannot be written is replaced.
    pub path: String,
    /// The mistake.
    #[serde(flatten)]
    pub defect: Defect,
}

impl NoteDefect {
    pub(crate) fn of(note: &Note, defect: Defect) -> Self {
        Self {
            path: note.path.as_str().to_owned(),
            defect,
        }
    }
}

/// Every note of the vault and how they hang together, at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    notes: Arc<Vec<Arc<Note>>>,
    names: Arc<Names>,
    graph: Arc<Graph>,
    index: Index,
    /// While not everything is read: an index made before, and the notes that it counts by, which are not shown.
    before: Option<Arc<(Index, Vec<Arc<Note>>)>>,
    /// What was found while walking.
    walked: Arc<[NoteDefect]>,
    defects: Arc<[NoteDefect]>,
    generation: u64,
    digest: Digest,
    hash: ContentHash,
    bytes: u64,
    load_time: Duration,
    /// Of a picture made before everything was read: how much was, in percent.
    read: Option<u8>,
}

impl Snapshot {
    /// Before anything was read.
    pub(crate) fn empty() -> Self {
        Self {
            notes: Arc::default(),
            names: Arc::default(),
            graph: Arc::default(),
            index: Index::default(),
            before: None,
            walked: Arc::default(),
            defects: Arc::default(),
            generation: 0,
            digest: Digest::default(),
            hash: ContentHash::default(),
            bytes: 0,
            load_time: Duration::ZERO,
            read: None,
        }
    }

    /// The next picture: of these notes in the order of their paths, and of what was found while walking.
    ///
    /// What did not change is shared with this picture. The index knows the new notes only after [`Self::indexed`]; until then a
    /// search looks through them.
    pub(crate) fn next(&self, notes: Vec<Arc<Note>>, walked: &[NoteDefect]) -> Self {
        let step = Step::between(&self.notes, &notes);
        self.stepped(&step, notes, walked)
    }

    /// The same, when the way to these notes is known.
    pub(crate) fn stepped(
        &self,
        step: &Step,
        notes: Vec<Arc<Note>>,
        walked: &[NoteDefect],
    ) -> Self {
        let same_walked = *self.walked == *walked;
        let walked = if same_walked {
            Arc::clone(&self.walked)
        } else {
            walked.into()
        };
        let (names, graph, defects) = if keeps_names(step, &self.notes, &notes) {
            let names = &self.names;
            let graph = self.graph.after(&notes, names, &step.fresh);
            let defects = if same_walked {
                let place = (&*walked, step.fresh.as_slice());
                defects::after(&self.defects, &notes, names, &graph, place)
            } else {
                defects::all(&notes, names, &graph, &walked).into()
            };
            (Arc::clone(names), graph, defects)
        } else {
            let names = Arc::new(Names::of(&notes));
            let graph = Graph::of(&notes, &names);
            let defects = defects::all(&notes, &names, &graph, &walked).into();
            (names, graph, defects)
        };
        let bytes = |notes: &[Arc<Note>], places: &[At]| -> u64 {
            let notes = places.iter().filter_map(|&at| notes.get(at as usize));
            notes.map(|note| note.bytes).sum()
        };
        let digest = self.digest.after(step, &notes);
        let index = match self.before.as_deref() {
            None => self.index.placed(step),
            Some((index, counted)) => index.placed(&Step::between(counted, &notes)),
        };
        Self {
            hash: digest.whole(&walked),
            bytes: self.bytes + bytes(&notes, &step.fresh) - bytes(&self.notes, &step.gone),
            generation: self.generation + 1,
            load_time: Duration::ZERO,
            read: None,
            index,
            before: self.before.clone(),
            graph: Arc::new(graph),
            notes: Arc::new(notes),
            digest,
            walked,
            defects,
            names,
        }
    }

    /// The same picture with every note in the full-text index.
    pub(crate) fn indexed(mut self) -> Self {
        self.index = self.index.complete(&self.notes);
        self
    }

    /// Before anything was read, with an index made before of some notes, which are not shown.
    pub(crate) fn beginning(index: Index, notes: Vec<Arc<Note>>) -> Self {
        Self {
            before: Some(Arc::new((index, notes))),
            read: Some(0),
            ..Self::empty()
        }
    }

    /// The same picture, of a vault that is read so far. Percent.
    pub(crate) fn read_so_far(mut self, percent: Option<u8>) -> Self {
        self.read = percent;
        self.before = self.before.filter(|_| percent.is_some());
        self
    }

    /// How much of the vault was read when this picture was made, in percent; `None` when it was all, as it is but at the
    /// first start. Until then what is not found may be there, and every count is too low.
    #[must_use]
    pub const fn reading(&self) -> Option<u8> {
        self.read
    }

    /// A vault in memory, without a folder: for tests and tools.
    #[must_use]
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let read = |(path, text): (&str, &str)| {
            let path = NotePath::parse(path).ok()?;
            Some((path.clone(), Arc::new(Note::read(path, text.as_bytes()))))
        };
        let notes: BTreeMap<NotePath, Arc<Note>> = texts.into_iter().filter_map(read).collect();
        Self::empty()
            .next(notes.into_values().collect(), &[])
            .indexed()
    }

    /// The notes in the order of their paths.
    #[must_use]
    pub fn notes(&self) -> &[Arc<Note>] {
        &self.notes
    }

    /// The note at a path, case and normalization aside.
    #[must_use]
    pub fn note(&self, path: &NotePath) -> Option<&Arc<Note>> {
        let exact = self.notes.binary_search_by(|note| note.path.cmp(path)).ok();
        let at = exact.or_else(|| {
            self.names
                .with_path(&fold(path.without_suffix()))
                .map(|at| at as usize)
        });
        self.notes.get(at?)
    }

    /// Every mistake found, by path and line.
    #[must_use]
    pub fn defects(&self) -> &[NoteDefect] {
        &self.defects
    }

    /// Grows by one with every change.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Changes with every byte of every note; the same for the same vault, after a restart too.
    #[must_use]
    pub const fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The hash as a strong entity tag, quotes included (RFC 9110 §8.8.3).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    /// Bytes of all notes together.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How long this picture took to make, from reading to indexing.
    #[must_use]
    pub const fn load_time(&self) -> Duration {
        self.load_time
    }

    pub(crate) fn at(&self, at: At) -> Option<&Arc<Note>> {
        self.notes.get(at as usize)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// Bytes that the full-text index takes besides the notes.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.index.bytes()
    }

    /// Notes that the full-text index does not know yet; a search looks through them one by one.
    #[must_use]
    pub fn unindexed(&self) -> usize {
        self.index.loose().len()
    }

    /// The position of the first note whose path comes behind a path.
    pub(crate) fn first_behind(&self, path: &str) -> At {
        let at = self
            .notes
            .partition_point(|note| note.path.as_str() <= path);
        At::try_from(at).unwrap_or(At::MAX)
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn with_load_time(mut self, load_time: Duration) -> Self {
        self.load_time = load_time;
        self
    }
}

/// Whether every note that changed is called what it was called before.
fn keeps_names(step: &Step, before: &[Arc<Note>], after: &[Arc<Note>]) -> bool {
    let same = |(&old, &new): (&At, &At)| {
        let pair = before.get(old as usize).zip(after.get(new as usize));
        pair.is_some_and(|(old, new)| {
            old.folded.id == new.folded.id && old.folded.aliases == new.folded.aliases
        })
    };
    step.is_in_place() && step.gone.iter().zip(&step.fresh).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::NOWHERE;
    use proptest::prelude::*;

    fn notes(texts: &BTreeMap<u8, (u8, u8)>) -> Vec<(String, String)> {
        let text = |&(link, id): &(u8, u8)| {
            let id = id % 3; // the text changes and the id does not
            format!(
                "---\nentity_type: Task\nentity_id: id{id}\nparent_id: id{link}\n---\n[[n{link}]] [[id{link}]]"
            )
        };
        texts
            .iter()
            .map(|(name, content)| (format!("n{name}.md"), text(content)))
            .collect()
    }

    fn shown(snapshot: &Snapshot) -> String {
        let backlinks: Vec<_> = (0..)
            .zip(snapshot.notes())
            .map(|(at, note)| {
                let graph = &snapshot.graph;
                (&note.path, graph.backlinks(at), graph.incoming(at))
            })
            .collect();
        format!("{:?} {backlinks:?} {:?}", snapshot.hash, snapshot.defects)
    }

    /// Every note is in one piece of the index, or still to be indexed.
    fn is_covered_once(snapshot: &Snapshot) -> bool {
        let mut places: Vec<At> = snapshot.index.loose().to_vec();
        for placed in snapshot.index.pieces() {
            for (note, &at) in placed.segment.notes().iter().zip(&*placed.at) {
                if at == NOWHERE {
                    continue;
                }
                if !Arc::ptr_eq(note, &snapshot.notes[at as usize]) {
                    return false;
                }
                places.push(at);
            }
        }
        places.sort_unstable();
        places.into_iter().eq((0..).take(snapshot.notes.len()))
    }

    proptest! {
        #[test]
        fn any_order_of_changes_ends_in_the_picture_of_a_fresh_start(
            changes in proptest::collection::vec((0u8..6, proptest::option::of((0u8..6, 0u8..4))), 1..20),
        ) {
            let mut texts = BTreeMap::new();
            let mut snapshot = Snapshot::empty();
            for (name, change) in changes {
                match change {
                    Some(content) => texts.insert(name, content),
                    None => texts.remove(&name),
                };
                let now = notes(&texts);
                let fresh = Snapshot::of_texts(now.iter().map(|(p, t)| (p.as_str(), t.as_str())));
                // Unchanged notes are shared, as the keeper does.
                let kept = |note: &Arc<Note>| {
                    let old = snapshot.notes.iter().find(|old| old.path == note.path && old.hash == note.hash);
                    old.map_or_else(|| Arc::clone(note), Arc::clone)
                };
                let notes = fresh.notes.iter().map(kept).collect();
                snapshot = snapshot.next(notes, &[]);
                prop_assert_eq!(shown(&snapshot), shown(&fresh));
                prop_assert_eq!(snapshot.bytes, fresh.bytes);
                prop_assert!(is_covered_once(&snapshot));
                if name % 2 == 0 {
                    snapshot = snapshot.indexed();
                    prop_assert!(is_covered_once(&snapshot) && snapshot.unindexed() == 0);
                }
            }
        }
    }
}
