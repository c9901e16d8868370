//! How notes point at each other.
//!
//! In: notes and their names. Out: where every link and relation leads, both ways, and the ones that lead nowhere.

use std::{collections::HashSet, sync::Arc};

use loop_shared::vault::{Defect, DefectCode, text::fold};

use crate::{
    names::{At, Names},
    note::Note,
    rows::Rows,
    snapshot::NoteDefect,
};

/// Where one note's links and relations lead, in their order.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// In the order of [`Note::links`].
    pub(crate) links: Box<[Option<At>]>,
    /// In the order of [`Note::relations`].
    pub(crate) relations: Box<[Option<At>]>,
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// By note.
    targets: Rows<Arc<Targets>>,
    /// By note: the notes that link to it, each once, and how often.
    backlinks: Rows<Vec<(At, u32)>>,
    /// By note: the notes whose relation leads to it, with the relation's position.
    incoming: Rows<Vec<(At, u32)>>,
}

impl Graph {
    /// Follows every link of every note.
    pub(crate) fn of(notes: &[Arc<Note>], names: &Names) -> Self {
        let targets = (0..)
            .zip(notes)
            .map(|(at, note)| Arc::new(follow(notes, names, at, note)));
        Self::turned(targets.collect())
    }

    /// The same for notes of which only some changed, and none its names.
    pub(crate) fn after(&self, notes: &[Arc<Note>], names: &Names, changed: &[At]) -> Self {
        let mut next = Self {
            targets: self.targets.clone(),
            backlinks: self.backlinks.clone(),
            incoming: self.incoming.clone(),
        };
        for &at in changed {
            let note = notes.get(at as usize);
            if let Some((note, slot)) = note.zip(next.targets.get_mut(at as usize)) {
                let new = Arc::new(follow(notes, names, at, note));
                let old = std::mem::replace(slot, Arc::clone(&new));
                next.take_out(at, &old);
                next.put_in(at, &new);
            }
        }
        next
    }

    /// Nothing comes from this note any more.
    fn take_out(&mut self, at: At, old: &Targets) {
        for &target in old.links.iter().flatten().filter(|&&target| target != at) {
            if let Some(list) = self.backlinks.get_mut(target as usize)
                && let Ok(found) = list.binary_search_by_key(&at, |&(source, _)| source)
            {
                list.remove(found);
            }
        }
        for &target in old.relations.iter().flatten() {
            if let Some(list) = self.incoming.get_mut(target as usize) {
                list.retain(|&(source, _)| source != at);
            }
        }
    }

    /// What comes from this note, of which nothing is there yet.
    fn put_in(&mut self, at: At, new: &Targets) {
        for &target in new.links.iter().flatten().filter(|&&target| target != at) {
            let Some(list) = self.backlinks.get_mut(target as usize) else {
                continue;
            };
            match list.binary_search_by_key(&at, |&(source, _)| source) {
                Ok(found) => {
                    if let Some((_, count)) = list.get_mut(found) {
                        *count += 1;
                    }
                }
                Err(place) => list.insert(place, (at, 1)),
            }
        }
        for (position, target) in (0..).zip(&new.relations) {
            if let Some(list) = target.and_then(|target| self.incoming.get_mut(target as usize)) {
                let place = list.partition_point(|&other| other < (at, position));
                list.insert(place, (at, position));
            }
        }
    }

    fn turned(targets: Vec<Arc<Targets>>) -> Self {
        let mut backlinks: Vec<Vec<(At, u32)>> = vec![Vec::new(); targets.len()];
        let mut incoming: Vec<Vec<(At, u32)>> = vec![Vec::new(); targets.len()];
        for (at, from) in (0..).zip(&targets) {
            for &target in from.links.iter().flatten().filter(|&&target| target != at) {
                let Some(list) = backlinks.get_mut(target as usize) else {
                    continue;
                };
                match list.last_mut() {
                    // Sources come in order, so a repeated one is the last.
                    Some((source, count)) if *source == at => *count += 1,
                    _ => list.push((at, 1)),
                }
            }
            for (position, target) in (0..).zip(&from.relations) {
                if let Some(list) = target.and_then(|target| incoming.get_mut(target as usize)) {
                    list.push((at, position));
                }
            }
        }
        Self {
            targets: targets.into(),
            backlinks: backlinks.into(),
            incoming: incoming.into(),
        }
    }

    /// Where a note's links and relations lead.
    pub(crate) fn targets(&self, at: At) -> Option<&Targets> {
        self.targets.get(at as usize).map(Arc::as_ref)
    }

    /// The notes that link to a note, each once, and how often.
    pub(crate) fn backlinks(&self, at: At) -> &[(At, u32)] {
        self.backlinks
            .get(at as usize)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The notes whose relation leads to a note, with the relation's position.
    pub(crate) fn incoming(&self, at: At) -> &[(At, u32)] {
        self.incoming
            .get(at as usize)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Links and relations that lead nowhere, each target once a note.
    pub(crate) fn dangling(&self, notes: &[Arc<Note>]) -> Vec<NoteDefect> {
        let mut defects = Vec::new();
        for (note, targets) in notes.iter().zip(self.targets.iter()) {
            dangling(note, targets, &mut defects);
        }
        defects
    }

    /// Those of one note.
    pub(crate) fn dangling_of(&self, at: At, note: &Note) -> Vec<NoteDefect> {
        let mut defects = Vec::new();
        if let Some(targets) = self.targets(at) {
            dangling(note, targets, &mut defects);
        }
        defects
    }
}

fn dangling(note: &Note, Targets { links, relations }: &Targets, defects: &mut Vec<NoteDefect>) {
    if links.iter().chain(relations).all(Option::is_some) {
        return;
    }
    let mut said: HashSet<String> = HashSet::new();
    let open = note.relations.iter().zip(relations);
    for (relation, _) in open.filter(|(_, target)| target.is_none()) {
        if said.insert(fold(relation.target.as_str())) {
            let message = format!("{} `{}` does not exist", relation.kind, relation.target);
            let defect = Defect::at(DefectCode::DanglingRelation, relation.line, message);
            defects.push(NoteDefect::of(note, defect));
        }
    }
    let open = note.links.iter().zip(links);
    for (link, _) in open.filter(|(_, target)| target.is_none()) {
        if !link.names_a_file() && said.insert(fold(&link.target)) {
            let message = format!("[[{}]] leads nowhere", link.target);
            let defect = Defect::at(DefectCode::DanglingLink, link.line, message);
            defects.push(NoteDefect::of(note, defect));
        }
    }
}

fn follow(notes: &[Arc<Note>], names: &Names, at: At, note: &Note) -> Targets {
    let link = |target: &str| {
        // A link without a target is one inside the note.
        if target.is_empty() {
            Some(at)
        } else {
            names.link(notes, target, note)
        }
    };
    Targets {
        links: note
            .links
            .iter()
            .map(|written| link(&fold(&written.target)))
            .collect(),
        relations: note
            .relations
            .iter()
            .map(|relation| names.relation(notes, &fold(relation.target.as_str())))
            .collect(),
    }
}
