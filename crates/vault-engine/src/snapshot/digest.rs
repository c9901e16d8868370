//! The hash of a whole vault, made again only where something changed.
//!
//! In: notes in the order of their paths. Out: [`Digest`], the same for the same vault, whatever was before.
//! Source: R. C. Merkle, "A Digital Signature Based on a Conventional Encryption Function" (1987): a hash of hashes.

use std::sync::Arc;

use super::{NoteDefect, step::Step};
use crate::note::{ContentHash, Note};

/// Notes that are hashed together.
const TOGETHER: usize = 256;

/// Hashes of the notes, so many at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Digest(Vec<ContentHash>);

impl Digest {
    /// The same for the notes after a step.
    pub(super) fn after(&self, step: &Step, notes: &[Arc<Note>]) -> Self {
        let chunk = |number: usize| {
            let start = number * TOGETHER;
            let end = (start + TOGETHER).min(notes.len());
            of_some(notes.get(start..end).unwrap_or_default())
        };
        let Some(first) = step.first() else {
            return self.clone();
        };
        let mut chunks = self.0.clone();
        if step.is_in_place() {
            let mut numbers: Vec<usize> = (step.fresh.iter())
                .map(|&at| at as usize / TOGETHER)
                .collect();
            numbers.dedup();
            for number in numbers {
                if let Some(slot) = chunks.get_mut(number) {
                    *slot = chunk(number);
                }
            }
        } else {
            chunks.truncate(first as usize / TOGETHER);
            chunks.extend((chunks.len()..notes.len().div_ceil(TOGETHER)).map(chunk));
        }
        Self(chunks)
    }

    /// One hash of them all, and of what was found while walking.
    pub(super) fn whole(&self, walked: &[NoteDefect]) -> ContentHash {
        let notes = self.0.iter().map(|hash| hash.as_bytes().as_slice());
        let walked = walked
            .iter()
            .flat_map(|found| [found.path.as_bytes(), found.defect.code.as_str().as_bytes()]);
        ContentHash::of(notes.chain(walked))
    }
}

fn of_some(notes: &[Arc<Note>]) -> ContentHash {
    ContentHash::of(notes.iter().flat_map(|note| {
        let hash = note.hash.as_bytes().as_slice();
        [note.path.as_str().as_bytes(), &[0], hash]
    }))
}
