//! What became of the places of notes from one picture to the next.
//!
//! In: the notes before and after, each in the order of their paths, unchanged ones shared. Out: where each of those before is now.
//! Never: a look at a note that is the same; pointers tell that.

use std::{cmp::Ordering, sync::Arc};

use crate::{index::NOWHERE, names::At, note::Note};

/// The way from one row of notes to the next.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// By place before: the place of the very same note now, or [`NOWHERE`].
    moved: Vec<At>,
    /// Places before of notes that are not there any more.
    pub(crate) gone: Vec<At>,
    /// Places now of notes that were not there before.
    pub(crate) fresh: Vec<At>,
    /// How many of the fresh took the place of a gone one of the same path.
    same_path: usize,
}

impl Step {
    pub(crate) fn between(before: &[Arc<Note>], after: &[Arc<Note>]) -> Self {
        let mut step = Self {
            moved: vec![NOWHERE; before.len()],
            ..Self::default()
        };
        let (mut old, mut new) = (0, 0);
        loop {
            let pair = (before.get(old), after.get(new));
            let order = match pair {
                (None, None) => return step,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) if Arc::ptr_eq(one, other) => {
                    if let Some(slot) = step.moved.get_mut(old) {
                        *slot = place(new);
                    }
                    (old, new) = (old + 1, new + 1);
                    continue;
                }
                (Some(one), Some(other)) => one.path.cmp(&other.path),
            };
            step.same_path += usize::from(order.is_eq());
            if order.is_le() {
                step.gone.push(place(old));
                old += 1;
            }
            if order.is_ge() {
                step.fresh.push(place(new));
                new += 1;
            }
        }
    }

    /// Whether nothing is different.
    pub(crate) const fn is_none(&self) -> bool {
        self.gone.is_empty() && self.fresh.is_empty()
    }

    /// Whether every path is where it was: notes only gave way to others of the same path, `gone` to `fresh` in order.
    pub(crate) const fn is_in_place(&self) -> bool {
        self.same_path == self.gone.len() && self.same_path == self.fresh.len()
    }

    /// Where the note is now that was there before.
    pub(crate) fn to(&self, before: At) -> At {
        self.moved.get(before as usize).copied().unwrap_or(NOWHERE)
    }

    /// The first place at which something is different.
    pub(crate) fn first(&self) -> Option<At> {
        let firsts = [self.gone.first(), self.fresh.first()];
        firsts.into_iter().flatten().min().copied()
    }
}

fn place(at: usize) -> At {
    At::try_from(at).unwrap_or(NOWHERE)
}
