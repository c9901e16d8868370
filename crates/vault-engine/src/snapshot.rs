//! The vault at one moment.
//!
//! In: notes. Out: [`Snapshot`], which is shared by every reader and never changes.

use std::{sync::Arc, time::Duration};

use loop_shared::vault::{Defect, DefectCode, NotePath, text::fold};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    graph::Graph,
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
#[derive(Debug)]
pub struct Snapshot {
    notes: Vec<Arc<Note>>,
    names: Names,
    graph: Graph,
    defects: Vec<NoteDefect>,
    generation: u64,
    hash: ContentHash,
    bytes: u64,
    load_time: Duration,
}

impl Snapshot {
    /// Builds the picture from notes and from what was found while walking.
    pub(crate) fn build(
        mut notes: Vec<Arc<Note>>,
        walked: &[NoteDefect],
        generation: u64,
        load_time: Duration,
    ) -> Self {
        notes.sort_by(|a, b| a.path.cmp(&b.path));
        let names = Names::of(&notes);
        let graph = Graph::of(&notes, &names);
        let mut defects = walked.to_vec();
        for note in &notes {
            defects.extend(
                note.defects
                    .iter()
                    .map(|defect| NoteDefect::of(note, defect.clone())),
            );
        }
        defects.extend(duplicates(&notes, &names));
        defects.extend(graph.dangling(&notes));
        defects.sort_by(|a, b| {
            (&a.path, a.defect.line, a.defect.code).cmp(&(&b.path, b.defect.line, b.defect.code))
        });
        let parts = notes.iter().flat_map(|note| {
            [
                note.path.as_str().as_bytes(),
                &[0],
                note.hash.as_bytes().as_slice(),
            ]
        });
        let walked = walked
            .iter()
            .flat_map(|found| [found.path.as_bytes(), found.defect.code.as_str().as_bytes()]);
        let hash = ContentHash::of(parts.chain(walked));
        let bytes = notes.iter().map(|note| note.bytes).sum();
        Self {
            notes,
            names,
            graph,
            defects,
            generation,
            hash,
            bytes,
            load_time,
        }
    }

    /// A vault in memory, without a folder: for tests and tools.
    #[must_use]
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let notes = texts
            .into_iter()
            .filter_map(|(path, text)| {
                Some(Arc::new(Note::read(
                    NotePath::parse(path).ok()?,
                    text.as_bytes(),
                )))
            })
            .collect();
        Self::build(notes, &[], 1, Duration::ZERO)
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

    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) const fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn with_load_time(mut self, load_time: Duration) -> Self {
        self.load_time = load_time;
        self
    }
}

/// The second and later notes of an id are said, each naming the first.
fn duplicates(notes: &[Arc<Note>], names: &Names) -> Vec<NoteDefect> {
    let mut defects = Vec::new();
    for (_, same) in names.shared_ids() {
        let mut same = same.iter().filter_map(|&at| notes.get(at as usize));
        let Some(first) = same.next() else { continue };
        for note in same {
            let message = format!(
                "entity_id `{}` is already used by {}",
                note.id().unwrap_or_default(),
                first.path
            );
            let line = note.frontmatter.line_of("entity_id");
            defects.push(NoteDefect::of(
                note,
                Defect::at(DefectCode::DuplicateId, line, message),
            ));
        }
    }
    defects
}
