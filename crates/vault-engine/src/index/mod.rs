//! The full-text index of a snapshot: pieces that never change, put together anew for every picture.
//!
//! In: the notes of one snapshot and the index of the one before. Out: [`Index`].
//! Never: more than about 4,096 notes indexed because of one edit; a note that is neither in a piece nor in the list of the
//! notes still to be indexed, which are looked through one by one.
//! Source: log-structured merging; [decision 16](../../../docs/decisions/0016-search-asks-an-index-of-words.md).

mod dictionary;
mod fields;
mod fuzzy;
mod pairs;
mod segment;
mod words;

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub(crate) use dictionary::{Dictionary, Ends};
pub(crate) use fields::{Fields, each_text};
pub(crate) use fuzzy::Fuzzy;
pub(crate) use pairs::{Pair, Pairs};
pub(crate) use segment::{Local, Parts, Posting, Segment};
pub(crate) use words::{MAX_WORD, is_letter, stands_alone, words};

use crate::{names::At, note::Note, snapshot::Step};

/// In [`Placed::at`]: the note is not part of this snapshot.
pub(crate) const NOWHERE: At = At::MAX;
/// Pieces of one size class that are allowed side by side before they are merged.
const SAME_SIZE: usize = 4;
const MAX_THREADS: usize = 8;

/// A piece of the index and where its notes are in the snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) segment: Arc<Segment>,
    /// By number in the segment; [`NOWHERE`] when the note was changed or deleted since, or is hidden.
    pub(crate) at: Arc<Vec<At>>,
    live: usize,
}

/// The full-text index of one snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    placed: Vec<Placed>,
    /// Notes that are in no piece yet.
    loose: Vec<At>,
}

impl Index {
    /// Pieces that were made before, each with the numbers of its notes among some notes.
    pub(crate) fn of_pieces(pieces: Vec<(Arc<Segment>, Vec<At>)>, notes: usize) -> Self {
        let mut covered = vec![false; notes];
        let placed = pieces.into_iter().map(|(segment, at)| {
            let mut live = 0;
            for &at in &at {
                if let Some(slot) = covered.get_mut(at as usize) {
                    *slot = true;
                    live += 1;
                }
            }
            let at = Arc::new(at);
            Placed { segment, at, live }
        });
        Self {
            placed: placed.collect(),
            loose: (0..)
                .zip(&covered)
                .filter(|(_, covered)| !**covered)
                .map(|(at, _)| at)
                .collect(),
        }
    }

    /// The index of the notes after a step; what is new stays loose.
    pub(crate) fn placed(&self, step: &Step) -> Self {
        let placed = self.placed.iter().filter_map(|placed| placed.after(step));
        let loose = self.loose.iter().map(|&at| step.to(at));
        let loose = loose.filter(|&at| at != NOWHERE);
        let mut loose: Vec<At> = loose.chain(step.fresh.iter().copied()).collect();
        loose.sort_unstable();
        Self {
            placed: placed.collect(),
            loose,
        }
    }

    /// The same with every note in a piece, and few pieces.
    pub(crate) fn complete(&self, notes: &[Arc<Note>]) -> Self {
        let mut wanted = vec![self.loose.clone()];
        let mut kept: Vec<Placed> = Vec::new();
        let mut classes: [Vec<Placed>; 8] = Default::default();
        for placed in &self.placed {
            let full = placed.segment.notes().len();
            if full >= 64 && placed.live * 2 < full {
                // More than half of it is old: make it small.
                wanted.push(placed.live_notes());
            } else if let Some(class) = classes.get_mut(size_class(placed.live)) {
                class.push(placed.clone());
            }
        }
        let mut fresh = wanted.concat();
        for (size, class) in classes.into_iter().enumerate() {
            let joins = size_class(fresh.len()) >= size && !fresh.is_empty();
            if size < size_class(segment::MAX_NOTES / 2)
                && class.len() + usize::from(joins) >= SAME_SIZE
            {
                fresh.extend(class.iter().flat_map(Placed::live_notes));
            } else {
                kept.extend(class);
            }
        }
        fresh.sort_unstable();
        kept.extend(build(notes, &fresh));
        Self {
            placed: kept,
            loose: Vec::new(),
        }
    }

    pub(crate) fn pieces(&self) -> &[Placed] {
        &self.placed
    }

    /// Notes that have to be looked through.
    pub(crate) fn loose(&self) -> &[At] {
        &self.loose
    }

    /// Bytes it takes besides the notes.
    pub(crate) fn bytes(&self) -> usize {
        let pieces = self.placed.iter();
        pieces
            .map(|placed| placed.segment.bytes() + 4 * placed.at.len())
            .sum()
    }
}

impl Placed {
    /// The same piece after a step; nothing when none of its notes is left.
    fn after(&self, step: &Step) -> Option<Self> {
        let left = |&at: &At| at != NOWHERE && step.to(at) != NOWHERE;
        let live = self.at.iter().filter(|at| left(at)).count();
        if live == 0 {
            return None;
        }
        if step.is_in_place() && live == self.live {
            return Some(self.clone());
        }
        let at = self.at.iter().map(|&at| step.to(at));
        Some(Self {
            segment: Arc::clone(&self.segment),
            at: Arc::new(at.collect()),
            live,
        })
    }

    fn live_notes(&self) -> Vec<At> {
        let all = self.at.iter().copied();
        all.filter(|&at| at != NOWHERE).collect()
    }
}

/// 1–3, 4–15, 16–63, …: pieces of one class are of about one size.
fn size_class(notes: usize) -> usize {
    (usize::BITS - notes.max(1).leading_zeros()) as usize / 2
}

/// Indexes notes, in pieces, on a few threads.
fn build(notes: &[Arc<Note>], wanted: &[At]) -> Vec<Placed> {
    let pieces = cut(notes, wanted);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Placed)>> = Mutex::default();
    let work = || {
        while let Some((number, piece)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            pieces.get(number).map(|piece| (number, piece))
        } {
            let made = place_new(notes, piece);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, made));
        }
    };
    if pieces.len() == 1 {
        work();
    } else {
        thread::scope(|scope| {
            for _ in 0..threads.min(MAX_THREADS).min(pieces.len()) {
                scope.spawn(work);
            }
        });
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, placed)| placed).collect()
}

fn place_new(notes: &[Arc<Note>], piece: &[At]) -> Placed {
    let held = piece
        .iter()
        .filter_map(|&at| Some((at, Arc::clone(notes.get(at as usize)?))));
    let (at, held): (Vec<At>, Vec<Arc<Note>>) = held.unzip();
    Placed {
        live: at.len(),
        segment: Arc::new(Segment::of(held)),
        at: Arc::new(at),
    }
}

/// Cuts a list of notes so that no piece holds too many or too much.
fn cut<'a>(notes: &[Arc<Note>], wanted: &'a [At]) -> Vec<&'a [At]> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (end, &at) in wanted.iter().enumerate() {
        let size = notes
            .get(at as usize)
            .map_or(0, |note| note.text.folded().len());
        if end - start == segment::MAX_NOTES || bytes + size > segment::MAX_BYTES {
            pieces.extend(wanted.get(start..end).filter(|piece| !piece.is_empty()));
            (start, bytes) = (end, 0);
        }
        bytes += size;
    }
    pieces.extend(wanted.get(start..).filter(|piece| !piece.is_empty()));
    pieces
}
