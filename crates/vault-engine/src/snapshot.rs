//! The vault at one moment.
//!
//! In: notes. Out: [`Snapshot`], which is shared by every reader and never changes.

mod defects;
mod open;

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
    notes: Vec<Arc<Note>>,
    names: Arc<Names>,
    graph: Arc<Graph>,
    index: Index,
    defects: Arc<[NoteDefect]>,
    generation: u64,
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
            notes: Vec::new(),
            names: Arc::default(),
            graph: Arc::default(),
            index: Index::default(),
            defects: Arc::default(),
            generation: 0,
            hash: ContentHash::default(),
            bytes: 0,
            load_time: Duration::ZERO,
            read: None,
        }
    }

    /// The next picture: of these notes in the order of their paths, and of what was found while walking.
    ///
    /// When only texts changed, the names and most links of this picture are used again. The index knows the new notes
    /// only after [`Self::indexed`]; until then a search looks through them.
    pub(crate) fn next(&self, notes: Vec<Arc<Note>>, walked: &[NoteDefect]) -> Self {
        let (names, graph) = if let Some(changed) = edited(&self.notes, &notes) {
            let graph = self.graph.after(&notes, &self.names, &changed);
            (Arc::clone(&self.names), graph)
        } else {
            let names = Arc::new(Names::of(&notes));
            let graph = Graph::of(&notes, &names);
            (names, graph)
        };
        Self {
            defects: defects::all(&notes, &names, &graph, walked).into(),
            hash: hash_of(&notes, walked),
            bytes: notes.iter().map(|note| note.bytes).sum(),
            generation: self.generation + 1,
            load_time: Duration::ZERO,
            read: None,
            index: self.index.placed(&notes),
            names,
            graph: Arc::new(graph),
            notes,
        }
    }

    /// The same picture with every note in the full-text index.
    pub(crate) fn indexed(mut self) -> Self {
        self.index = self.index.complete(&self.notes);
        self
    }

    /// Before anything was read, with pieces of an index made before.
    pub(crate) fn beginning(index: Index) -> Self {
        Self {
            index,
            read: Some(0),
            ..Self::empty()
        }
    }

    /// The same picture, of a vault that is read so far. Percent.
    pub(crate) const fn read_so_far(mut self, percent: Option<u8>) -> Self {
        self.read = percent;
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

/// Positions of the notes that are not those of before; `None` when a name came, went or changed.
fn edited(before: &[Arc<Note>], after: &[Arc<Note>]) -> Option<Vec<At>> {
    if before.len() != after.len() {
        return None;
    }
    let mut changed = Vec::new();
    for ((at, old), new) in (0..).zip(before).zip(after) {
        if Arc::ptr_eq(old, new) {
            continue;
        }
        if old.path != new.path
            || old.folded.id != new.folded.id
            || old.folded.aliases != new.folded.aliases
        {
            return None;
        }
        changed.push(at);
    }
    Some(changed)
}

fn hash_of(notes: &[Arc<Note>], walked: &[NoteDefect]) -> ContentHash {
    let notes = notes.iter().flat_map(|note| {
        let hash = note.hash.as_bytes().as_slice();
        [note.path.as_str().as_bytes(), &[0], hash]
    });
    let walked = walked
        .iter()
        .flat_map(|found| [found.path.as_bytes(), found.defect.code.as_str().as_bytes()]);
    ContentHash::of(notes.chain(walked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn notes(texts: &BTreeMap<u8, (u8, u8)>) -> Vec<(String, String)> {
        let text = |&(link, id): &(u8, u8)| {
            format!("---\nentity_type: Task\nentity_id: id{id}\n---\n[[n{link}]] [[id{link}]]")
        };
        texts
            .iter()
            .map(|(name, content)| (format!("n{name}.md"), text(content)))
            .collect()
    }

    fn shown(snapshot: &Snapshot) -> String {
        let backlinks: Vec<_> = (0..)
            .zip(snapshot.notes())
            .map(|(at, note)| (&note.path, snapshot.graph.backlinks(at)))
            .collect();
        format!("{:?} {backlinks:?} {:?}", snapshot.hash, snapshot.defects)
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
            }
        }
    }
}
