//! What the keeper knows, for the next start.
//!
//! In: memory and the whole picture, when they are of one moment. Out: a file, written by a thread of its own.

use std::sync::Arc;

use super::keeper::Keeper;
use crate::{Note, Sight, kept::KeptNote};

impl Keeper {
    /// Writes what the feeds need at the next start, unless it is written.
    pub(super) fn settle(&self) {
        if let Some(feeds) = self.shared.feeds.get() {
            feeds.settle(&self.shared.pictures.load());
        }
    }

    /// Writes down what the next start needs, when it is worth it.
    pub(super) fn keep(&mut self) {
        let (Some(keeping), Some(root)) = (&mut self.keeping, self.root) else {
            return;
        };
        if self.pending > 0 || !keeping.is_due(self.memory.len()) {
            return;
        }
        let picture = self.shared.seen(Sight::Whole);
        let notes = self.memory.kept();
        let same =
            |(kept, shown): (&KeptNote<Arc<Note>>, &Arc<Note>)| Arc::ptr_eq(&kept.note, shown);
        // The pieces name notes by where they are in the picture.
        if notes.len() == picture.notes().len() && notes.iter().zip(picture.notes()).all(same) {
            let pieces = picture.index().pieces().to_vec();
            keeping.write(&self.config, root, notes, pieces);
        }
    }

    pub(super) fn note_changes(&mut self, count: usize) {
        if let Some(keeping) = &mut self.keeping {
            keeping.note_changes(count as u64);
        }
    }
}
