//! Conversion, only ever by a rate that a note states.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Book, Rate};
use crate::money::{Currency, rounded};
use crate::warning::{Warning, said};

/// An amount in another currency, and the note whose rate was used; `None` when it was that currency already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Converted<'a> {
    pub(crate) amount: Decimal,
    pub(crate) rate: Option<&'a Rate>,
}

impl Book {
    /// The latest rate between two currencies that holds on a day, whichever way round it is stated.
    pub(crate) fn rate(&self, from: Currency, to: Currency, day: NaiveDate) -> Option<&Rate> {
        let pair = |rate: &&Rate| {
            (rate.base, rate.quote) == (from, to) || (rate.base, rate.quote) == (to, from)
        };
        let held = self
            .rates
            .iter()
            .filter(pair)
            .filter(|rate| rate.date <= day);
        // On one day the direct statement goes before the inverse.
        held.max_by_key(|rate| (rate.date, rate.base == from))
    }

    /// Converts, rounded to the smallest unit of `to`.
    ///
    /// # Errors
    /// A `no_rate` [`Warning`] when no note states a rate by that day.
    pub(crate) fn convert(
        &self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        day: NaiveDate,
    ) -> Result<Converted<'_>, Warning> {
        if from == to {
            return Ok(Converted { amount, rate: None });
        }
        let no_rate = || {
            let message = said(
                format!(
                    "no ExchangeRate note between {from} and {to} on or before {day}; without it they are not added"
                ),
                format!(
                    "{day}까지 {from}와 {to} 사이의 ExchangeRate 노트가 없어 더하지 않았습니다"
                ),
            );
            Warning::about("no_rate", Vec::new(), message)
        };
        let rate = self.rate(from, to, day).ok_or_else(no_rate)?;
        let exact = if rate.base == from {
            amount.checked_mul(rate.worth)
        } else {
            amount.checked_div(rate.worth)
        };
        let amount = rounded(exact.ok_or_else(no_rate)?, to);
        Ok(Converted {
            amount,
            rate: Some(rate),
        })
    }
}
