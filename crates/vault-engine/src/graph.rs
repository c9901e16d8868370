//! How notes point at each other.
//!
//! In: notes and their names. Out: where every link and relation leads, both ways, and the ones that lead nowhere.

use std::{collections::HashSet, sync::Arc};

use loop_shared::vault::{Defect, DefectCode};

use crate::{
    names::{At, Names},
    note::Note,
    snapshot::NoteDefect,
};

#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By note, by link, in the order of [`Note::links`].
    pub(crate) links: Vec<Vec<Option<At>>>,
    /// By note, by relation, in the order of [`Note::relations`].
    pub(crate) relations: Vec<Vec<Option<At>>>,
    /// By note: the notes that link to it, each once, and how often.
    pub(crate) backlinks: Vec<Vec<(At, u32)>>,
    /// By note: the notes whose relation leads to it, with the relation's position.
    pub(crate) incoming: Vec<Vec<(At, u32)>>,
}

impl Graph {
    pub(crate) fn of(notes: &[Arc<Note>], names: &Names) -> Self {
        let mut graph = Self {
            links: Vec::with_capacity(notes.len()),
            relations: Vec::with_capacity(notes.len()),
            backlinks: vec![Vec::new(); notes.len()],
            incoming: vec![Vec::new(); notes.len()],
        };
        for (at, note) in (0..).zip(notes) {
            let links = note.links.iter().zip(&note.folded.links);
            let links: Vec<Option<At>> = links
                .map(|(_, target)| {
                    if target.is_empty() {
                        Some(at)
                    } else {
                        names.link(notes, target, note)
                    }
                })
                .collect();
            for &target in links.iter().flatten().filter(|&&target| target != at) {
                graph.note_link(at, target);
            }
            let relations: Vec<Option<At>> = note
                .folded
                .relations
                .iter()
                .map(|target| names.relation(notes, target))
                .collect();
            for (position, target) in (0..).zip(&relations) {
                if let Some(list) =
                    target.and_then(|target| graph.incoming.get_mut(target as usize))
                {
                    list.push((at, position));
                }
            }
            graph.links.push(links);
            graph.relations.push(relations);
        }
        graph
    }

    /// Sources come in order, so a repeated one is the last.
    fn note_link(&mut self, source: At, target: At) {
        let Some(list) = self.backlinks.get_mut(target as usize) else {
            return;
        };
        match list.last_mut() {
            Some((last, count)) if *last == source => *count += 1,
            _ => list.push((source, 1)),
        }
    }

    /// Links and relations that lead nowhere, each target once a note.
    pub(crate) fn dangling(&self, notes: &[Arc<Note>]) -> Vec<NoteDefect> {
        let mut defects = Vec::new();
        for ((note, links), relations) in notes.iter().zip(&self.links).zip(&self.relations) {
            let mut said: HashSet<&str> = HashSet::new();
            let open = note
                .relations
                .iter()
                .zip(&note.folded.relations)
                .zip(relations);
            for ((relation, folded), _) in open.filter(|(_, target)| target.is_none()) {
                if said.insert(folded) {
                    let message = format!("{} `{}` does not exist", relation.kind, relation.target);
                    let defect = Defect::at(DefectCode::DanglingRelation, relation.line, message);
                    defects.push(NoteDefect::of(note, defect));
                }
            }
            let open = note.links.iter().zip(&note.folded.links).zip(links);
            for ((link, folded), _) in open.filter(|(_, target)| target.is_none()) {
                if !link.names_a_file() && said.insert(folded) {
                    let message = format!("[[{}]] leads nowhere", link.target);
                    let defect = Defect::at(DefectCode::DanglingLink, link.line, message);
                    defects.push(NoteDefect::of(note, defect));
                }
            }
        }
        defects
    }
}
