//! What became of the notes from one picture to another.
//!
//! In: two pictures of one vault. Out: every note that was added, changed or removed, by path.
//! Never: a look into notes that are the same.

use std::{cmp::Ordering, sync::Arc};

use crate::{Note, Snapshot};

/// What became of one note.
#[derive(Clone, Debug)]
pub enum Change {
    /// It was not there before.
    Added(Arc<Note>),
    /// Its bytes are others; before, after.
    Changed(Arc<Note>, Arc<Note>),
    /// It is not there any more.
    Removed(Arc<Note>),
}

/// Every change, in the order of paths.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let (mut old, mut new) = (
        before.notes().iter().peekable(),
        after.notes().iter().peekable(),
    );
    let mut changes = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) if Arc::ptr_eq(old, new) => Ordering::Equal,
            (Some(old), Some(new)) => old.path.cmp(&new.path),
        };
        match order {
            Ordering::Less => changes.extend(old.next().cloned().map(Change::Removed)),
            Ordering::Greater => changes.extend(new.next().cloned().map(Change::Added)),
            Ordering::Equal => {
                if let (Some(old), Some(new)) = (old.next(), new.next())
                    && !Arc::ptr_eq(old, new)
                    && old.hash != new.hash
                {
                    changes.push(Change::Changed(Arc::clone(old), Arc::clone(new)));
                }
            }
        }
    }
}
