//! What is to be expected: the plan where there is one, else the average of the last closed months.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{Basis, FlowRow};
use super::question::{Group, Question};
use super::rows::{Key, Ledgers};
use crate::book::{Book, Direction};
use crate::calendar::Month;
use crate::money::{Currency, rounded, written};

/// How many closed months are averaged at most.
const AVERAGED: usize = 3;

/// One expected part of a month.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) key: Key,
    pub(super) direction: Direction,
    category: String,
    pub(super) amount: Decimal,
    basis: Basis,
    pub(super) sources: Vec<String>,
}

/// Every expected part of the months after the question's day.
pub(super) fn lines(book: &Book, question: &Question, ledgers: &Ledgers<'_>) -> Vec<Expected> {
    let first = Month::of(question.as_of).plus(1).max(question.from);
    let known = ledgers.closed.keys().map(|(_, currency)| *currency);
    let planned = book.plans.iter().map(|line| line.currency);
    let currencies: std::collections::BTreeSet<Currency> = known.chain(planned).collect();
    let mut expected = Vec::new();
    for currency in currencies {
        let average = average(currency, ledgers);
        for month in first.through(question.to) {
            let key = (month, currency);
            if !question.wants(month, currency) {
                continue;
            }
            let before = expected.len();
            expected.extend(plan(book, key));
            if expected.len() == before {
                expected.extend(average.iter().map(|(part, amount)| Expected {
                    key,
                    direction: part.0,
                    category: part.1.clone(),
                    amount: *amount,
                    basis: Basis::Average,
                    sources: ledgers.averaged_sources(currency),
                }));
            }
        }
    }
    expected
}

fn plan(book: &Book, key: Key) -> Vec<Expected> {
    let mut parts: BTreeMap<(Direction, &str), (Decimal, Vec<String>)> = BTreeMap::new();
    for line in book
        .plans
        .iter()
        .filter(|line| (line.month, line.currency) == key)
    {
        let part = parts.entry((line.direction, &line.category)).or_default();
        part.0 += line.amount;
        part.1.push(line.source.clone());
    }
    let expected = parts
        .into_iter()
        .map(|((direction, category), (amount, sources))| Expected {
            key,
            direction,
            category: category.to_owned(),
            amount,
            basis: Basis::Plan,
            sources,
        });
    expected.collect()
}

/// The average of each category, over the same months for all of them.
fn average(currency: Currency, ledgers: &Ledgers<'_>) -> BTreeMap<(Direction, String), Decimal> {
    let months = ledgers.averaged(currency);
    let count = Decimal::from(months.len().max(1));
    let mut sums: BTreeMap<(Direction, String), Decimal> = BTreeMap::new();
    for month in months {
        let key = (month, currency);
        if let Some(flows) = ledgers.flows.get(&key) {
            for flow in flows {
                *sums
                    .entry((flow.direction, flow.category.clone()))
                    .or_default() += flow.amount;
            }
        } else if let Some(note) = ledgers.closed.get(&key) {
            for (direction, amount) in [(Direction::In, note.income), (Direction::Out, note.burn)] {
                *sums
                    .entry((direction, "(not itemised)".to_owned()))
                    .or_default() += amount;
            }
        }
    }
    for sum in sums.values_mut() {
        *sum = rounded(*sum / count, currency);
    }
    sums
}

impl Ledgers<'_> {
    /// The last closed months of a currency, at most three.
    fn averaged(&self, currency: Currency) -> Vec<Month> {
        let mine = self.closed.keys().rev().filter(|key| key.1 == currency);
        mine.take(AVERAGED).map(|key| key.0).collect()
    }

    fn averaged_sources(&self, currency: Currency) -> Vec<String> {
        let months = self.averaged(currency);
        let mut sources: Vec<String> = Vec::new();
        for month in months {
            let key = (month, currency);
            sources.extend(self.closed.get(&key).map(|note| note.source.clone()));
            sources.extend(
                self.moved
                    .get(&key)
                    .into_iter()
                    .flat_map(|moved| moved.sources.iter().cloned()),
            );
        }
        sources.sort();
        sources.dedup();
        sources
    }
}

/// The rows that the question asks for.
pub(super) fn rows(expected: &[Expected], question: &Question) -> Vec<FlowRow> {
    let wanted = expected.iter().filter(|line| {
        question.direction.is_none_or(|only| only == line.direction)
            && question
                .category
                .as_ref()
                .is_none_or(|only| *only == line.category)
            && question.counterparty.is_none()
    });
    let mut parts: BTreeMap<(Key, Direction, String), FlowRow> = BTreeMap::new();
    let mut sums: BTreeMap<(Key, Direction, String), Decimal> = BTreeMap::new();
    for line in wanted {
        let name = match question.group {
            Group::Month => "(all)".to_owned(),
            Group::Category | Group::Counterparty => line.category.clone(),
        };
        let place = (line.key, line.direction, name.clone());
        let sum = sums.entry(place.clone()).or_default();
        *sum += line.amount;
        let amount = written(*sum, line.key.1);
        let row = parts.entry(place).or_insert_with(|| FlowRow {
            month: line.key.0,
            currency: line.key.1,
            direction: line.direction,
            key: name,
            basis: line.basis,
            amount: String::new(),
            plan: None,
            difference: None,
            sources: Vec::new(),
        });
        row.plan = (line.basis == Basis::Plan).then(|| amount.clone());
        row.amount = amount;
        row.sources.extend(line.sources.iter().cloned());
        row.sources.sort();
        row.sources.dedup();
    }
    parts.into_values().collect()
}
