//! How long the cash lasts: the latest closed month's balance over the average net burn.
//!
//! In: cash notes, a day, a number of months. Out: [`Runway`] with its sources. Never: floats, the system clock, HTTP.

pub mod month;
pub mod note;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use month::{Month, Won};
use note::{CashMonth, Warning};

/// How many closed months are averaged unless said otherwise.
pub const DEFAULT_MONTHS: u32 = 3;
/// The most months that may be averaged.
pub const MAX_MONTHS: u32 = 24;

/// Months until the cash is gone, and everything it was computed from. Money is whole won (KRW).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Runway {
    /// The day for which the question was asked; books closed later are not seen.
    pub as_of: NaiveDate,
    /// Currency of every amount: `KRW`, counted in whole won.
    pub currency: &'static str,
    /// Months until the cash is gone, counted from the end of `cash_month`: a decimal with one digit, rounded down. `null` when there is no answer; see `reason`.
    pub months_left: Option<String>,
    /// Why `months_left` is null: `not burning` or `no closed month`.
    pub reason: Option<&'static str>,
    /// The latest closed month.
    pub cash_month: Option<Month>,
    /// Cash at the last day of `cash_month`, in won.
    pub cash_balance: Option<Won>,
    /// Average of `burn - income` per month, in won, rounded to the nearest; negative when more comes in than goes out.
    pub average_net_burn: Option<Won>,
    /// How many months were asked to be averaged.
    pub months_asked: u32,
    /// The months that were averaged, oldest first.
    pub months_used: Vec<MonthUsed>,
    /// Months inside the span that have no usable closed note; they are not in the average.
    pub missing_months: Vec<Month>,
    /// Full months between `cash_month` and `as_of` whose books are not closed; the answer is that much out of date.
    pub open_months: Vec<Month>,
    /// Notes that could not be counted, and why.
    pub warnings: Vec<Warning>,
    /// Paths of the notes that the figures come from.
    pub sources: Vec<String>,
}

/// One month of the average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MonthUsed {
    /// The month.
    pub month: Month,
    /// Won received.
    pub income: Won,
    /// Won paid out.
    pub burn: Won,
    /// `burn - income`, in won.
    pub net_burn: Won,
}

/// Computes the runway as of a day, averaging up to `months` closed months (1 to [`MAX_MONTHS`], else clamped).
pub fn runway(notes: Vec<Result<CashMonth, Warning>>, as_of: NaiveDate, months: u32) -> Runway {
    let months = months.clamp(1, MAX_MONTHS);
    let (closed, warnings) = closed_months(notes, as_of);
    let mut answer = Runway::empty(as_of, months, warnings);
    let Some((latest, cash)) = closed.last_key_value() else {
        answer.reason = Some("no closed month");
        return answer;
    };
    let first = latest.plus(1 - i32::try_from(months).unwrap_or(1));
    answer.missing_months = first
        .through(*latest)
        .filter(|month| !closed.contains_key(month))
        .collect();
    answer.open_months = latest.plus(1).through(last_full_month(as_of)).collect();
    answer.cash_month = Some(*latest);
    answer.cash_balance = Some(cash.cash_balance);
    let used: Vec<&CashMonth> = closed
        .range(first..=*latest)
        .map(|(_, cash)| cash)
        .collect();
    let net: i128 = used.iter().map(|cash| cash.net_burn()).sum();
    let count = i128::try_from(used.len()).unwrap_or(1);
    answer.average_net_burn = i64::try_from(rounded(net, count)).ok().map(Won);
    answer.sources = used.iter().map(|cash| cash.source.clone()).collect();
    answer.months_used = used.into_iter().map(MonthUsed::from).collect();
    if net <= 0 {
        answer.reason = Some("not burning");
    } else {
        answer.months_left = Some(tenths(i128::from(cash.cash_balance.0).max(0), net, count));
    }
    answer
}

impl Runway {
    fn empty(as_of: NaiveDate, months_asked: u32, warnings: Vec<Warning>) -> Self {
        Self {
            as_of,
            currency: note::CURRENCY,
            months_left: None,
            reason: None,
            cash_month: None,
            cash_balance: None,
            average_net_burn: None,
            months_asked,
            months_used: Vec::new(),
            missing_months: Vec::new(),
            open_months: Vec::new(),
            warnings,
            sources: Vec::new(),
        }
    }
}

impl CashMonth {
    fn net_burn(&self) -> i128 {
        i128::from(self.burn.0) - i128::from(self.income.0)
    }
}

impl From<&CashMonth> for MonthUsed {
    fn from(cash: &CashMonth) -> Self {
        let net_burn = Won(i64::try_from(cash.net_burn()).unwrap_or(i64::MAX));
        Self {
            month: cash.month,
            income: cash.income,
            burn: cash.burn,
            net_burn,
        }
    }
}

/// The months whose books were closed by `as_of`, one note each. Two notes for one month contradict each other
/// and neither is used: a partial answer that says so is better than a wrong total.
fn closed_months(
    notes: Vec<Result<CashMonth, Warning>>,
    as_of: NaiveDate,
) -> (BTreeMap<Month, CashMonth>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let mut by_month: BTreeMap<Month, Vec<CashMonth>> = BTreeMap::new();
    for note in notes {
        match note {
            Ok(cash) if cash.closed.is_some_and(|day| day <= as_of) => {
                by_month.entry(cash.month).or_default().push(cash);
            }
            Ok(_) => (),
            Err(warning) => warnings.push(warning),
        }
    }
    let mut closed = BTreeMap::new();
    for (month, mut rivals) in by_month {
        match (rivals.pop(), rivals.is_empty()) {
            (Some(only), true) => drop(closed.insert(month, only)),
            (last, _) => warnings.extend(rivals.iter().chain(&last).map(|cash| {
                let message = format!("more than one closed note for {month}; keep one");
                Warning::new("contradiction", &cash.source, message)
            })),
        }
    }
    warnings.sort_by(|a, b| (&a.source, a.code).cmp(&(&b.source, b.code)));
    (closed, warnings)
}

/// The last month that was over by the end of `as_of`.
fn last_full_month(as_of: NaiveDate) -> Month {
    let month = Month::of(as_of);
    if month.last_day() == Some(as_of) {
        month
    } else {
        month.plus(-1)
    }
}

/// `cash / (net / count)` with one decimal, rounded down. `net` is positive, `cash` is not negative.
fn tenths(cash: i128, net: i128, count: i128) -> String {
    let tenths = cash * count * 10 / net;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `sum / count` to the nearest whole, halves away from zero. `count` is positive.
const fn rounded(sum: i128, count: i128) -> i128 {
    let twice = if sum < 0 {
        2 * sum - count
    } else {
        2 * sum + count
    };
    twice / (2 * count)
}

#[cfg(test)]
mod tests;
