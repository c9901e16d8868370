//! The part of a picture that is not private.
//!
//! In: a picture and the rules of privacy. Out: the picture of the same vault without the private files: names, links,
//! backlinks, mistakes, totals and the hash are made from the notes that are left, so that nothing else can be told from them.
//! Never: a private note filtered out of an answer afterwards.

use std::sync::Arc;

use super::{NoteDefect, Snapshot, Step};
use crate::{Note, privacy::Privacy};

/// What is left of a vault without its private files.
pub(crate) struct OpenPart {
    notes: Vec<Arc<Note>>,
    walked: Vec<NoteDefect>,
}

impl OpenPart {
    /// Whether nothing was private.
    pub(crate) fn is_all_of(&self, whole: &Snapshot, walked: &[NoteDefect]) -> bool {
        self.notes.len() == whole.notes.len() && self.walked.len() == walked.len()
    }
}

impl Snapshot {
    /// This picture without the private notes: as if their files were not there.
    #[must_use]
    pub fn without_private(&self, privacy: &Privacy) -> Self {
        let part = self.open_part(&[], privacy);
        Self::empty().followed_by(part, self)
    }

    /// The picture of some of the notes.
    pub(crate) fn only(&self, wanted: impl Fn(&Note) -> bool) -> Self {
        let notes = self.notes.iter().filter(|note| wanted(note));
        let part = OpenPart {
            notes: notes.map(Arc::clone).collect(),
            walked: Vec::new(),
        };
        Self::empty().followed_by(part, self)
    }

    /// A picture of notes in the order of their paths, all in the full-text index.
    pub(crate) fn of_notes(notes: Vec<Arc<Note>>) -> Self {
        Self::empty().next(notes, &[]).indexed()
    }

    pub(crate) fn open_part(&self, walked: &[NoteDefect], privacy: &Privacy) -> OpenPart {
        let (hidden, notes): (Vec<&Arc<Note>>, Vec<&Arc<Note>>) =
            self.notes.iter().partition(|note| privacy.hides(note));
        let is_hidden = |path: &str| {
            hidden
                .binary_search_by(|note| note.path.as_str().cmp(path))
                .is_ok()
        };
        let told = |found: &&NoteDefect| {
            hidden.is_empty() && privacy.folders.is_empty()
                || privacy.tells(found, |path| {
                    is_hidden(&loop_shared::vault::text::nfc(path))
                })
        };
        OpenPart {
            walked: walked.iter().filter(told).cloned().collect(),
            notes: notes.into_iter().map(Arc::clone).collect(),
        }
    }

    /// The open picture after this one; this one again when nothing that is open changed.
    pub(crate) fn followed_by(&self, part: OpenPart, whole: &Self) -> Self {
        let step = Step::between(&self.notes, &part.notes);
        if self.generation > 0 && step.is_none() && same_places(&self.walked, &part.walked) {
            return self.sharing_index_of(whole);
        }
        let next = self.stepped(&step, part.notes, &part.walked);
        let timed = next.with_load_time(whole.load_time);
        timed.sharing_index_of(whole)
    }

    /// The same notes, found in the index of a picture that holds them and others.
    pub(crate) fn sharing_index_of(&self, whole: &Self) -> Self {
        let mut shared = self.clone();
        let step = Step::between(&whole.notes, &self.notes);
        shared.index = whole.index.placed(&step);
        shared.read = whole.read;
        shared.before = None;
        shared
    }
}

/// Whether the same kinds of mistakes are in the same places; how many private notes there are may be told by the words.
fn same_places(one: &[NoteDefect], other: &[NoteDefect]) -> bool {
    let places = |found: &[NoteDefect]| -> Vec<_> {
        let places = found
            .iter()
            .map(|found| (found.path.clone(), found.defect.code));
        places.collect()
    };
    places(one) == places(other)
}
