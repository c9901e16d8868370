//! How much may be asked in a window of time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A budget that is whole again at the end of each window.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u32,
    window: TimeDelta,
    used: u32,
    ends: Option<DateTime<Utc>>,
}

impl Budget {
    pub(super) const fn new(limit: u32, window: TimeDelta) -> Self {
        Self {
            limit,
            window,
            used: 0,
            ends: None,
        }
    }

    /// Takes `cost`, or says how long to wait.
    pub(super) fn take(&mut self, cost: u32, now: DateTime<Utc>) -> Result<(), Duration> {
        if self.ends.is_none_or(|ends| now >= ends) {
            self.used = 0;
            self.ends = now.checked_add_signed(self.window);
        }
        let used = self.used.saturating_add(cost);
        if used > self.limit {
            return Err(self.wait(now));
        }
        self.used = used;
        Ok(())
    }

    /// The provider says that nothing is left for so long.
    pub(super) fn exhaust(&mut self, wait: Duration, now: DateTime<Utc>) {
        self.used = self.limit;
        self.ends = TimeDelta::from_std(wait)
            .ok()
            .and_then(|wait| now.checked_add_signed(wait));
    }

    /// What is left, and for how long.
    pub(super) fn left(&self, now: DateTime<Utc>) -> (u32, Duration) {
        if self.ends.is_none_or(|ends| now >= ends) {
            return (self.limit, Duration::ZERO);
        }
        (self.limit.saturating_sub(self.used), self.wait(now))
    }

    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    fn wait(&self, now: DateTime<Utc>) -> Duration {
        let left = self.ends.map(|ends| ends - now).unwrap_or_default();
        left.to_std().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_to_its_limit_and_whole_again_at_the_windows_end() {
        let start = DateTime::from_timestamp(1_000, 0).unwrap();
        let at = |seconds| start + TimeDelta::seconds(seconds);
        let mut budget = Budget::new(3, TimeDelta::seconds(60));
        assert_eq!(budget.take(2, at(0)), Ok(()));
        assert_eq!(budget.take(2, at(20)), Err(Duration::from_secs(40)));
        assert_eq!(budget.take(1, at(20)), Ok(()));
        assert_eq!(budget.left(at(30)), (0, Duration::from_secs(30)));
        assert_eq!(budget.take(1, at(59)), Err(Duration::from_secs(1)));
        assert_eq!(budget.take(3, at(60)), Ok(()));
        budget.exhaust(Duration::from_secs(5), at(61));
        assert_eq!(budget.take(1, at(65)), Err(Duration::from_secs(1)));
        assert_eq!(budget.take(1, at(66)), Ok(()));
    }
}
