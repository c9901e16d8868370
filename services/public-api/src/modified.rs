//! Since when the vault is as it is (RFC 9110 §8.8.2).
//!
//! In: the hash of what open readers see, the time. Out: when this hash was first asked about. Never: a time that is less than two
//! seconds old, in whose second another change may follow.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

/// What was noticed last.
#[derive(Debug)]
pub(crate) struct Noticed<H>(Mutex<Option<(H, DateTime<Utc>)>>);

impl<H> Default for Noticed<H> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<H: PartialEq> Noticed<H> {
    /// Since when the vault has this hash, in whole seconds.
    pub(crate) fn since(&self, hash: H, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut noticed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match &*noticed {
            Some((known, at)) if *known == hash => *at,
            _ => {
                *noticed = Some((hash, now));
                now
            }
        };
        (now - at >= TimeDelta::seconds(2)).then(|| at.trunc_subsecs(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_once_nothing_else_can_happen_in_its_second() {
        let noticed = Noticed::default();
        let at = |millis: i64| DateTime::from_timestamp_millis(1_000_000_000_000 + millis).unwrap();
        for (hash, now, expected) in [
            ("a", 700, None),
            ("a", 2_699, None),
            ("a", 2_700, Some(0)),
            ("a", 9_000, Some(0)),
            ("b", 9_001, None),
            // A request that still looks at the picture before.
            ("a", 9_002, None),
            ("b", 9_003, None),
            ("b", 12_000, Some(9_000)),
        ] {
            assert_eq!(
                noticed.since(hash, at(now)),
                expected.map(at),
                "{hash} {now}"
            );
        }
    }
}
