//! A long row of which the next version shares all but a few parts.
//!
//! In: items. Out: [`Rows`], cheap to clone and to change in a few places. Never: an item moved when another changes.

use std::sync::Arc;

/// Items that are copied together when one of them changes.
const TOGETHER: usize = 128;

/// Items by number.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Rows<T> {
    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / TOGETHER)?.get(at % TOGETHER)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Clone> Rows<T> {
    /// An item to be changed; others keep theirs.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(at / TOGETHER)?).get_mut(at % TOGETHER)
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(items: Vec<T>) -> Self {
        let mut items = items.into_iter();
        let chunk = || {
            let chunk: Vec<T> = items.by_ref().take(TOGETHER).collect();
            (!chunk.is_empty()).then(|| Arc::new(chunk))
        };
        Self {
            chunks: std::iter::from_fn(chunk).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_in_the_new_row_alone() {
        for length in [0, 1, TOGETHER, 3 * TOGETHER + 1] {
            let before = Rows::from((0..length).collect::<Vec<_>>());
            let mut after = before.clone();
            assert_eq!(before.get(length), None);
            assert_eq!(after.get_mut(length), None);
            for at in (0..length).step_by(7) {
                *after.get_mut(at).unwrap() += 1;
            }
            assert!(before.iter().copied().eq(0..length));
            let expected = |at: usize| at + usize::from(at.is_multiple_of(7));
            assert!((0..length).all(|at| after.get(at) == Some(&expected(at))));
        }
    }
}
