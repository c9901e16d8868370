//! Every mistake of a picture: of the notes by themselves, of their ids together, of where their links lead.

use std::{collections::BTreeMap, sync::Arc};

use loop_shared::vault::{Defect, DefectCode};

use super::NoteDefect;
use crate::{
    graph::Graph,
    names::{At, Names},
    note::Note,
};

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
    sort(&mut defects);
    defects
}

/// The same after some notes changed, and none its names; what was found while walking is what it was.
pub(super) fn after(
    before: &Arc<[NoteDefect]>,
    notes: &[Arc<Note>],
    names: &Names,
    graph: &Graph,
    (walked, changed): (&[NoteDefect], &[At]),
) -> Arc<[NoteDefect]> {
    let changed: BTreeMap<&str, (At, &Arc<Note>)> = changed
        .iter()
        .filter_map(|&at| Some((at, notes.get(at as usize)?)))
        .map(|(at, note)| (note.path.as_str(), (at, note)))
        .collect();
    let is_of_changed = |found: &&NoteDefect| changed.contains_key(found.path.as_str());
    let mut now: Vec<NoteDefect> = walked.iter().filter(is_of_changed).cloned().collect();
    for &(at, note) in changed.values() {
        let own = note.defects.iter();
        now.extend(own.map(|defect| NoteDefect::of(note, defect.clone())));
        if let Some(id) = &note.folded.id {
            let same = names.with_id(id);
            now.extend(duplicates_of(notes, id, same, |other| {
                Arc::ptr_eq(other, note)
            }));
        }
        now.extend(graph.dangling_of(at, note));
    }
    let was = |path: &&str| {
        let first = before.partition_point(|found| found.path.as_str() < *path);
        before.get(first).is_some_and(|found| found.path == **path)
    };
    if now.is_empty() && !changed.keys().any(was) {
        return Arc::clone(before);
    }
    let mut defects: Vec<NoteDefect> = before
        .iter()
        .filter(|found| !is_of_changed(found))
        .cloned()
        .collect();
    defects.append(&mut now);
    sort(&mut defects);
    defects.into()
}

fn sort(defects: &mut [NoteDefect]) {
    defects.sort_by(|a, b| {
        let key = |found: &NoteDefect| (found.defect.line, found.defect.code);
        (&a.path, key(a), &a.defect.message).cmp(&(&b.path, key(b), &b.defect.message))
    });
}

/// Every note but the owner of an id is said. The owner is the one whose file is called like the id, else the first.
fn duplicates(notes: &[Arc<Note>], names: &Names) -> Vec<NoteDefect> {
    names
        .shared_ids()
        .flat_map(|(id, same)| duplicates_of(notes, id, same, |_| true))
        .collect()
}

/// Those of one id that are asked for.
fn duplicates_of(
    notes: &[Arc<Note>],
    id: &str,
    same: &[At],
    wanted: impl Fn(&Arc<Note>) -> bool,
) -> Vec<NoteDefect> {
    let same: Vec<&Arc<Note>> = same
        .iter()
        .filter_map(|&at| notes.get(at as usize))
        .collect();
    let called_so = same.iter().find(|note| &*note.folded.stem == id);
    let Some(owner) = called_so.or(same.first()) else {
        return Vec::new();
    };
    let others = same.iter().filter(|note| !Arc::ptr_eq(note, owner));
    others
        .filter(|note| wanted(note))
        .map(|note| {
            let id = note.id().unwrap_or_default();
            let message = format!("entity_id `{id}` is already used by {}", owner.path);
            let line = note.frontmatter.line_of("entity_id");
            NoteDefect::of(note, Defect::at(DefectCode::DuplicateId, line, message))
        })
        .collect()
}
