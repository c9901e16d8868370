//! What was burned: closed months of all currencies together, and averages over them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::{Burn, MonthUsed};
use super::question::Question;
use crate::book::{Book, Closed, closed};
use crate::calendar::Month;
use crate::figure::Figure;
use crate::money::{Currency, rounded, written};
use crate::warning::Warning;

/// The spans that are always answered.
const SPANS: [u32; 3] = [1, 3, 6];

/// One closed month in the answer's currency.
#[derive(Clone, Debug, Default)]
struct Total {
    income: Decimal,
    burn: Decimal,
    sources: Vec<String>,
}

/// The months that can be counted.
#[derive(Debug)]
pub(super) struct Months {
    currency: Currency,
    by_month: BTreeMap<Month, Total>,
}

/// An average, exact enough for the outlook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Average {
    pub(super) income: Decimal,
    pub(super) burn: Decimal,
}

/// The averages asked for.
#[derive(Debug, Default)]
pub(super) struct Averages {
    pub(super) answer: Vec<Burn>,
    /// Over the question's months; `None` when no month can be counted.
    pub(super) asked: Option<Average>,
}

impl Averages {
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let used = self.answer.iter().flat_map(|burn| &burn.months_used);
        used.flat_map(|month| month.sources.iter().map(String::as_str))
    }
}

impl Months {
    /// Reads the months closed by a day. A month counts when every currency that was in use has one usable note.
    pub(super) fn read(
        book: &Book,
        currency: Currency,
        as_of: NaiveDate,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let closed = closed(book, as_of, warnings);
        let months: BTreeSet<Month> = closed.keys().map(|(month, _)| *month).collect();
        let mut by_month = BTreeMap::new();
        for month in months {
            if let Some(total) = total(book, currency, month, &closed, warnings) {
                by_month.insert(month, total);
            }
        }
        Self { currency, by_month }
    }

    fn latest(&self) -> Option<Month> {
        self.by_month.last_key_value().map(|(month, _)| *month)
    }

    /// Full months before a day that come after the latest one counted.
    pub(super) fn open(&self, as_of: NaiveDate) -> Vec<Month> {
        let full = Month::last_full(as_of);
        self.latest()
            .map(|latest| latest.plus(1).through(full).collect())
            .unwrap_or_default()
    }

    /// The first of them, when there is one.
    pub(super) fn late(&self, as_of: NaiveDate) -> Option<Month> {
        self.open(as_of).first().copied()
    }

    /// The averages over 1, 3, 6 months and over the question's.
    pub(super) fn averages(&self, question: &Question) -> Averages {
        let mut spans = BTreeSet::from(SPANS);
        spans.insert(question.months);
        let averaged = spans.into_iter().map(|span| (span, self.average(span)));
        let averaged: Vec<_> = averaged.collect();
        let asked = averaged.iter().find(|(span, _)| *span == question.months);
        Averages {
            asked: asked.and_then(|(_, (average, _))| *average),
            answer: averaged.into_iter().map(|(_, (_, burn))| burn).collect(),
        }
    }

    fn average(&self, span: u32) -> (Option<Average>, Burn) {
        let mut burn = Burn {
            months: span,
            gross: None,
            income: None,
            net: None,
            months_used: Vec::new(),
            missing_months: Vec::new(),
        };
        let Some(latest) = self.latest() else {
            return (None, burn);
        };
        let first = latest.plus(1 - i32::try_from(span).unwrap_or(1));
        let mut sum = Total::default();
        for month in first.through(latest) {
            let Some(total) = self.by_month.get(&month) else {
                burn.missing_months.push(month);
                continue;
            };
            sum.income += total.income;
            sum.burn += total.burn;
            sum.sources.extend(total.sources.iter().cloned());
            burn.months_used.push(self.used(month, total));
        }
        let count = Decimal::from(burn.months_used.len().max(1));
        let figure = |amount: Decimal| {
            let sources = sum.sources.clone();
            Some(Figure::new(
                amount / count,
                self.currency,
                latest.last_day(),
                sources,
            ))
        };
        burn.gross = figure(sum.burn);
        burn.income = figure(sum.income);
        burn.net = figure(sum.burn - sum.income);
        let average = Average {
            income: sum.income / count,
            burn: sum.burn / count,
        };
        (Some(average), burn)
    }

    fn used(&self, month: Month, total: &Total) -> MonthUsed {
        MonthUsed {
            month,
            income: written(total.income, self.currency),
            burn: written(total.burn, self.currency),
            net_burn: written(total.burn - total.income, self.currency),
            sources: total.sources.clone(),
        }
    }
}

fn total(
    book: &Book,
    currency: Currency,
    month: Month,
    closed: &Closed<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<Total> {
    let needed = in_use(book, month);
    let mut total = Total::default();
    for from in needed {
        let note = closed.get(&(month, from))?;
        for (amount, into) in [
            (note.income, &mut total.income),
            (note.burn, &mut total.burn),
        ] {
            match book.convert(amount, from, currency, month.last_day()) {
                Ok(converted) => {
                    *into += rounded(converted.amount, currency);
                    total
                        .sources
                        .extend(converted.rate.map(|rate| rate.source.clone()));
                }
                Err(warning) => {
                    warnings.push(warning);
                    return None;
                }
            }
        }
        total.sources.push(note.source.clone());
    }
    total.sources.sort();
    total.sources.dedup();
    Some(total)
}

/// The currencies that a month's total needs: those with an open account, and those without any account since the
/// first month that was noted in them.
fn in_use(book: &Book, month: Month) -> BTreeSet<Currency> {
    let open = book
        .accounts
        .iter()
        .filter(|account| account.is_open_in(month));
    let has_account = |currency| {
        book.accounts
            .iter()
            .any(|account| account.currency == currency)
    };
    let noted = book.months.iter().filter(|note| note.month <= month);
    let noted = noted.filter(|note| note.month == month || !has_account(note.currency));
    open.map(|account| account.currency)
        .chain(noted.map(|note| note.currency))
        .collect()
}
