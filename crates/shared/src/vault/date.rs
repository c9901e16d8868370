//! Calendar days as they are written in notes.
//!
//! In: `2026-01-02`, with or without a time. Out: [`IsoDate`], which keeps the text and sorts by it.
//! Source: ISO 8601 calendar dates.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

/// A day (`YYYY-MM-DD`) with an optional time after `T` or a space, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct IsoDate(String);

impl IsoDate {
    /// Reads a date; `None` when the day is not in the calendar or the form is another one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (day, rest) = text.split_at_checked(10)?;
        let form = day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        let time = rest.is_empty()
            || (rest.starts_with(['T', 't', ' '])
                && rest.len() <= 30
                && rest
                    .bytes()
                    .skip(1)
                    .all(|b| b.is_ascii_digit() || b":.+-Zz ".contains(&b)));
        (form && time && calendar_day(day).is_some()).then(|| Self(text.to_owned()))
    }

    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day, without a time.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        calendar_day(self.0.get(..10)?)
    }
}

/// The day that `YYYY-MM-DD` is in the calendar.
fn calendar_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

impl fmt::Display for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for (text, expected) in [
            ("2026-01-02", true),
            ("2024-02-29", true),
            ("2026-01-02T09:30:00+09:00", true),
            ("2026-01-02 09:30", true),
            ("2026-02-29", false),
            ("2026-13-45", false),
            ("2026-1-2", false),
            ("26-01-02", false),
            ("2026-01-02x", false),
            ("내일", false),
            ("", false),
        ] {
            assert_eq!(IsoDate::parse(text).is_some(), expected, "{text:?}");
        }
    }
}
