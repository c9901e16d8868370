//! Which note a name means.
//!
//! In: folded names. Out: positions of notes.
//! Source: Obsidian's rules: the exact path, then the name with the shortest path, whatever the case;
//! then the id, then an alias. The shortest path has the fewest folders, then the fewest letters, then comes first.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use crate::note::Note;

/// Position of a note in its snapshot.
pub(crate) type At = u32;

type Map<T> = HashMap<Arc<str>, T, RandomState>;

#[derive(Debug, Default)]
pub(crate) struct Names {
    paths: Map<At>,
    stems: Map<Vec<At>>,
    ids: Map<Vec<At>>,
    aliases: Map<Vec<At>>,
}

impl Names {
    /// Collects the names of notes, which are in the order of their paths.
    pub(crate) fn of(notes: &[Arc<Note>]) -> Self {
        let mut names = Self {
            paths: Map::with_capacity_and_hasher(notes.len(), RandomState::default()),
            stems: Map::with_capacity_and_hasher(notes.len(), RandomState::default()),
            ids: Map::with_capacity_and_hasher(notes.len(), RandomState::default()),
            aliases: Map::with_capacity_and_hasher(notes.len(), RandomState::default()),
        };
        for (at, note) in (0..).zip(notes) {
            let folded = &note.folded;
            names.paths.entry(Arc::clone(&folded.path)).or_insert(at);
            names
                .stems
                .entry(Arc::clone(&folded.stem))
                .or_default()
                .push(at);
            if let Some(id) = &folded.id {
                names.ids.entry(Arc::clone(id)).or_default().push(at);
            }
            for alias in folded
                .aliases
                .iter()
                .filter(|alias| Some(*alias) != folded.id.as_ref())
            {
                let known = names.aliases.entry(Arc::clone(alias)).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        for same in names.stems.values_mut().filter(|same| same.len() > 1) {
            same.sort_by_key(|&at| path_order(notes, at));
        }
        names
    }

    /// Notes that carry an id, in the order of their paths.
    pub(crate) fn with_id(&self, id: &str) -> &[At] {
        self.ids.get(id).map_or(&[], Vec::as_slice)
    }

    /// Notes that carry an alias besides their id.
    pub(crate) fn with_alias(&self, alias: &str) -> &[At] {
        self.aliases.get(alias).map_or(&[], Vec::as_slice)
    }

    /// The note at a path without `.md`, whatever the case.
    pub(crate) fn with_path(&self, path: &str) -> Option<At> {
        self.paths.get(path).copied()
    }

    /// Ids that more than one note carries.
    pub(crate) fn shared_ids(&self) -> impl Iterator<Item = (&str, &[At])> {
        self.ids
            .iter()
            .filter(|(_, notes)| notes.len() > 1)
            .map(|(id, notes)| (id.as_ref(), notes.as_slice()))
    }

    /// All ids and aliases.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&str, At)> {
        self.ids
            .iter()
            .chain(&self.aliases)
            .filter_map(|(name, notes)| Some((name.as_ref(), *notes.first()?)))
    }

    /// Where a link leads.
    pub(crate) fn link(&self, notes: &[Arc<Note>], target: &str, source: &Note) -> Option<At> {
        let target = target.strip_suffix(".md").unwrap_or(target);
        if target.starts_with("./") || target.starts_with("../") {
            return self.with_path(&relative(target, &source.folded.path)?);
        }
        let target = target.trim_start_matches('/');
        self.file(notes, target)
            .or_else(|| self.entity(notes, target))
    }

    /// The note a relation means: an id, an alias, or a note's name.
    pub(crate) fn relation(&self, notes: &[Arc<Note>], target: &str) -> Option<At> {
        self.entity(notes, target)
            .or_else(|| self.file(notes, target.strip_suffix(".md").unwrap_or(target)))
    }

    /// Of several notes that carry an id, the one whose file is called like it.
    fn entity(&self, notes: &[Arc<Note>], name: &str) -> Option<At> {
        let same = self.with_id(name);
        let called_so = |at: &&At| {
            let note = notes.get(**at as usize);
            note.is_some_and(|note| &*note.folded.stem == name)
        };
        same.iter()
            .find(called_so)
            .or_else(|| same.first())
            .or_else(|| self.with_alias(name).first())
            .copied()
    }

    fn file(&self, notes: &[Arc<Note>], target: &str) -> Option<At> {
        if let Some(at) = self.with_path(target) {
            return Some(at);
        }
        let (folder, stem) = target.rsplit_once('/').unwrap_or(("", target));
        let same = self.stems.get(stem)?;
        if folder.is_empty() {
            return same.first().copied();
        }
        let ends_with = |at: &&At| {
            let path = notes
                .get(**at as usize)
                .map(|note| note.folded.path.as_ref())
                .unwrap_or_default();
            path.strip_suffix(target)
                .is_some_and(|before| before.ends_with('/'))
        };
        same.iter().find(ends_with).copied()
    }
}

fn path_order(notes: &[Arc<Note>], at: At) -> (usize, usize, At) {
    let path = notes
        .get(at as usize)
        .map(|note| note.folded.path.as_ref())
        .unwrap_or_default();
    (path.matches('/').count(), path.chars().count(), at)
}

fn relative(target: &str, source: &str) -> Option<String> {
    let mut parts: Vec<&str> = source.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
