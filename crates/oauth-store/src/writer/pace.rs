//! When a transaction is put off so that others can share it.
//!
//! In: how many jobs ran together, and how many wait. Out: a pause, under load alone. A signature takes longer than the disk:
//! without this, each one that is made would be followed by a commit of its own (decision 11).

use std::time::Duration;

use tokio::time::Instant;

/// The next transaction is put off by this, and again for as long as that brought another job, up to [`MOMENTS`] times.
const MOMENT: Duration = Duration::from_millis(1);
/// How often at most.
const MOMENTS: u32 = 8;
/// Nobody is waited for once there are so many: more of them make a transaction hardly cheaper for each.
const ENOUGH: usize = 48;
/// How long after a shared transaction there is still said to be load.
const LOAD: Duration = Duration::from_millis(20);

/// Whether others are to be waited for.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When jobs last shared a transaction.
    shared: Option<Instant>,
}

impl Pace {
    /// A transaction with so many jobs begins.
    pub(super) fn begun(&mut self, jobs: usize) {
        if jobs > 1 {
            self.shared = Some(Instant::now());
        }
    }

    /// Under load, waits for as long as more and more are `waiting`.
    pub(super) async fn wait(&self, waiting: impl Fn() -> usize) {
        if self.shared.is_none_or(|at| at.elapsed() >= LOAD) {
            return;
        }
        let mut known = waiting();
        for _ in 0..MOMENTS {
            if known >= ENOUGH {
                return;
            }
            tokio::time::sleep(MOMENT).await;
            let now = waiting();
            if now == known {
                return;
            }
            known = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often it was looked at who waits, if at each look there are so many more.
    async fn looks(pace: &Pace, more: usize) -> u32 {
        let (looks, there) = (Cell::new(0), Cell::new(0));
        let waiting = || {
            looks.set(looks.get() + 1);
            there.set(there.get() + more);
            there.get()
        };
        pace.wait(waiting).await;
        looks.get()
    }

    fn under_load() -> Pace {
        let mut pace = Pace::default();
        pace.begun(2);
        pace
    }

    #[tokio::test]
    async fn who_is_alone_waits_for_nobody() {
        let mut pace = Pace::default();
        assert_eq!(looks(&pace, 1).await, 0);
        pace.begun(1);
        assert_eq!(looks(&pace, 1).await, 0);
    }

    #[tokio::test]
    async fn under_load_others_are_waited_for_while_they_come_and_until_there_are_enough() {
        assert_eq!(looks(&under_load(), 0).await, 2, "nobody comes");
        assert_eq!(looks(&under_load(), 1).await, MOMENTS + 1, "one at a time");
        assert_eq!(looks(&under_load(), ENOUGH).await, 1, "enough at once");
        assert_eq!(looks(&under_load(), ENOUGH / 2).await, 2, "enough soon");
    }

    #[tokio::test]
    async fn load_is_forgotten_after_a_moment() {
        let pace = under_load();
        tokio::time::sleep(LOAD).await;
        assert_eq!(looks(&pace, 1).await, 0);
    }
}
