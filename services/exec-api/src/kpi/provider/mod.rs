//! Asks the providers over HTTP.
//!
//! In: a KPI's source, a range. Out: [`Measured`] values, or a [`ProviderError`]. Never: follows redirects (a key would go
//! along), logs keys or URLs, reads more than [`http::MAX_BODY`].

pub(crate) mod amplitude;
mod breaker;
mod budget;
mod error;
pub(crate) mod http;
pub(crate) mod revenuecat;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

pub(crate) use error::ProviderError;

use super::period::Interval;

/// What is asked of a provider: whole periods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    /// Length of a period.
    pub(crate) interval: Interval,
    /// First day.
    pub(crate) from: NaiveDate,
    /// Last day.
    pub(crate) to: NaiveDate,
}

/// One measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// First day of the period.
    pub(crate) start: NaiveDate,
    /// The value.
    pub(crate) value: Decimal,
    /// Whether the provider says that it is final.
    pub(crate) complete: bool,
}

/// A JSON number as the decimal that it shows; `None` for everything else.
fn number(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    let read = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    read.ok()
        .filter(|number| number.abs() < Decimal::from(1_000_000_000_000_000_i64))
}

/// The first of a list that has to be there.
fn list<'a>(value: &'a Value, pointer: &str) -> Result<&'a Vec<Value>, ProviderError> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.ok_or_else(|| ProviderError::shape(pointer, "is no list"))
}
