//! Values of properties beside values of queries.
//!
//! In: what a query says and what a note says. Out: whether they compare, and how.
//! Never: an order between a text and a number; what cannot be compared is not smaller, larger or equal.

use std::{borrow::Cow, cmp::Ordering};

use chrono::{Days, Months, NaiveDate};
use loop_shared::vault::{IsoDate, Priority, text::fold, wikilink::bare_target};
use serde_json::Value;

/// A value of a query, made ready to be compared ten thousand times.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(f64),
    Bool(bool),
    /// A day, or a day with a time, as text that sorts.
    Day(String),
    /// Folded; with its rank when it is a priority.
    Text(String, Option<Priority>),
}

impl Literal {
    /// Reads a scalar; `None` for a list, a map, null, or `today` when the day is not known.
    pub(super) fn of(value: &Value, today: Option<NaiveDate>) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::String(text) => match relative(text, today) {
                Relative::Day(day) => Some(Self::Day(day.to_string())),
                Relative::Unknown => None,
                Relative::Other => Some(match IsoDate::parse(text) {
                    Some(day) => Self::Day(day.as_str().to_owned()),
                    None => Self::Text(fold(&bare_target(text)), Priority::parse(text)),
                }),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// How a property's value stands to this one; `None` when they cannot be compared.
    pub(super) fn compare(&self, value: &Value) -> Option<Ordering> {
        match self {
            Self::Number(number) => {
                let theirs = match value {
                    Value::Number(theirs) => theirs.as_f64(),
                    Value::String(text) => text
                        .trim()
                        .parse()
                        .ok()
                        .filter(|number: &f64| number.is_finite()),
                    _ => None,
                };
                theirs?.partial_cmp(number)
            }
            Self::Bool(wanted) => match value {
                Value::Bool(theirs) => Some(theirs.cmp(wanted)),
                Value::String(text) => text
                    .trim()
                    .parse()
                    .ok()
                    .map(|theirs: bool| theirs.cmp(wanted)),
                _ => None,
            },
            Self::Day(day) => {
                let theirs = IsoDate::parse(value.as_str()?)?;
                // A day without a time is the whole day.
                let length = day.len().min(theirs.as_str().len());
                let theirs = theirs.as_str().get(..length)?;
                Some(
                    theirs
                        .replace(' ', "T")
                        .as_str()
                        .cmp(day.get(..length)?.replace(' ', "T").as_str()),
                )
            }
            Self::Text(text, priority) => {
                let theirs = as_text(value)?;
                match (priority, Priority::parse(&theirs)) {
                    (Some(mine), Some(theirs)) => Some(theirs.cmp(mine)),
                    _ => Some(fold(&bare_target(&theirs)).as_str().cmp(text.as_str())),
                }
            }
        }
    }

    /// Whether a text holds this one.
    pub(super) fn is_in(&self, value: &Value) -> bool {
        let wanted = match self {
            Self::Text(text, _) | Self::Day(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        };
        as_text(value).is_some_and(|text| fold(&text).contains(&wanted))
    }
}

/// A scalar as text.
pub(super) fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

enum Relative {
    Day(NaiveDate),
    /// It is about today, and today is not known or too far away.
    Unknown,
    Other,
}

/// `today`, `today+7d`, `today-2w`, `today+1m`, `today-1y`; a number alone counts days.
fn relative(text: &str, today: Option<NaiveDate>) -> Relative {
    let Some(rest) = text
        .trim()
        .to_ascii_lowercase()
        .strip_prefix("today")
        .map(str::to_owned)
    else {
        return Relative::Other;
    };
    if rest.is_empty() {
        return today.map_or(Relative::Unknown, Relative::Day);
    }
    let (sign, amount) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(amount), _) => (1, amount),
        (_, Some(amount)) => (-1, amount),
        (None, None) => return Relative::Other,
    };
    let digits = amount.trim_end_matches(char::is_alphabetic);
    let Ok(count) = digits.parse::<u32>() else {
        return Relative::Other;
    };
    let Some(today) = today else {
        return Relative::Unknown;
    };
    let days = |days: u64| {
        if sign > 0 {
            today.checked_add_days(Days::new(days))
        } else {
            today.checked_sub_days(Days::new(days))
        }
    };
    let months = |months: u32| {
        if sign > 0 {
            today.checked_add_months(Months::new(months))
        } else {
            today.checked_sub_months(Months::new(months))
        }
    };
    let day = match amount.get(digits.len()..).unwrap_or_default() {
        "" | "d" => days(u64::from(count)),
        "w" => days(7 * u64::from(count)),
        "m" => months(count),
        "y" => count.checked_mul(12).and_then(months),
        _ => return Relative::Other,
    };
    // Years of five digits would not sort as text.
    day.filter(|day| (0..=9999).contains(&chrono::Datelike::year(day)))
        .map_or(Relative::Unknown, Relative::Day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_compare_by_their_kind() {
        let today = NaiveDate::from_ymd_opt(2026, 1, 31);
        for (wanted, value, expected) in [
            (json!(3), json!(2.5), Some(Ordering::Less)),
            (json!(3), json!("10"), Some(Ordering::Greater)),
            (json!(3), json!("x"), None),
            (
                json!("today"),
                json!("2026-01-31T10:00"),
                Some(Ordering::Equal),
            ),
            (
                json!("today+1m"),
                json!("2026-02-28"),
                Some(Ordering::Equal),
            ),
            (
                json!("today-2w"),
                json!("2026-01-18"),
                Some(Ordering::Greater),
            ),
            (json!("TODAY+1"), json!("2026-01-31"), Some(Ordering::Less)),
            (json!("2026-01-31"), json!("later"), None),
            (json!("high"), json!("Critical"), Some(Ordering::Greater)),
            (json!("Done"), json!("done"), Some(Ordering::Equal)),
            (json!("prj-1"), json!("[[PRJ-1|x]]"), Some(Ordering::Equal)),
            (json!(true), json!("true"), Some(Ordering::Equal)),
        ] {
            let literal = Literal::of(&wanted, today).unwrap();
            assert_eq!(literal.compare(&value), expected, "{wanted} {value}");
        }
        assert_eq!(Literal::of(&json!("today"), None), None);
        assert_eq!(Literal::of(&json!("today+999999y"), today), None);
        assert!(matches!(
            Literal::of(&json!("todays"), None),
            Some(Literal::Text(..))
        ));
    }
}
