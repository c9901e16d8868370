//! The typed entries, each with the note it comes from.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Month;
use crate::money::Currency;
use crate::schema::read::Row;
use crate::warning::{Warning, said};

/// Which way money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Direction {
    /// Received.
    In,
    /// Paid out.
    Out,
}

impl Direction {
    /// Reads `in` or `out`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "in" => Some(Self::In),
            "out" => Some(Self::Out),
            _ => None,
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) currency: Currency,
    pub(crate) opened: NaiveDate,
    pub(crate) closed: Option<NaiveDate>,
    pub(crate) source: String,
}

/// What an account held at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) account: String,
    pub(crate) currency: Currency,
    pub(crate) date: NaiveDate,
    pub(crate) amount: Decimal,
    pub(crate) source: String,
}

/// One month of one currency as the books state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CashMonth {
    pub(crate) month: Month,
    pub(crate) currency: Currency,
    pub(crate) balance: Decimal,
    pub(crate) income: Decimal,
    pub(crate) burn: Decimal,
    pub(crate) closed: Option<NaiveDate>,
    pub(crate) source: String,
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) date: NaiveDate,
    pub(crate) direction: Direction,
    pub(crate) amount: Decimal,
    pub(crate) currency: Currency,
    pub(crate) category: String,
    pub(crate) counterparty: Option<String>,
    pub(crate) source: String,
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanLine {
    pub(crate) month: Month,
    pub(crate) currency: Currency,
    pub(crate) direction: Direction,
    pub(crate) category: String,
    pub(crate) amount: Decimal,
    pub(crate) source: String,
}

/// What one unit of `base` was worth in `quote`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) base: Currency,
    pub(crate) quote: Currency,
    pub(crate) date: NaiveDate,
    pub(crate) worth: Decimal,
    pub(crate) source: String,
}

impl Account {
    pub(super) fn of(source: &str, title: &str, row: &Row) -> Option<Self> {
        Some(Self {
            id: row.text("entity_id"),
            name: title.to_owned(),
            currency: row.currency("currency")?,
            opened: row.day("opened")?,
            closed: row.day("closed"),
            source: source.to_owned(),
        })
    }

    /// Whether it was open at the end of a day.
    pub(crate) fn is_open(&self, day: NaiveDate) -> bool {
        self.opened <= day && self.closed.is_none_or(|closed| day < closed)
    }

    /// Whether it was open on any day of a month.
    pub(crate) fn is_open_in(&self, month: Month) -> bool {
        self.opened <= month.last_day()
            && self.closed.is_none_or(|closed| month.first_day() < closed)
    }
}

impl Balance {
    pub(super) fn of(source: &str, row: &Row) -> Option<Self> {
        Some(Self {
            account: row.text("account"),
            currency: row.currency("currency")?,
            date: row.day("date")?,
            amount: row.number("balance")?,
            source: source.to_owned(),
        })
    }
}

impl CashMonth {
    pub(super) fn of(source: &str, row: &Row) -> Result<Self, Warning> {
        let whole = || {
            Some(Self {
                month: row.month("month")?,
                currency: row.currency("currency")?,
                balance: row.number("cash_balance")?,
                income: row.number("income")?,
                burn: row.number("burn")?,
                closed: row.day("closed"),
                source: source.to_owned(),
            })
        };
        let cash = whole().ok_or_else(|| missing(source))?;
        if cash.closed.is_some_and(|day| day < cash.month.last_day()) {
            let month = cash.month;
            let message = said(
                format!("`closed` lies before the end of {month}, so its figures cannot be final"),
                format!("`closed`가 {month}이(가) 끝나기 전이어서 확정된 숫자일 수 없습니다"),
            );
            return Err(Warning::new("closed_too_early", source, message));
        }
        Ok(cash)
    }
}

impl Flow {
    pub(super) fn of(source: &str, currency: Currency, row: &Row) -> Option<Self> {
        Some(Self {
            date: row.day("date")?,
            direction: Direction::parse(&row.text("direction"))?,
            amount: row.number("amount")?,
            currency,
            category: row.text("category"),
            counterparty: row.maybe_text("counterparty").map(str::to_owned),
            source: source.to_owned(),
        })
    }

    pub(super) fn of_ledger(source: &str, row: &Row) -> Result<Vec<Self>, Warning> {
        let known = row.month("month").zip(row.currency("currency"));
        let (month, currency) = known.ok_or_else(|| missing(source))?;
        let mut flows = Vec::new();
        for (at, line) in row.lines("lines").iter().enumerate() {
            let flow = Self::of(source, currency, line).ok_or_else(|| missing(source))?;
            if Month::of(flow.date) != month {
                let (line, day) = (at + 1, flow.date);
                let message = said(
                    format!("`lines` line {line}: {day} is not in {month}"),
                    format!("`lines` {line}번째 줄: {day}은(는) {month}에 들지 않습니다"),
                );
                return Err(Warning::new("bad_date", source, message));
            }
            flows.push(flow);
        }
        Ok(flows)
    }
}

impl PlanLine {
    pub(super) fn of(source: &str, row: &Row) -> Result<Vec<Self>, Warning> {
        let known = row.month("month").zip(row.currency("currency"));
        let (month, currency) = known.ok_or_else(|| missing(source))?;
        let line = |line: &Row| {
            Some(Self {
                month,
                currency,
                direction: Direction::parse(&line.text("direction"))?,
                category: line.text("category"),
                amount: line.number("amount")?,
                source: source.to_owned(),
            })
        };
        let lines = row.lines("lines").iter().map(line).collect::<Option<_>>();
        lines.ok_or_else(|| missing(source))
    }
}

impl Rate {
    pub(super) fn of(source: &str, row: &Row) -> Result<Self, Warning> {
        let whole = || {
            Some(Self {
                base: row.currency("base")?,
                quote: row.currency("quote")?,
                date: row.day("date")?,
                worth: row.number("rate")?,
                source: source.to_owned(),
            })
        };
        let rate = whole().ok_or_else(|| missing(source))?;
        if rate.base == rate.quote {
            let message = said(
                "`base` and `quote` are the same currency",
                "`base`와 `quote`가 같은 통화입니다",
            );
            return Err(Warning::new("bad_currency", source, message));
        }
        Ok(rate)
    }
}

/// A field that the schema demands and the row lacks.
pub(super) fn missing(source: &str) -> Warning {
    let message = said("a required field is missing", "필수 속성이 빠져 있습니다");
    Warning::new("missing_field", source, message)
}
