//! The shape of the answer.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::outlook::Outlook;
use super::question::{Hiring, Question};
use crate::calendar::Month;
use crate::figure::Figure;
use crate::money::{Currency, written};
use crate::warning::Warning;

/// How long the cash lasts, and everything it was computed from. Amounts are exact decimals as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Runway {
    /// The day for which the question was asked; what became known later is not seen.
    pub(crate) as_of: NaiveDate,
    /// Currency of burn, totals and outlooks.
    pub(crate) currency: Currency,
    /// The scenario as it was understood.
    pub(crate) asked: ScenarioAsked,
    /// Cash by account and currency.
    pub(crate) cash: Cash,
    /// Average burn over 1, 3 and 6 closed months, and over as many as were asked for.
    pub(crate) burn: Vec<Burn>,
    /// Full months before `as_of` whose books are not closed.
    pub(crate) open_months: Vec<Month>,
    /// The open positions that `hiring=plan` adds.
    pub(crate) hiring_plan: Vec<PlannedHire>,
    /// The outlook when everything goes on as it was.
    pub(crate) base: Outlook,
    /// The outlook under the scenario; the same as `base` without one.
    pub(crate) scenario: Outlook,
    /// What could not be counted, and why.
    pub(crate) warnings: Vec<Warning>,
    /// Every note that a figure comes from.
    pub(crate) sources: Vec<String>,
}

/// The scenario's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ScenarioAsked {
    /// How many closed months are averaged.
    pub(crate) months: u32,
    /// `none`, or `plan`: the hiring plan's positions are filled as planned.
    pub(crate) hiring: Hiring,
    /// More people than that.
    pub(crate) hires: u32,
    /// What each of them costs a month.
    pub(crate) hire_cost: Option<String>,
    /// The month they start in.
    pub(crate) hire_from: Option<Month>,
    /// Change of income in percent.
    pub(crate) revenue_change: String,
    /// The month it begins.
    pub(crate) revenue_from: Option<Month>,
}

/// Cash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Cash {
    /// Every open account.
    pub(crate) accounts: Vec<AccountCash>,
    /// Every currency.
    pub(crate) currencies: Vec<CurrencyCash>,
    /// All of it in the answer's currency; `null` when a part is not known (see `warnings`).
    pub(crate) total: Option<Figure>,
    /// The rates used for the total.
    pub(crate) rates: Vec<RateUsed>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct AccountCash {
    /// Its `entity_id`.
    pub(crate) account: String,
    /// Its name.
    pub(crate) name: String,
    /// Its currency.
    pub(crate) currency: Currency,
    /// The latest balance; `null` when there is none.
    pub(crate) balance: Option<Figure>,
}

/// One currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct CurrencyCash {
    /// The currency.
    pub(crate) currency: Currency,
    /// All its accounts; `null` when one of them is not known.
    pub(crate) balance: Option<Figure>,
}

/// A rate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct RateUsed {
    /// One unit of this …
    pub(crate) base: Currency,
    /// … is `rate` of this.
    pub(crate) quote: Currency,
    /// The rate, exactly as noted.
    pub(crate) rate: String,
    /// The day it was noted for.
    pub(crate) date: NaiveDate,
    /// The note.
    pub(crate) source: String,
}

/// An average over closed months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Burn {
    /// How many months were asked to be averaged.
    pub(crate) months: u32,
    /// Average paid out a month (gross burn); `null` when no month could be used.
    pub(crate) gross: Option<Figure>,
    /// Average received a month.
    pub(crate) income: Option<Figure>,
    /// Average of paid out less received (net burn); negative when more comes in.
    pub(crate) net: Option<Figure>,
    /// The months used, oldest first.
    pub(crate) months_used: Vec<MonthUsed>,
    /// Months of the span that could not be used; they are not in the average.
    pub(crate) missing_months: Vec<Month>,
}

/// One month of an average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct MonthUsed {
    /// The month.
    pub(crate) month: Month,
    /// Received.
    pub(crate) income: String,
    /// Paid out.
    pub(crate) burn: String,
    /// Paid out less received.
    pub(crate) net_burn: String,
    /// The notes.
    pub(crate) sources: Vec<String>,
}

/// One position of the hiring plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PlannedHire {
    /// Its `entity_id`.
    pub(crate) position: String,
    /// The team.
    pub(crate) team: String,
    /// The role.
    pub(crate) role: String,
    /// The planned first day.
    pub(crate) start: NaiveDate,
    /// The note; its cost is in the outlook.
    pub(crate) source: String,
}

impl ScenarioAsked {
    pub(super) fn of(question: &Question) -> Self {
        let hire_cost = question.hire_cost;
        Self {
            months: question.months,
            hiring: question.hiring,
            hires: question.hires,
            hire_cost: hire_cost.map(|cost| written(cost, question.currency)),
            hire_from: question.hire_from,
            revenue_change: question.revenue_change.normalize().to_string(),
            revenue_from: question.revenue_from,
        }
    }
}
