//! Who follows the changes at this moment, and how many may.
//!
//! In: a subject. Out: a [`Place`], which is free again when it is dropped. Never: one caller in all the places.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places in all.
const MOST: usize = 1_024;
/// Places of one subject.
const EACH: usize = 32;

/// The places there are; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Followers(Arc<Mutex<HashMap<String, usize>>>);

/// A place taken.
#[derive(Debug)]
pub(crate) struct Place {
    followers: Followers,
    subject: String,
}

impl Followers {
    /// Takes a place; `None` when all are taken, or as many as one may have.
    pub(crate) fn take(&self, subject: &str) -> Option<Place> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let mine = taken.get(subject).copied().unwrap_or_default();
        if all >= MOST || mine >= EACH {
            return None;
        }
        taken.insert(subject.to_owned(), mine + 1);
        Some(Place {
            followers: self.clone(),
            subject: subject.to_owned(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.followers.taken();
        match taken.get_mut(&self.subject) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.subject)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_takes_a_few_places_and_all_together_no_more_than_there_are() {
        let followers = Followers::default();
        let mine: Vec<_> = (0..=EACH).map(|_| followers.take("me")).collect();
        assert!(mine[..EACH].iter().all(Option::is_some) && mine[EACH].is_none());
        let others: Vec<_> = (0..MOST)
            .filter_map(|n| followers.take(&format!("u{}", n / EACH)))
            .collect();
        assert_eq!(others.len(), MOST - EACH);
        assert!(followers.take("late").is_none());
        drop(mine);
        assert!(followers.take("late").is_some());
        drop(others);
        assert!(followers.taken().is_empty());
    }
}
