//! A moment in words: how long ago, and exactly.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// A moment before now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// RFC 3339, for machines.
    pub iso: String,
    /// To the minute, for people.
    pub exact: String,
    /// Key of the words that say how long ago.
    pub ago: &'static str,
    /// How many of them.
    pub count: String,
}

impl Moment {
    /// The moment `at`, seen from `now`.
    #[must_use]
    pub fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let past = now - at;
        let (ago, count) = match (past.num_minutes(), past.num_hours(), past.num_days()) {
            (..=0, _, _) => ("account_ago_now", 0),
            (1, _, _) => ("account_ago_minute", 1),
            (minutes, ..=0, _) => ("account_ago_minutes", minutes),
            (_, 1, _) => ("account_ago_hour", 1),
            (_, hours, ..=0) => ("account_ago_hours", hours),
            (_, _, 1) => ("account_ago_day", 1),
            (_, _, days) => ("account_ago_days", days),
        };
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            exact: at.format("%Y-%m-%d %H:%M UTC").to_string(),
            ago,
            count: count.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn how_long_ago_is_told_in_the_largest_unit_that_fits() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (seconds, ago, count) in [
            (-5, "account_ago_now", "0"),
            (0, "account_ago_now", "0"),
            (59, "account_ago_now", "0"),
            (60, "account_ago_minute", "1"),
            (120, "account_ago_minutes", "2"),
            (3_599, "account_ago_minutes", "59"),
            (3_600, "account_ago_hour", "1"),
            (7_200, "account_ago_hours", "2"),
            (86_399, "account_ago_hours", "23"),
            (86_400, "account_ago_day", "1"),
            (8_640_000, "account_ago_days", "100"),
        ] {
            let moment = Moment::new(now - TimeDelta::seconds(seconds), now);
            assert_eq!((moment.ago, &*moment.count), (ago, count), "{seconds}");
        }
        let moment = Moment::new(now, now);
        assert_eq!(moment.iso, "2027-01-15T08:00:00Z");
        assert_eq!(moment.exact, "2027-01-15 08:00 UTC");
    }
}
