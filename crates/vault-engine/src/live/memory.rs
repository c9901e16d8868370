//! The notes as they were last read.
//!
//! In: what was found and read. Out: what differs from before.
//! Never: the file system.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use loop_shared::vault::NotePath;

use crate::{
    Note,
    disk::{FoundFile, Loaded, Stamp, Walked},
    kept::KeptNote,
};

struct Known {
    file: PathBuf,
    stamp: Option<Stamp>,
    note: Arc<Note>,
}

/// Notes by path, each with the stamp of its file.
#[derive(Default)]
pub(super) struct Memory {
    known: BTreeMap<NotePath, Known>,
}

impl Memory {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn notes(&self) -> Vec<Arc<Note>> {
        let notes = self.known.values();
        notes.map(|known| Arc::clone(&known.note)).collect()
    }

    /// Notes of the last run; each is held against its file before it is shown.
    pub(super) fn remember(&mut self, notes: Vec<KeptNote<Arc<Note>>>) {
        let known = notes.into_iter().map(|KeptNote { file, stamp, note }| {
            let known = Known {
                file,
                stamp,
                note: Arc::clone(&note),
            };
            (note.path.clone(), known)
        });
        self.known = known.collect();
    }

    /// What the next run needs to know.
    pub(super) fn kept(&self) -> Vec<KeptNote<Arc<Note>>> {
        let kept = self.known.values().map(|known| KeptNote {
            file: known.file.clone(),
            stamp: known.stamp,
            note: Arc::clone(&known.note),
        });
        kept.collect()
    }

    /// The notes but those that are still to be read (or read again), which are in the order of their paths.
    pub(super) fn notes_without(&self, unread: &[FoundFile]) -> Vec<Arc<Note>> {
        let is_unread = |path: &NotePath| {
            let found = unread.binary_search_by(|found| found.path.cmp(path));
            found.is_ok()
        };
        let read = self.known.iter().filter(|(path, _)| !is_unread(path));
        read.map(|(_, known)| Arc::clone(&known.note)).collect()
    }

    /// The file a note was read from.
    pub(super) fn file_of(&self, path: &NotePath) -> Option<&Path> {
        self.known.get(path).map(|known| known.file.as_path())
    }

    /// The next comparison reads this note again even if its stamp looks the same.
    pub(super) fn doubt(&mut self, path: &NotePath) {
        if let Some(known) = self.known.get_mut(path) {
            known.stamp = None;
        }
    }

    /// Files that are new or not as they were when they were read.
    pub(super) fn differing(&self, walked: &Walked) -> Vec<FoundFile> {
        let mut known = self.known.iter().peekable();
        let differs = |found: &&FoundFile| {
            // Both are in the order of paths.
            while known.next_if(|(path, _)| **path < found.path).is_some() {}
            let known = known.next_if(|(path, _)| **path == found.path);
            known.is_none_or(|(_, known)| {
                // As bytes: paths take long to compare.
                known.file.as_os_str() != found.file.as_os_str()
                    || known.stamp.is_none_or(|stamp| stamp != found.stamp)
            })
        };
        walked.files.iter().filter(differs).cloned().collect()
    }

    /// Drops notes whose files are gone; returns how many.
    pub(super) fn forget(&mut self, walked: &Walked) -> u64 {
        let unsure = |file: &Path| walked.unsure.iter().any(|folder| file.starts_with(folder));
        let mut files = walked.files.iter().peekable();
        let mut gone = Vec::new();
        for (path, known) in &self.known {
            while files.next_if(|found| found.path < *path).is_some() {}
            let there = files.next_if(|found| found.path == *path).is_some();
            if !there && !unsure(&known.file) {
                gone.push(path.clone());
            }
        }
        for path in &gone {
            self.known.remove(path);
        }
        gone.len() as u64
    }

    /// Drops a note; whether it was there.
    pub(super) fn remove(&mut self, path: &NotePath) -> bool {
        self.known.remove(path).is_some()
    }

    /// Takes a read note in; whether anything changed.
    pub(super) fn take(&mut self, found: FoundFile, loaded: Loaded) -> bool {
        let (note, stamp) = match loaded {
            Loaded::Gone => return self.known.remove(&found.path).is_some(),
            Loaded::Note(note, stamp) => (note, stamp),
        };
        let FoundFile { path, file, .. } = found;
        if let Some(known) = self.known.get_mut(&path)
            && known.note.hash == note.hash
            && known.note.defects == note.defects
            && known.note.marks == note.marks
        {
            known.stamp = stamp;
            known.file = file;
            return false;
        }
        self.known.insert(path, Known { file, stamp, note });
        true
    }
}
