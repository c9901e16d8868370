//! Where what comes from a server goes.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Incoming;

/// What takes it; whether anybody still wants it.
type Taker = Box<dyn Fn(Incoming) -> bool + Send + Sync>;

/// Takes what comes, without waiting: whoever reads the server brings what it read to whom it is for, on its own thread.
/// Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Place>);

#[derive(Default)]
struct Place {
    taker: OnceLock<Taker>,
    /// What came in the moment between the link's opening and [`Inbox::connect`].
    early: Mutex<Vec<Incoming>>,
}

impl Inbox {
    /// From now on `taker` takes everything, what came before first. Only once.
    pub(crate) fn connect(&self, taker: impl Fn(Incoming) -> bool + Send + Sync + 'static) {
        let mut early = self.0.early.lock().unwrap_or_else(PoisonError::into_inner);
        for incoming in early.drain(..) {
            taker(incoming);
        }
        // Whoever is second is not heard.
        let _ = self.0.taker.set(Box::new(taker));
    }

    /// Hands something over; whether anybody still wants it.
    pub(crate) fn put(&self, incoming: Incoming) -> bool {
        if let Some(taker) = self.0.taker.get() {
            return taker(incoming);
        }
        let mut early = self.0.early.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taker) = self.0.taker.get() {
            drop(early);
            return taker(incoming);
        }
        early.push(incoming);
        true
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_early_is_taken_first() {
        let inbox = Inbox::default();
        assert!(inbox.put(Incoming::NotSent(1)) && inbox.put(Incoming::NotSent(2)));
        let seen: Arc<Mutex<Vec<u64>>> = Arc::default();
        let taken = Arc::clone(&seen);
        inbox.connect(move |incoming| {
            let Incoming::NotSent(number) = incoming else {
                return false;
            };
            taken.lock().unwrap().push(number);
            number < 4
        });
        assert!(inbox.put(Incoming::NotSent(3)));
        assert!(!inbox.put(Incoming::NotSent(4)), "nobody wants more");
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 4]);
    }
}
