//! Time and randomness that a test decides.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The moment at which tests begin: 2026-01-02 03:04:05 UTC.
pub fn fixed_now() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().expect("a valid time")
}

/// Randomness that is the same in every run.
pub fn entropy(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A clock that moves when told; clones move together.
#[derive(Clone, Debug)]
pub struct MockClock(Arc<Mutex<DateTime<Utc>>>);

impl MockClock {
    /// A clock that stands at `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// What it shows.
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("the clock works")
    }

    /// Sets it.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().expect("the clock works") = now;
    }

    /// Moves it by seconds; backwards when negative.
    pub fn advance(&self, seconds: i64) {
        *self.0.lock().expect("the clock works") += TimeDelta::seconds(seconds);
    }

    /// The clock as a closure, which loop-shared takes for a `Clock`.
    pub fn as_fn(&self) -> impl Fn() -> DateTime<Utc> + Send + Sync + 'static {
        let this = self.clone();
        move || this.now()
    }
}

impl Default for MockClock {
    fn default() -> Self {
        Self::at(fixed_now())
    }
}
