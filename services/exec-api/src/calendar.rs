//! Months and days as notes and questions write them.
//!
//! In: `2026-05`, `2026-05-31`. Out: [`Month`], days. Never: the system clock.

use std::borrow::Cow;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// One month of one year, `YYYY-MM`. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Month(i32);

impl Month {
    /// Reads `YYYY-MM`: four and two digits, years 1900 to 2999, months 01 to 12.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4
            || month.len() != 2
            || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        {
            return None;
        }
        let (year, month) = (year.parse::<i32>().ok()?, month.parse::<i32>().ok()?);
        ((1900..=2999).contains(&year) && (1..=12).contains(&month))
            .then_some(Self(year * 12 + month - 1))
    }

    /// The month that a day lies in.
    pub(crate) fn of(day: NaiveDate) -> Self {
        Self(day.year() * 12 + i32::try_from(day.month0()).unwrap_or(0))
    }

    /// The month `count` months later; earlier when negative.
    #[must_use]
    pub(crate) const fn plus(self, count: i32) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// How many months `self` is after `earlier`; negative when it is before.
    pub(crate) const fn since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The first day. Beyond the calendar: its last day.
    pub(crate) fn first_day(self) -> NaiveDate {
        let month0 = u32::try_from(self.0.rem_euclid(12)).unwrap_or(0);
        NaiveDate::from_ymd_opt(self.0.div_euclid(12), month0 + 1, 1).unwrap_or(NaiveDate::MAX)
    }

    /// The last day.
    pub(crate) fn last_day(self) -> NaiveDate {
        let next = self.plus(1).first_day();
        next.pred_opt().unwrap_or(next)
    }

    /// Every month from `self` to `last`, both included; empty when `last` is earlier.
    pub(crate) fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }

    /// The last month that was over by the end of `day`.
    pub(crate) fn last_full(day: NaiveDate) -> Self {
        let month = Self::of(day);
        if month.last_day() == day {
            month
        } else {
            month.plus(-1)
        }
    }
}

/// Reads `YYYY-MM-DD`: a day that exists, years 1900 to 2999.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    let day: NaiveDate = text.parse().ok()?;
    (1900..=2999).contains(&day.year()).then_some(day)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Month {
    fn schema_name() -> Cow<'static, str> {
        "Month".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "examples": ["2026-05"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn months_are_read_exactly_and_print_as_they_were() {
        for (text, good) in [
            ("2026-05", true),
            ("2026-12", true),
            ("1900-01", true),
            ("1899-12", false),
            ("2026-00", false),
            ("2026-13", false),
            ("2026-5", false),
            ("26-05", false),
            ("2026-05-01", false),
            ("+026-05", false),
            ("", false),
        ] {
            let got = Month::parse(text).map(|month| month.to_string());
            assert_eq!(got, good.then(|| text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn days_exist_or_are_refused() {
        for (text, good) in [
            ("2026-02-28", true),
            ("2028-02-29", true),
            ("2026-02-29", false),
            ("2100-02-29", false),
            ("2000-02-29", true),
            ("2026-2-3", false),
            ("2026-05-01T00:00", false),
            ("-026-05-01", false),
            ("오월 초하루입니", false),
        ] {
            assert_eq!(day(text).is_some(), good, "{text:?}");
        }
    }

    #[test]
    fn months_count_across_years_and_know_their_days() {
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(december.plus(1).to_string(), "2026-01");
        assert_eq!(december.plus(-12).to_string(), "2024-12");
        assert_eq!(december.plus(14).since(december), 14);
        assert_eq!(december.first_day().to_string(), "2025-12-01");
        assert_eq!(december.through(december.plus(-1)).count(), 0);
        for (as_of, full) in [("2026-02-27", "2026-01"), ("2026-02-28", "2026-02")] {
            assert_eq!(Month::last_full(as_of.parse().unwrap()).to_string(), full);
        }
    }

    proptest! {
        #[test]
        fn a_month_holds_exactly_its_own_days(year in 1900_i32..2999, month in 1_u32..=12) {
            let this = Month::parse(&format!("{year:04}-{month:02}")).unwrap();
            prop_assert_eq!(Month::parse(&this.to_string()), Some(this));
            prop_assert_eq!(Month::of(this.first_day()), this);
            prop_assert_eq!(Month::of(this.last_day()), this);
            prop_assert_eq!(Month::of(this.first_day().pred_opt().unwrap()), this.plus(-1));
            prop_assert_eq!(this.last_day().succ_opt().unwrap(), this.plus(1).first_day());
            prop_assert!((28..=31).contains(&this.last_day().day()));
        }

        #[test]
        fn adding_months_and_taking_them_away_is_nothing(start in -600_i32..600, count in -1_200_i32..1_200) {
            let month = Month::parse("2026-05").unwrap().plus(start);
            prop_assert_eq!(month.plus(count).plus(-count), month);
            prop_assert_eq!(month.plus(count).since(month), count);
        }

        #[test]
        fn no_text_ends_the_readers(text in "\\PC{0,12}") {
            let _ = (Month::parse(&text), day(&text));
        }
    }
}
