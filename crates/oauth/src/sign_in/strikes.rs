//! Delays that grow with every failure and fade with time.
//!
//! In: who failed, and now. Out: whether they may try, or how long to wait. Never: a clock, more memory than a fixed
//! number of keys takes, a wait longer than agreed.

use std::{collections::HashMap, hash::Hash};

use chrono::{DateTime, TimeDelta, Utc};

use crate::budget::Wait;

/// Keys that are remembered at most. Beyond them those with the fewest strikes are forgotten first, so that whoever
/// floods the table with new keys pushes out the own ones.
const MOST_KEYS: usize = 20_000;

/// How fast delays grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Strikes without any delay.
    pub free: u32,
    /// The delay at that many strikes; every further one doubles it.
    pub first: TimeDelta,
    /// The longest delay.
    pub most: TimeDelta,
    /// After each such time one strike is forgiven.
    pub forgive: TimeDelta,
}

impl Pace {
    /// The delay after so many strikes.
    #[must_use]
    pub fn delay(self, strikes: u32) -> TimeDelta {
        let Some(doubled) = strikes.checked_sub(self.free) else {
            return TimeDelta::zero();
        };
        let factor = 1_i32.checked_shl(doubled.min(30)).unwrap_or(i32::MAX);
        let delay = self.first.checked_mul(factor).unwrap_or(self.most);
        delay.min(self.most)
    }
}

/// What is remembered of one key.
#[derive(Clone, Copy, Debug)]
struct Record {
    strikes: u32,
    /// When the last strike came.
    last: DateTime<Utc>,
    /// From when on the next forgiveness counts.
    since: DateTime<Utc>,
}

impl Record {
    /// The record as it stands at `now`.
    fn at(self, pace: Pace, now: DateTime<Utc>) -> Self {
        let forgive = pace.forgive.num_milliseconds().max(1);
        let passed = (now - self.since).num_milliseconds().max(0);
        let forgiven = passed / forgive;
        let strikes = u32::try_from(forgiven).map_or(0, |count| self.strikes.saturating_sub(count));
        Self {
            strikes,
            since: self.since + TimeDelta::milliseconds(forgiven.saturating_mul(forgive)),
            ..self
        }
    }
}

/// The strikes of many keys.
#[derive(Debug)]
pub struct Strikes<K> {
    pace: Pace,
    records: HashMap<K, Record>,
}

impl<K: Copy + Eq + Hash> Strikes<K> {
    /// Nobody has failed.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            records: HashMap::new(),
        }
    }

    /// Whether `key` may try now.
    ///
    /// # Errors
    /// [`Wait`], never longer than the pace's longest delay.
    pub fn ready(&self, key: K, now: DateTime<Utc>) -> Result<(), Wait> {
        let Some(record) = self.records.get(&key) else {
            return Ok(());
        };
        let record = record.at(self.pace, now);
        let ready = record.last + self.pace.delay(record.strikes);
        // A clock that was set back makes nobody wait longer than the rule says: what was noted in a time that has not come is
        // worth one try, whose failure is noted at its own time.
        if ready > now && ready - now <= self.pace.most * 2 {
            return Err(Wait::of((ready - now).min(self.pace.most)));
        }
        Ok(())
    }

    /// Counts one strike.
    pub fn strike(&mut self, key: K, now: DateTime<Utc>) {
        let fresh = Record {
            strikes: 0,
            last: now,
            since: now,
        };
        let known = self.records.get(&key).map(|known| known.at(self.pace, now));
        if known.is_none() && self.records.len() >= MOST_KEYS {
            self.make_room(now);
        }
        let record = known.filter(|known| known.strikes > 0).unwrap_or(fresh);
        let struck = Record {
            strikes: record.strikes.saturating_add(1),
            last: now,
            since: record.since.min(now),
        };
        self.records.insert(key, struck);
    }

    /// Takes one strike back.
    pub fn take_back(&mut self, key: K) {
        if let Some(record) = self.records.get_mut(&key) {
            record.strikes = record.strikes.saturating_sub(1);
            if record.strikes == 0 {
                self.records.remove(&key);
            }
        }
    }

    /// Forgets every strike of `key`.
    pub fn forget(&mut self, key: K) {
        self.records.remove(&key);
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nobody is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets who is forgiven, and if that is not enough the eighth with the fewest and oldest strikes.
    fn make_room(&mut self, now: DateTime<Utc>) {
        let pace = self.pace;
        self.records
            .retain(|_, record| record.at(pace, now).strikes > 0);
        if self.records.len() < MOST_KEYS {
            return;
        }
        let rank = |record: &Record| (record.at(pace, now).strikes, record.last);
        let mut all: Vec<_> = self
            .records
            .iter()
            .map(|(key, record)| (rank(record), *key))
            .collect();
        let eighth = MOST_KEYS / 8;
        all.select_nth_unstable_by_key(eighth, |(rank, _)| *rank);
        for (_, key) in all.into_iter().take(eighth) {
            self.records.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        free: 3,
        first: TimeDelta::seconds(2),
        most: TimeDelta::seconds(60),
        forgive: TimeDelta::seconds(100),
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn delays_double_up_to_their_bound() {
        for (strikes, expected) in [
            (0, 0),
            (2, 0),
            (3, 2),
            (4, 4),
            (7, 32),
            (8, 60),
            (40, 60),
            (u32::MAX, 60),
        ] {
            assert_eq!(
                PACE.delay(strikes),
                TimeDelta::seconds(expected),
                "{strikes}"
            );
        }
    }

    #[test]
    fn three_are_free_and_the_fourth_waits_to_the_second() {
        let mut strikes = Strikes::new(PACE);
        for _ in 0..3 {
            strikes.ready(1, at(0)).unwrap();
            strikes.strike(1, at(0));
        }
        assert_eq!(
            strikes.ready(1, at(0)),
            Err(Wait::of(TimeDelta::seconds(2)))
        );
        assert!(strikes.ready(1, at(1)).is_err());
        assert!(strikes.ready(1, at(2)).is_ok());
        assert!(strikes.ready(2, at(0)).is_ok(), "another has its own");
    }

    #[test]
    fn strikes_fade_one_by_one() {
        let mut strikes = Strikes::new(PACE);
        for _ in 0..5 {
            strikes.strike(1, at(0));
        }
        // five at first: eight seconds; after 100 seconds four are left, and so on
        for (moment, left) in [(99, 5), (100, 4), (199, 4), (200, 3), (499, 1), (500, 0)] {
            let record = strikes.records[&1].at(PACE, at(moment));
            assert_eq!(record.strikes, left, "after {moment} seconds");
        }
        strikes.strike(1, at(250));
        assert_eq!(strikes.records[&1].strikes, 4);
        assert_eq!(strikes.records[&1].at(PACE, at(299)).strikes, 4);
        assert_eq!(strikes.records[&1].at(PACE, at(300)).strikes, 3);
    }

    #[test]
    fn a_strike_taken_back_leaves_nothing_behind() {
        let mut strikes = Strikes::new(PACE);
        strikes.strike(1, at(0));
        strikes.take_back(1);
        strikes.take_back(1);
        assert!(strikes.is_empty());
        for _ in 0..9 {
            strikes.strike(1, at(0));
        }
        strikes.forget(1);
        assert!(strikes.ready(1, at(0)).is_ok());
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_rule() {
        let mut strikes = Strikes::new(PACE);
        for _ in 0..9 {
            strikes.strike(1, at(1_000_000));
        }
        assert!(strikes.ready(1, at(0)).is_ok(), "one try");
        strikes.strike(1, at(0));
        let wait = strikes.ready(1, at(0)).unwrap_err();
        assert!(wait.seconds() <= 61, "{wait}");
        assert!(strikes.ready(1, at(61)).is_ok());
        // A little back is no way around the wait.
        strikes.strike(2, at(30));
        for _ in 0..9 {
            strikes.strike(2, at(30));
        }
        assert!(strikes.ready(2, at(29)).is_err());
    }

    #[test]
    fn whoever_floods_the_table_pushes_out_his_own_keys() {
        let mut strikes = Strikes::new(PACE);
        for _ in 0..9 {
            strikes.strike(u32::MAX, at(0));
        }
        let many = u32::try_from(MOST_KEYS).unwrap() * 3;
        for key in 0..many {
            strikes.strike(key, at(1));
        }
        assert!(strikes.len() <= MOST_KEYS);
        assert!(strikes.ready(u32::MAX, at(2)).is_err(), "still remembered");
        // and whoever is forgiven goes first
        strikes.make_room(at(1_000_000));
        assert!(strikes.is_empty());
    }
}
