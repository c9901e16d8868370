//! When the whole folder is compared next.
//!
//! In: an interval, and that changes were told. Out: a moment. Never: a moment put off by further changes.

use std::time::{Duration, Instant};

/// The shortest time between comparisons without watching.
pub(super) const MIN_POLL: Duration = Duration::from_millis(500);
/// How long after a change that was told the folder is compared: some renames in a row are told as fewer than they were.
const SETTLED: Duration = Duration::from_secs(1);

pub(super) struct Due(Instant);

impl Due {
    /// After an interval in which nothing is told.
    pub(super) fn after(interval: Duration) -> Self {
        Self(Instant::now() + interval)
    }

    pub(super) fn is_past(&self) -> bool {
        Instant::now() >= self.0
    }

    pub(super) fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// A change was told, and a comparison takes this long: it shall not take more than a tenth of the time.
    pub(super) fn told(&mut self, took: Duration) {
        self.0 = self.0.min(Instant::now() + (took * 10).max(SETTLED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_brings_a_comparison_nearer_and_nothing_puts_it_off() {
        let mut due = Due::after(Duration::from_secs(30));
        due.told(Duration::ZERO);
        assert!(due.left() <= SETTLED && !due.is_past());
        let left = due.left();
        due.told(Duration::from_secs(2));
        assert!(due.left() <= left);
        assert!(Due::after(Duration::ZERO).is_past());
    }
}
