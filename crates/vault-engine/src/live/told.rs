//! Single files that are said to have changed.
//!
//! In: paths. Out: their notes read again and shown, or the answer that only a look at the whole folder will do.
//! Never: a note dropped because the folder is away.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Instant,
};

use loop_shared::vault::NotePath;

use super::keeper::Keeper;
use crate::disk::{self, FoundFile};

/// What a path that was told means.
enum Meaning {
    /// Nothing: no note, or one that came and went.
    Nothing,
    Note(FoundFile),
    /// A note that was deleted or moved away.
    Gone(NotePath),
    /// A folder, a link, a second spelling of a name: the whole folder has to be compared.
    Unclear,
}

impl Keeper {
    /// Reads the notes told; `false` when only a comparison of the whole folder will do.
    pub(super) fn reread(&mut self, told: &[PathBuf]) -> bool {
        let began = Instant::now();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        let mut new = 0;
        for file in told {
            match self.meaning(file) {
                Meaning::Nothing => {}
                Meaning::Note(note) => {
                    new += usize::from(self.memory.file_of(&note.path).is_none());
                    found.push(note);
                }
                Meaning::Gone(path) => gone.push(path),
                Meaning::Unclear => return false,
            }
        }
        // Of too many notes the first are served: what comes or goes decides about others.
        let most = self.config.max_notes.saturating_sub(new);
        let known = self.memory.len();
        if new > 0 && known > most || !gone.is_empty() && known >= most {
            return false;
        }
        if !gone.is_empty() && disk::root_id(&self.config.root).ok() != self.root {
            return false;
        }
        self.note_changes(found.len() + gone.len());
        for path in gone {
            self.pending += u64::from(self.memory.remove(&path));
        }
        let loaded = disk::load_all(&found, self.config.max_note_bytes);
        for (found, loaded) in found.into_iter().zip(loaded) {
            self.pending += u64::from(self.memory.take(found, loaded));
        }
        if self.pending > 0 {
            self.publish(began);
        }
        true
    }

    fn meaning(&self, file: &Path) -> Meaning {
        let is_note = file
            .extension()
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case("md"));
        let metadata = std::fs::symlink_metadata(file);
        if !is_note {
            return match metadata {
                Ok(metadata) if metadata.is_file() => Meaning::Nothing,
                _ => Meaning::Unclear,
            };
        }
        let root = &self.config.root;
        if metadata.is_err_and(|error| error.kind() == ErrorKind::NotFound)
            && let Some(path) = disk::note_path(root, file)
        {
            return match self.memory.file_of(&path) {
                Some(known) if known == file => Meaning::Gone(path),
                // Its other spelling may be there.
                Some(_) => Meaning::Unclear,
                None if self.walked.iter().any(|found| found.path == path.as_str()) => {
                    Meaning::Unclear
                }
                None => Meaning::Nothing,
            };
        }
        match disk::find_one(root, file) {
            Some(found)
                if self
                    .memory
                    .file_of(&found.path)
                    .is_none_or(|known| known == found.file) =>
            {
                Meaning::Note(found)
            }
            _ => Meaning::Unclear,
        }
    }
}
