//! The present pictures: of every note, and of those that are not private.
//!
//! In: notes, and the pictures before. Out: [`Pictures`], made once for all readers.
//! Never: work at a request; a change of a private note seen in the open picture, not even as a number.

use std::{sync::Arc, time::Instant};

use crate::{
    Note, Privacy, Sight, Snapshot, changes,
    index::Index,
    snapshot::{NoteDefect, Step},
};

/// More new notes than this are served before they are indexed.
const INDEX_AT_ONCE: usize = 256;

/// How a picture came about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// When the work on it began.
    pub(super) began: Instant,
    /// Percent of the vault, when not all was read.
    pub(super) read: Option<u8>,
}

/// One moment of the vault, as each kind of reader sees it.
#[derive(Clone, Debug)]
pub(super) struct Pictures {
    whole: Arc<Snapshot>,
    open: Arc<Snapshot>,
}

impl Pictures {
    /// Before anything was read, with the index that was kept and the notes it counts by, which nobody sees.
    pub(super) fn beginning(index: Index, notes: Vec<Arc<Note>>) -> Self {
        let whole = Arc::new(Snapshot::beginning(index, notes));
        Self {
            open: Arc::clone(&whole),
            whole,
        }
    }

    pub(super) const fn seen(&self, sight: Sight) -> &Arc<Snapshot> {
        match sight {
            Sight::Whole => &self.whole,
            Sight::Open => &self.open,
        }
    }

    /// The next pictures: of these notes in the order of their paths, and of what was found while walking.
    pub(super) fn next(
        &self,
        notes: Vec<Arc<Note>>,
        walked: &[NoteDefect],
        privacy: Option<&Privacy>,
        made: Made,
    ) -> Self {
        let step = Step::between(self.whole.notes(), &notes);
        let whole = self.whole.stepped(&step, notes, walked);
        let mut whole = whole.read_so_far(made.read);
        if made.read.is_none() && whole.unindexed() <= INDEX_AT_ONCE {
            whole = whole.indexed();
        }
        let whole = whole.with_load_time(made.began.elapsed());
        self.beside(whole, &step, walked, privacy)
    }

    /// The same moment with every note in the full-text index.
    pub(super) fn indexed(&self) -> Self {
        let whole = Arc::new(Snapshot::clone(&self.whole).indexed());
        let open = if Arc::ptr_eq(&self.whole, &self.open) {
            Arc::clone(&whole)
        } else {
            Arc::new(self.open.sharing_index_of(&whole))
        };
        Self { whole, open }
    }

    /// How many open notes differ.
    pub(super) fn open_changes_since(&self, before: &Self) -> u64 {
        changes::between(&before.open, &self.open).len() as u64
    }

    fn beside(
        &self,
        whole: Snapshot,
        step: &Step,
        walked: &[NoteDefect],
        privacy: Option<&Privacy>,
    ) -> Self {
        let whole = Arc::new(whole);
        let was_one = Arc::ptr_eq(&self.whole, &self.open);
        // Nothing was private, and nothing private came: one picture for all.
        let is_open = |privacy: &Privacy| {
            let fresh = step.fresh.iter().filter_map(|&at| whole.at(at));
            was_one && walked.is_empty() && !fresh.into_iter().any(|note| privacy.hides(note))
        };
        let open = match privacy {
            None => Arc::clone(&whole),
            Some(privacy) if is_open(privacy) => Arc::clone(&whole),
            Some(privacy) => {
                let part = whole.open_part(walked, privacy);
                if was_one && part.is_all_of(&whole, walked) {
                    Arc::clone(&whole)
                } else {
                    Arc::new(self.open.followed_by(part, &whole))
                }
            }
        };
        Self { whole, open }
    }
}
