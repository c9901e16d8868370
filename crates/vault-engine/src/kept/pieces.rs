//! One piece of the index in the file.
//!
//! In: a piece and the numbers of its notes in the file. Out: its bytes, and from them the same piece.
//! Never: a piece whose lists name what is not there.

use crate::index::{Dictionary, NOWHERE, Pairs, Parts, Segment};
use crate::wire::{Rest, Written};

/// Stands for a note that was changed or deleted since the piece was made.
pub(super) const GONE: u32 = NOWHERE;

/// A piece without its notes.
#[derive(Debug)]
pub(super) struct Piece {
    /// The numbers of its notes in the file, in the piece's order.
    pub(super) notes: Vec<u32>,
    pub(super) parts: Parts,
}

pub(super) fn write(out: &mut Written, numbers: &[u32], segment: &Segment) {
    out.words(numbers);
    let (text, words) = segment.dictionary().parts();
    out.bytes(text);
    out.words(words);
    let (starts, lists) = segment.lists();
    out.words(starts);
    out.bytes(lists);
    out.words(segment.long());
    let (bits, notes) = segment.pairs().parts();
    out.long_words(bits);
    out.words(notes);
}

pub(super) fn read(rest: &mut Rest) -> Option<Piece> {
    let notes = rest.words()?;
    let dictionary = Dictionary::from_parts(rest.bytes()?.to_vec(), rest.words()?)?;
    let (starts, lists) = (rest.words()?, rest.bytes()?.to_vec());
    let one_each = starts.len() == dictionary.len() + 1;
    let ends = starts
        .last()
        .is_some_and(|&end| end as usize == lists.len());
    let long = rest.words()?;
    let known = long.iter().all(|&local| (local as usize) < notes.len());
    if !one_each || !ends || !known || !starts.is_sorted() {
        return None;
    }
    let pairs = Pairs::from_parts(rest.long_words()?, rest.words()?, notes.len())?;
    Some(Piece {
        notes,
        parts: Parts {
            dictionary,
            starts,
            lists,
            long,
            pairs,
        },
    })
}
