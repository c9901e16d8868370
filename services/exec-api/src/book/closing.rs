//! Closed months, held against each other and against their transactions.
//!
//! In: a [`Book`], a day. Out: the months that can be counted, and a warning for each that cannot.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Book, CashMonth, Direction, TRANSFER};
use crate::calendar::Month;
use crate::money::{Currency, written};
use crate::warning::{Warning, said};

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
            let message = said(
                format!(
                    "more than one closed note for {} in {}; keep one",
                    key.0, key.1
                ),
                format!(
                    "{}의 {} 마감 노트가 둘 이상입니다. 하나만 남기세요",
                    key.0, key.1
                ),
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
    let (says_in, says_out) = (show(month.income), show(month.burn));
    let (moved_in, moved_out) = (show(moved.income), show(moved.burn));
    let (day, currency) = (month.month, month.currency);
    let message = said(
        format!(
            "{day} {currency}: the closed month says in {says_in} and out {says_out}, its transactions say in {moved_in} and out {moved_out}; the month is not counted"
        ),
        format!(
            "{day} {currency}: 마감 노트는 수입 {says_in}, 지출 {says_out}, 거래는 수입 {moved_in}, 지출 {moved_out}이라고 합니다. 이 달은 세지 않았습니다"
        ),
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
            let (changed, explained) = (written(changed, *currency), written(explained, *currency));
            let message = said(
                format!(
                    "{currency} changed by {changed} in {month}; income, burn and transfers explain {explained}"
                ),
                format!(
                    "{month}에 {currency} 잔액이 {changed} 변했지만 수입, 지출, 이체로 설명되는 것은 {explained}입니다"
                ),
            );
            let sources = vec![before.source.clone(), note.source.clone()];
            warnings.push(Warning::about("unexplained_change", sources, message));
        }
    }
}
