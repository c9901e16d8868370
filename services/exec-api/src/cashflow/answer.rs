//! The shape of the answer.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::question::Group;
use crate::book::Direction;
use crate::calendar::Month;
use crate::money::Currency;
use crate::warning::Warning;

/// Cash flow. Amounts are exact decimals as text, without a sign unless they are differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Cashflow {
    /// The day for which the question was asked; later movements are not seen.
    pub(crate) as_of: NaiveDate,
    /// First month.
    pub(crate) from: Month,
    /// Last month.
    pub(crate) to: Month,
    /// What the rows are grouped by.
    pub(crate) group: Group,
    /// Each month and currency as a whole, whatever the filters.
    pub(crate) months: Vec<MonthTotal>,
    /// The parts, after the filters.
    pub(crate) rows: Vec<FlowRow>,
    /// What could not be counted, and why.
    pub(crate) warnings: Vec<Warning>,
    /// Every note that a figure comes from.
    pub(crate) sources: Vec<String>,
}

/// How final a month is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum State {
    /// The books are closed.
    Closed,
    /// The books are open; what is there so far.
    Open,
    /// The month has not begun.
    Forecast,
}

/// Where an amount comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Basis {
    /// What happened.
    Actual,
    /// The month's plan.
    Plan,
    /// The average of the last closed months, at most three.
    Average,
}

/// One month of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct MonthTotal {
    /// The month.
    pub(crate) month: Month,
    /// The currency.
    pub(crate) currency: Currency,
    /// How final it is.
    pub(crate) state: State,
    /// Received; `null` when notes contradict each other or cannot be read.
    pub(crate) income: Option<String>,
    /// Paid out; `null` likewise.
    pub(crate) burn: Option<String>,
    /// Received less paid out; `null` likewise.
    pub(crate) net: Option<String>,
    /// Planned to be received; `null` without a plan.
    pub(crate) planned_income: Option<String>,
    /// Planned to be paid out; `null` without a plan.
    pub(crate) planned_burn: Option<String>,
    /// The notes.
    pub(crate) sources: Vec<String>,
}

/// One part of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct FlowRow {
    /// The month.
    pub(crate) month: Month,
    /// The currency.
    pub(crate) currency: Currency,
    /// `in` or `out`.
    pub(crate) direction: Direction,
    /// Category or counterparty; `(not itemised)` for what a closed month states without transactions, `(none)` for no counterparty; `(all)` when grouped by month.
    pub(crate) key: String,
    /// Where `amount` comes from.
    pub(crate) basis: Basis,
    /// How much.
    pub(crate) amount: String,
    /// Planned for this part; `null` when nothing was.
    pub(crate) plan: Option<String>,
    /// `amount` less `plan`; `null` without a plan.
    pub(crate) difference: Option<String>,
    /// The notes.
    pub(crate) sources: Vec<String>,
}

impl FlowRow {
    /// What rows are ordered by.
    pub(super) fn place(&self) -> (Month, Currency, Direction, &str) {
        (self.month, self.currency, self.direction, &self.key)
    }
}
