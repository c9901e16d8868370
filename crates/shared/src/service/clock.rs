//! The one place that reads the system's time.
//!
//! Out: the current time in UTC. Never: passed into rules; those take `now` as an argument.

use chrono::{DateTime, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge that owns the clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

impl<T: Fn() -> DateTime<Utc> + Send + Sync> Clock for T {
    fn now(&self) -> DateTime<Utc> {
        self()
    }
}
