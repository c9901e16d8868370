//! How often something may happen: altogether, and for each of many (addresses, accounts).
//!
//! In: who, and now. Out: yes, or how long to wait. Never: a clock, more memory than a fixed number of keys takes,
//! a float. The state is this process's own and starts full.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Keys that are remembered at most; beyond them only the common rate counts.
const MOST_KEYS: usize = 10_000;

/// So many at once, and then one each so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// Time after which one more may come.
    pub every: TimeDelta,
}

impl Rate {
    /// So many an hour on average, half of them at once.
    #[must_use]
    pub fn hourly(count: u32) -> Self {
        let count = count.max(1);
        Self {
            burst: count.div_ceil(2),
            every: TimeDelta::milliseconds(3_600_000 / i64::from(count)),
        }
    }

    /// When a bucket is full again, of which was noted `full_at`. It is never emptier than empty, whatever a clock that was set
    /// back makes of the note: nobody waits longer for the time to come round again.
    fn at(self, full_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let burst = i32::try_from(self.burst).unwrap_or(i32::MAX);
        let empty = self.every.checked_mul(burst);
        let empty = empty.and_then(|empty| now.checked_add_signed(empty));
        full_at.max(now).min(empty.unwrap_or(full_at))
    }

    /// When the next may come, for a bucket that is full again at `full_at`.
    fn ready_at(self, full_at: DateTime<Utc>) -> DateTime<Utc> {
        let others = i32::try_from(self.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        let room = self.every.checked_mul(others);
        room.and_then(|room| full_at.checked_sub_signed(room))
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

/// Too often: come back after this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("too many; wait {0}")]
pub struct Wait(TimeDelta);

impl Wait {
    /// A wait of this long.
    pub(crate) const fn of(time: TimeDelta) -> Self {
        Self(time)
    }

    /// Whole seconds to wait, at least one (`Retry-After`).
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.num_seconds().saturating_add(1).max(1)
    }
}

/// A common rate, and one for each key.
#[derive(Debug)]
pub struct Budget<K> {
    all: Rate,
    each: Rate,
    state: Mutex<State<K>>,
}

/// When the buckets are full again; a key that is not there has a full one.
#[derive(Debug)]
struct State<K> {
    all: DateTime<Utc>,
    each: HashMap<K, DateTime<Utc>>,
}

impl<K: Copy + Eq + Hash> Budget<K> {
    /// A full budget.
    #[must_use]
    pub fn new(all: Rate, each: Rate) -> Self {
        let state = State {
            all: DateTime::<Utc>::MIN_UTC,
            each: HashMap::new(),
        };
        Self {
            all,
            each,
            state: Mutex::new(state),
        }
    }

    /// Takes one, for `key` when it is known.
    ///
    /// # Errors
    /// [`Wait`]; nothing is taken then.
    pub fn take(&self, key: Option<K>, now: DateTime<Utc>) -> Result<(), Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.at(state.all, now);
        let known = key.and_then(|key| state.each.get(&key).copied());
        let own = known.map_or(now, |full_at| self.each.at(full_at, now));
        let ready = self.all.ready_at(all).max(match key {
            Some(_) => self.each.ready_at(own),
            None => now,
        });
        if ready > now {
            // Kept, so that the time goes by from here on.
            state.all = all;
            if let Some(noted) = key.and_then(|key| state.each.get_mut(&key)) {
                *noted = own;
            }
            return Err(Wait(ready - now));
        }
        state.all = all + self.all.every;
        if let Some(key) = key {
            if known.is_none() && state.each.len() >= MOST_KEYS {
                state.each.retain(|_, full_at| *full_at > now);
            }
            if known.is_some() || state.each.len() < MOST_KEYS {
                state.each.insert(key, own + self.each.every);
            }
        }
        Ok(())
    }

    /// Gives back one that was taken for nothing.
    pub fn give_back(&self, key: K) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.all -= self.all.every;
        if let Some(full_at) = state.each.get_mut(&key) {
            *full_at -= self.each.every;
        }
    }
}

/// The part of an address that one party holds: all of IPv4, the first half of IPv6 (a network of its own).
#[must_use]
pub fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn rate(burst: u32, seconds: i64) -> Rate {
        Rate {
            burst,
            every: TimeDelta::seconds(seconds),
        }
    }

    #[test]
    fn a_burst_passes_and_then_one_each_so_often() {
        let budget = Budget::new(rate(100, 1), rate(3, 10));
        for _ in 0..3 {
            budget.take(Some(1), at(0)).unwrap();
        }
        let wait = budget.take(Some(1), at(0)).unwrap_err();
        assert_eq!(wait, Wait(TimeDelta::seconds(10)));
        assert!(budget.take(Some(1), at(9)).is_err());
        assert!(budget.take(Some(2), at(9)).is_ok(), "another has its own");
        assert!(budget.take(Some(1), at(10)).is_ok());
        assert!(budget.take(Some(1), at(10)).is_err());
        for _ in 0..3 {
            assert!(budget.take(Some(1), at(40)).is_ok(), "full again");
        }
        assert!(budget.take(Some(1), at(40)).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_an_empty_budget() {
        let budget = Budget::new(rate(100, 1), rate(3, 10));
        budget.take(Some(1), at(86_400 * 365)).unwrap();
        let wait = budget.take(Some(1), at(0)).unwrap_err();
        assert!(wait <= Wait(TimeDelta::seconds(10)), "{wait}");
        assert!(budget.take(Some(2), at(1)).is_ok(), "another at once");
        assert!(budget.take(Some(1), at(10)).is_ok());
    }

    #[test]
    fn all_together_have_a_rate_too_and_a_refusal_costs_nothing() {
        let budget = Budget::new(rate(2, 5), rate(9, 1));
        budget.take(Some(1), at(0)).unwrap();
        budget.take(None, at(0)).unwrap();
        for key in [Some(3), None] {
            assert_eq!(budget.take(key, at(0)), Err(Wait(TimeDelta::seconds(5))));
        }
        assert!(budget.take(Some(3), at(5)).is_ok());
        budget.give_back(3);
        assert!(budget.take(Some(3), at(5)).is_ok());
        assert!(budget.take(Some(3), at(5)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_strangers_beyond_it_share_the_common_rate() {
        let budget = Budget::new(rate(1_000_000, 1), rate(1, 3600));
        for key in 0..2 * MOST_KEYS {
            budget.take(Some(key), at(0)).unwrap();
        }
        let known = || budget.state.lock().unwrap().each.len();
        assert_eq!(known(), MOST_KEYS);
        assert!(budget.take(Some(0), at(0)).is_err(), "still remembered");
        budget.take(Some(usize::MAX), at(3600)).unwrap();
        assert_eq!(known(), 1, "those who waited are forgotten");
    }

    #[test]
    fn an_hourly_rate_lets_half_of_it_come_at_once() {
        for (count, burst, millis) in [(0, 1, 3_600_000), (1, 1, 3_600_000), (600, 300, 6_000)] {
            let rate = Rate::hourly(count);
            assert_eq!((rate.burst, rate.every.num_milliseconds()), (burst, millis));
        }
        assert_eq!(Wait(TimeDelta::milliseconds(1)).seconds(), 1);
        assert_eq!(Wait(TimeDelta::milliseconds(1_001)).seconds(), 2);
    }

    #[test]
    fn one_party_is_an_address_or_an_ipv6_network() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("2001:db8::1", "2001:db8:0:0:ffff::2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let [a, b] = [one, other].map(|text| party(text.parse().unwrap()));
            assert_eq!(a == b, same, "{one} {other}");
        }
    }
}
