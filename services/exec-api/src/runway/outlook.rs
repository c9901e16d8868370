//! The months to come: opening, in, out, closing; and the day on which the cash ends.

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::Serialize;

use super::burn::Average;
use super::cash::Position;
use super::plan::Plan;
use super::question::Question;
use crate::calendar::Month;
use crate::money::{Currency, rounded, written};

/// How far the outlook looks.
const HORIZON_MONTHS: i32 = 120;

/// How long the cash lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Outlook {
    /// Months from the day of `cash.total` until the cash is gone: a decimal with one digit, rounded down. `null` when there is no answer; see `reason`.
    pub(crate) months_left: Option<String>,
    /// The first day that cannot be paid in full.
    pub(crate) cash_ends_on: Option<NaiveDate>,
    /// Why `months_left` is null: `no cash total`, `no closed month`, `incomplete plan`, `not burning`, `more than 120 months`.
    pub(crate) reason: Option<&'static str>,
    /// The months, until the cash ends; at most 36.
    pub(crate) months: Vec<OutlookMonth>,
}

/// One month of the outlook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct OutlookMonth {
    /// The month; the first one may be a part of it.
    pub(crate) month: Month,
    /// Cash at its beginning.
    pub(crate) opening: String,
    /// Expected to come in.
    pub(crate) income: String,
    /// Expected to go out.
    pub(crate) burn: String,
    /// Cash at its end; negative in the month in which it ends.
    pub(crate) closing: String,
}

/// How many months are listed.
const LISTED: usize = 36;

/// A month, or the rest of one.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    days: u32,
    pub(super) days_of_month: u32,
}

impl Part {
    /// The part of `month` after `day`; `None` when it is over.
    fn after(month: Month, day: NaiveDate) -> Option<Self> {
        let (first, last) = (month.first_day().max(day.succ_opt()?), month.last_day());
        let days = u32::try_from((last - first).num_days() + 1).ok()?;
        (days > 0).then_some(Self {
            first,
            last,
            days,
            days_of_month: last.day(),
        })
    }

    fn share(&self) -> Decimal {
        Decimal::from(self.days) / Decimal::from(self.days_of_month)
    }
}

impl Outlook {
    /// Follows the cash until it ends.
    pub(super) fn of(
        cash: &Position,
        average: Option<&Average>,
        plan: &Plan,
        question: &Question,
    ) -> Self {
        let because = |reason| Self {
            reason: Some(reason),
            ..Self::default()
        };
        let Some((total, day)) = cash.total else {
            return because("no cash total");
        };
        let Some(average) = average else {
            return because("no closed month");
        };
        if plan.incomplete {
            return because("incomplete plan");
        }
        Self::follow(total, day, *average, plan, question.currency)
    }

    /// Follows an amount from the end of a day.
    pub(super) fn follow(
        total: Decimal,
        day: NaiveDate,
        average: Average,
        plan: &Plan,
        currency: Currency,
    ) -> Self {
        let mut outlook = Self::default();
        let (mut opening, mut lasted, mut burning) = (total, Decimal::ZERO, false);
        let first = Month::of(day);
        for month in first.through(first.plus(HORIZON_MONTHS)) {
            let Some(part) = Part::after(month, day) else {
                continue;
            };
            let income = rounded(plan.income(average.income, month) * part.share(), currency);
            let burn = rounded(average.burn * part.share() + plan.cost(&part), currency);
            let closing = opening + income - burn;
            if outlook.months.len() < LISTED {
                outlook.months.push(OutlookMonth {
                    month,
                    opening: written(opening, currency),
                    income: written(income, currency),
                    burn: written(burn, currency),
                    closing: written(closing, currency),
                });
            }
            if closing < Decimal::ZERO || opening < Decimal::ZERO {
                outlook.end(opening, burn - income, lasted, &part);
                return outlook;
            }
            burning = burn > income;
            lasted += part.share();
            opening = closing;
        }
        outlook.reason = Some(if burning {
            "more than 120 months"
        } else {
            "not burning"
        });
        outlook
    }

    /// The cash ends in this part of a month.
    fn end(&mut self, opening: Decimal, net: Decimal, lasted: Decimal, part: &Part) {
        let opening = opening.max(Decimal::ZERO);
        // The part of the part that is paid: all of it would take `net`.
        let paid = if net > Decimal::ZERO {
            (opening / net).min(Decimal::ONE)
        } else {
            Decimal::ZERO
        };
        let days = opening * Decimal::from(part.days);
        let days = if net > Decimal::ZERO {
            days / net
        } else {
            Decimal::ZERO
        };
        let days = u64::try_from(days.floor())
            .unwrap_or(0)
            .min(u64::from(part.days));
        self.cash_ends_on = part.first.checked_add_days(Days::new(days));
        let months = lasted + paid * part.share();
        let mut months = months.round_dp_with_strategy(1, RoundingStrategy::ToZero);
        months.rescale(1);
        self.months_left = Some(months.to_string());
    }
}
