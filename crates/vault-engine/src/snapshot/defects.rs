//! Every mistake of a picture: of the notes by themselves, of their ids together, of where their links lead.

use std::sync::Arc;

use loop_shared::vault::{Defect, DefectCode};

use super::NoteDefect;
use crate::{graph::Graph, names::Names, note::Note};

/// All of them, by path and line.
pub(super) fn all(
    notes: &[Arc<Note>],
    names: &Names,
    graph: &Graph,
    walked: &[NoteDefect],
) -> Vec<NoteDefect> {
    let mut defects = walked.to_vec();
    for note in notes {
        let own = note.defects.iter();
        defects.extend(own.map(|defect| NoteDefect::of(note, defect.clone())));
    }
    defects.extend(duplicates(notes, names));
    defects.extend(graph.dangling(notes));
    defects.sort_by(|a, b| {
        let key = |found: &NoteDefect| (found.defect.line, found.defect.code);
        (&a.path, key(a), &a.defect.message).cmp(&(&b.path, key(b), &b.defect.message))
    });
    defects
}

/// Every note but the owner of an id is said. The owner is the one whose file is called like the id, else the first.
fn duplicates(notes: &[Arc<Note>], names: &Names) -> Vec<NoteDefect> {
    let mut defects = Vec::new();
    for (id, same) in names.shared_ids() {
        let same: Vec<&Arc<Note>> = same
            .iter()
            .filter_map(|&at| notes.get(at as usize))
            .collect();
        let called_so = same.iter().find(|note| &*note.folded.stem == id);
        let Some(owner) = called_so.or(same.first()) else {
            continue;
        };
        for note in same.iter().filter(|note| !Arc::ptr_eq(note, owner)) {
            let id = note.id().unwrap_or_default();
            let message = format!("entity_id `{id}` is already used by {}", owner.path);
            let line = note.frontmatter.line_of("entity_id");
            let defect = Defect::at(DefectCode::DuplicateId, line, message);
            defects.push(NoteDefect::of(note, defect));
        }
    }
    defects
}
