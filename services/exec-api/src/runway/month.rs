//! A calendar month, and exact amounts of money.
//!
//! In: text such as `2026-05`, YAML integers. Out: [`Month`], [`Won`]. Never: floats, the system clock.

use std::borrow::Cow;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// One month of one year, `YYYY-MM`. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// Reads `YYYY-MM`, four and two digits, months 01 to 12.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4
            || month.len() != 2
            || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        {
            return None;
        }
        let (year, month) = (year.parse::<i32>().ok()?, month.parse::<i32>().ok()?);
        (1..=12)
            .contains(&month)
            .then_some(Self(year * 12 + month - 1))
    }

    /// The month that a day lies in.
    pub fn of(day: NaiveDate) -> Self {
        Self(day.year() * 12 + i32::try_from(day.month0()).unwrap_or(0))
    }

    /// The month `count` months later; earlier when negative.
    #[must_use]
    pub const fn plus(self, count: i32) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The last day of the month; `None` far outside the calendar.
    pub fn last_day(self) -> Option<NaiveDate> {
        let next = self.plus(1);
        let month0 = u32::try_from(next.0.rem_euclid(12)).ok()?;
        NaiveDate::from_ymd_opt(next.0.div_euclid(12), month0 + 1, 1)?.pred_opt()
    }

    /// Every month from `self` to `last`, both included; empty when `last` is earlier.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }
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

/// Korean won: whole numbers, which is the currency's smallest unit (ISO 4217 gives KRW no decimals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Won(pub i64);

/// Why a value is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The field is absent or empty.
    #[error("is missing")]
    Missing,
    /// A fraction: won have none, and a float would not be exact.
    #[error("is not a whole number of won")]
    Fraction,
    /// Neither a number nor digits with separators.
    #[error("is not an amount; write a whole number such as 1250000000")]
    NotAnAmount,
}

impl Won {
    /// Reads a YAML integer, or digits grouped by `,` or `_` in quotes.
    ///
    /// # Errors
    /// [`AmountError`] for everything that is not exactly a whole number within 64 bits.
    pub fn read(value: Option<&Value>) -> Result<Self, AmountError> {
        match value {
            None | Some(Value::Null) => Err(AmountError::Missing),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(won) => Ok(Self(won)),
                None if number.is_f64() => Err(AmountError::Fraction),
                None => Err(AmountError::NotAnAmount),
            },
            Some(Value::String(text)) => {
                let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
                digits
                    .parse()
                    .map(Self)
                    .map_err(|_| AmountError::NotAnAmount)
            }
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(AmountError::NotAnAmount)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn months_are_read_exactly_and_print_as_they_were() {
        for (text, good) in [
            ("2026-05", true),
            ("2026-12", true),
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
    fn months_count_across_years_and_know_their_last_day() {
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(december.plus(1).to_string(), "2026-01");
        assert_eq!(december.plus(-12).to_string(), "2024-12");
        for (month, last) in [
            ("2026-02", "2026-02-28"),
            ("2028-02", "2028-02-29"),
            ("2025-12", "2025-12-31"),
        ] {
            assert_eq!(
                Month::parse(month).unwrap().last_day().unwrap().to_string(),
                last
            );
        }
        let span: Vec<_> = december
            .through(december.plus(2))
            .map(|m| m.to_string())
            .collect();
        assert_eq!(span, ["2025-12", "2026-01", "2026-02"]);
        assert_eq!(december.through(december.plus(-1)).count(), 0);
    }

    #[test]
    fn amounts_are_whole_won_or_refused() {
        for (value, expected) in [
            (json!(1_250_000_000), Ok(Won(1_250_000_000))),
            (json!(-5), Ok(Won(-5))),
            (json!("1,250,000,000"), Ok(Won(1_250_000_000))),
            (json!("1_000"), Ok(Won(1_000))),
            (json!(0.5), Err(AmountError::Fraction)),
            (json!(1e9), Err(AmountError::Fraction)),
            (json!("12억"), Err(AmountError::NotAnAmount)),
            (json!(u64::MAX), Err(AmountError::NotAnAmount)),
            (json!([1]), Err(AmountError::NotAnAmount)),
            (json!(null), Err(AmountError::Missing)),
        ] {
            assert_eq!(Won::read(Some(&value)), expected, "{value}");
        }
        assert_eq!(Won::read(None), Err(AmountError::Missing));
    }
}
