//! What a parameter can hold.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{MAX_CURSOR, MAX_TEXT};
use crate::calendar::{self, Month};
use crate::money::{self, Currency};
use crate::refusal::Refusal;

/// What a parameter holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// Where a page ended: an opaque text.
    Cursor,
    /// A day.
    Day,
    /// A month.
    Month,
    /// A currency code.
    Currency,
    /// One of these words.
    Word {
        /// The words.
        words: &'static [&'static str],
        /// What is meant when it is not sent; empty when nothing is.
        default: &'static str,
    },
    /// A whole number within bounds.
    Whole {
        /// Smallest.
        min: u32,
        /// Largest.
        max: u32,
        /// When it is not sent.
        default: u32,
    },
    /// An exact decimal within bounds.
    Decimal {
        /// Smallest.
        min: Decimal,
        /// Largest.
        max: Decimal,
    },
}

/// A value that fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Checked {
    Text(String),
    Day(NaiveDate),
    Month(Month),
    Currency(Currency),
    Whole(u32),
    Decimal(Decimal),
}

impl Kind {
    /// The value of a trimmed text that is not empty.
    pub(super) fn check(self, text: &str) -> Option<Checked> {
        match self {
            Self::Text => {
                (text.chars().count() <= MAX_TEXT).then(|| Checked::Text(text.to_owned()))
            }
            Self::Cursor => (text.len() <= MAX_CURSOR).then(|| Checked::Text(text.to_owned())),
            Self::Day => calendar::day(text).map(Checked::Day),
            Self::Month => Month::parse(text).map(Checked::Month),
            Self::Currency => Currency::parse(text).map(Checked::Currency),
            Self::Word { words, .. } => words
                .contains(&text)
                .then(|| Checked::Text(text.to_owned())),
            Self::Whole { min, max, .. } => {
                let plain = text.bytes().all(|b| b.is_ascii_digit());
                let number = text.parse().ok().filter(|_| plain);
                number
                    .filter(|number| (min..=max).contains(number))
                    .map(Checked::Whole)
            }
            Self::Decimal { min, max } => money::decimal(text)
                .filter(|number| (min..=max).contains(number) && number.scale() <= 6)
                .map(Checked::Decimal),
        }
    }

    /// The refusal of a value that does not fit.
    pub(super) fn wrong(self, name: &'static str) -> Refusal {
        let wrong = match self {
            Self::Text => format!("must be a text of at most {MAX_TEXT} characters."),
            Self::Cursor => "is no cursor; send `next_cursor` as it was given.".to_owned(),
            Self::Day => "must be a day such as 2026-06-30.".to_owned(),
            Self::Month => "must be a month such as 2026-06.".to_owned(),
            Self::Currency => "must be a currency code such as KRW or USD.".to_owned(),
            Self::Word { words, .. } => format!("must be one of: {}.", words.join(", ")),
            Self::Whole { min, max, .. } => format!("must be a whole number from {min} to {max}."),
            Self::Decimal { min, max } => {
                format!(
                    "must be a decimal such as 12.5, from {min} to {max}, with at most 6 decimals."
                )
            }
        };
        Refusal::parameter(name, wrong)
    }

    /// The JSON Schema of the value.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string", "maxLength": MAX_TEXT }),
            Self::Cursor => json!({ "type": "string", "maxLength": MAX_CURSOR }),
            Self::Day => json!({ "type": "string", "format": "date" }),
            Self::Month => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$" }),
            Self::Currency => json!({ "type": "string", "enum": Currency::codes() }),
            Self::Word { words, default: "" } => json!({ "type": "string", "enum": words }),
            Self::Word { words, default } => {
                json!({ "type": "string", "enum": words, "default": default })
            }
            Self::Whole { min, max, default } => {
                json!({ "type": "integer", "minimum": min, "maximum": max, "default": default })
            }
            Self::Decimal { .. } => {
                json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,6})?$" })
            }
        }
    }
}
