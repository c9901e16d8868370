//! Closed months, held against each other and against their transactions.
//!
//! In: a [`Book`], a day. Out: the months that can be counted, and a warning for each that cannot.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Book, CashMonth, Direction, TRANSFER};
use crate::calendar::Month;
use crate::money::{Currency, written};
use crate::warning::Warning;

/// One note for each closed month of a currency.
pub(crate) type Closed<'a> = BTreeMap<(Month, Currency), &'a CashMonth>;

/// The closed months that one note alone states and that agree with their transactions.
pub(crate) fn closed<'a>(
    book: &'a Book,
    as_of: NaiveDate,
    warnings: &mut Vec<Warning>,
) -> Closed<'a> {
    let mut rivals: BTreeMap<(Month, Currency), Vec<&CashMonth>> = BTreeMap::new();
    for month in &book.months {
        if month.closed.is_some_and(|day| day <= as_of) {
            rivals
                .entry((month.month, month.currency))
                .or_default()
                .push(month);
        }
    }
    let mut closed = Closed::new();
    let moved = moved(book, None);
    for (key, notes) in rivals {
        let [only] = notes.as_slice() else {
            let sources = notes.iter().map(|note| note.source.clone()).collect();
            let message = format!(
                "more than one closed note for {} in {}; keep one",
                key.0, key.1
            );
            warnings.push(Warning::about("contradiction", sources, message));
            continue;
        };
        if let Some(flows) = moved.get(&key)
            && let Some(warning) = disagrees(only, flows)
        {
            warnings.push(warning);
            continue;
        }
        closed.insert(key, only);
    }
    unexplained(&closed, &moved, warnings);
    closed
}

/// What the transactions of a month add up to.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) income: Decimal,
    pub(crate) burn: Decimal,
    /// Net of transfers between own accounts.
    transferred: Decimal,
    pub(crate) sources: BTreeSet<String>,
}

/// The sums of the transactions, up to a day if one is given.
pub(crate) fn moved(book: &Book, until: Option<NaiveDate>) -> BTreeMap<(Month, Currency), Moved> {
    let mut by_month: BTreeMap<(Month, Currency), Moved> = BTreeMap::new();
    for flow in &book.flows {
        if until.is_some_and(|day| flow.date > day) {
            continue;
        }
        let moved = by_month
            .entry((Month::of(flow.date), flow.currency))
            .or_default();
        match (flow.category.as_str(), flow.direction) {
            (TRANSFER, Direction::In) => moved.transferred += flow.amount,
            (TRANSFER, Direction::Out) => moved.transferred -= flow.amount,
            (_, Direction::In) => moved.income += flow.amount,
            (_, Direction::Out) => moved.burn += flow.amount,
        }
        if !moved.sources.contains(&flow.source) {
            moved.sources.insert(flow.source.clone());
        }
    }
    by_month
}

/// A closed month and its transactions must say the same; which of them is right is not ours to decide.
fn disagrees(month: &CashMonth, moved: &Moved) -> Option<Warning> {
    let itemised = !(moved.income.is_zero() && moved.burn.is_zero());
    if !itemised || (month.income, month.burn) == (moved.income, moved.burn) {
        return None;
    }
    let show = |amount| written(amount, month.currency);
    let message = format!(
        "{} {}: the closed month says in {} and out {}, its transactions say in {} and out {}; the month is not counted",
        month.month,
        month.currency,
        show(month.income),
        show(month.burn),
        show(moved.income),
        show(moved.burn)
    );
    let mut sources = vec![month.source.clone()];
    sources.extend(moved.sources.iter().cloned());
    Some(Warning::about("contradiction", sources, message))
}

/// Balances of two months in a row must differ by what came in and went out.
fn unexplained(
    closed: &Closed<'_>,
    moved: &BTreeMap<(Month, Currency), Moved>,
    warnings: &mut Vec<Warning>,
) {
    for ((month, currency), note) in closed {
        let Some(before) = closed.get(&(month.plus(-1), *currency)) else {
            continue;
        };
        let transferred = moved
            .get(&(*month, *currency))
            .map_or(Decimal::ZERO, |moved| moved.transferred);
        let explained = note.income - note.burn + transferred;
        let changed = note.balance - before.balance;
        if changed != explained {
            let message = format!(
                "{currency} changed by {} in {month}; income, burn and transfers explain {}",
                written(changed, *currency),
                written(explained, *currency)
            );
            let sources = vec![before.source.clone(), note.source.clone()];
            warnings.push(Warning::about("unexplained_change", sources, message));
        }
    }
}
