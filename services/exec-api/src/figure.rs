//! One figure of an answer: how much, in what, as of when, from which notes.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::money::{Currency, written};

/// An amount with its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Figure {
    /// Exact decimal with the currency's decimals, as text: `"1361000000"`, `"61250.40"`.
    pub(crate) amount: String,
    /// Its currency.
    pub(crate) currency: Currency,
    /// The day it holds for.
    pub(crate) as_of: NaiveDate,
    /// Paths of the notes it comes from.
    pub(crate) sources: Vec<String>,
}

impl Figure {
    /// A figure; its sources in order, each once.
    pub(crate) fn new(
        amount: Decimal,
        currency: Currency,
        as_of: NaiveDate,
        mut sources: Vec<String>,
    ) -> Self {
        sources.sort();
        sources.dedup();
        Self {
            amount: written(amount, currency),
            currency,
            as_of,
            sources,
        }
    }
}
