//! Leaves a provider alone after failures in a row.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The circuit of one provider.
#[derive(Debug)]
pub(super) struct Breaker {
    after: u32,
    wait: TimeDelta,
    failures: u32,
    until: Option<DateTime<Utc>>,
    trying: bool,
}

impl Breaker {
    pub(super) const fn new(after: u32, wait: TimeDelta) -> Self {
        Self {
            after,
            wait,
            failures: 0,
            until: None,
            trying: false,
        }
    }

    /// Whether a request may go; after the wait, one alone as a trial.
    pub(super) fn admit(&mut self, now: DateTime<Utc>) -> Result<(), Duration> {
        match self.until {
            None => Ok(()),
            Some(until) if now < until => Err((until - now).to_std().unwrap_or_default()),
            Some(_) if self.trying => Err(Duration::from_secs(1)),
            Some(_) => {
                self.trying = true;
                Ok(())
            }
        }
    }

    /// It answered.
    pub(super) const fn worked(&mut self) {
        self.failures = 0;
        self.until = None;
        self.trying = false;
    }

    /// It failed.
    pub(super) fn failed(&mut self, now: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        if self.trying || self.failures >= self.after {
            self.until = now.checked_add_signed(self.wait);
        }
        self.trying = false;
    }

    /// `closed`, `open` or `half-open`.
    pub(super) fn state(&self, now: DateTime<Utc>) -> &'static str {
        match self.until {
            None => "closed",
            Some(until) if now < until => "open",
            Some(_) => "half-open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_circuit_opens_after_failures_in_a_row_and_closes_after_a_good_trial() {
        let start = DateTime::from_timestamp(1_000, 0).unwrap();
        let at = |seconds| start + TimeDelta::seconds(seconds);
        let mut breaker = Breaker::new(2, TimeDelta::seconds(10));
        breaker.failed(at(0));
        breaker.worked();
        breaker.failed(at(1));
        assert_eq!(breaker.state(at(1)), "closed", "not in a row");
        breaker.failed(at(2));
        assert_eq!(breaker.admit(at(3)), Err(Duration::from_secs(9)));
        assert_eq!(breaker.state(at(11)), "open");
        assert_eq!(breaker.state(at(12)), "half-open");
        assert_eq!(breaker.admit(at(12)), Ok(()));
        assert!(breaker.admit(at(12)).is_err(), "one trial alone");
        breaker.failed(at(13));
        assert_eq!(breaker.state(at(14)), "open", "one failed trial is enough");
        assert_eq!(breaker.admit(at(23)), Ok(()));
        breaker.worked();
        assert_eq!(
            (breaker.state(at(24)), breaker.admit(at(24))),
            ("closed", Ok(()))
        );
    }
}
