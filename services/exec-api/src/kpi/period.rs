//! Days, weeks and months as periods.

use chrono::{Datelike, Days, NaiveDate};
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Month;

/// The length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Interval {
    /// A day.
    Day,
    /// A week that begins on Monday.
    Week,
    /// A calendar month.
    Month,
}

impl Interval {
    /// Reads `day`, `week`, `month`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// As it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The first day of the period that a day lies in.
    pub(crate) fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => back(day, u64::from(day.weekday().num_days_from_monday())),
            Self::Month => Month::of(day).first_day(),
        }
    }

    /// The first day of the period `count` later; earlier when negative. `start` is a first day.
    pub(crate) fn plus(self, start: NaiveDate, count: i32) -> NaiveDate {
        let days = |each: i32| {
            let days = Days::new(u64::from((count.saturating_mul(each)).unsigned_abs()));
            let moved = if count < 0 {
                start.checked_sub_days(days)
            } else {
                start.checked_add_days(days)
            };
            moved.unwrap_or(start)
        };
        match self {
            Self::Day => days(1),
            Self::Week => days(7),
            Self::Month => Month::of(start).plus(count).first_day(),
        }
    }

    /// The last day of the period that begins on `start`.
    pub(crate) fn end(self, start: NaiveDate) -> NaiveDate {
        back(self.plus(start, 1), 1)
    }

    /// How many periods there are from one first day to another, both included.
    pub(crate) fn count(self, from: NaiveDate, to: NaiveDate) -> i32 {
        let days = i32::try_from((to - from).num_days()).unwrap_or(i32::MAX);
        match self {
            Self::Day => days.saturating_add(1),
            Self::Week => days / 7 + 1,
            Self::Month => Month::of(to).since(Month::of(from)) + 1,
        }
    }
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn periods_follow_each_other_without_a_gap(offset in 0_u64..20_000, count in -100_i32..100) {
            let day = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + Days::new(offset);
            for interval in [Interval::Day, Interval::Week, Interval::Month] {
                let start = interval.start(day);
                prop_assert!(start <= day && day <= interval.end(start));
                prop_assert_eq!(interval.end(start).succ_opt().unwrap(), interval.plus(start, 1));
                prop_assert_eq!(interval.start(interval.plus(start, count)), interval.plus(start, count));
                prop_assert_eq!(interval.plus(interval.plus(start, count), -count), start);
                prop_assert_eq!(interval.count(start, interval.plus(start, count.abs())), count.abs() + 1);
                prop_assert_eq!(Interval::parse(interval.word()), Some(interval));
            }
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-28 is a Saturday.
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(Interval::Week.start(day("2026-11-28")), day("2026-11-23"));
        assert_eq!(Interval::Week.start(day("2026-11-23")), day("2026-11-23"));
        assert_eq!(Interval::Week.end(day("2026-11-23")), day("2026-11-29"));
    }
}
