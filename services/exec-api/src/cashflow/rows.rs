//! What happened, month by month.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{Basis, FlowRow, State};
use super::question::{Group, Question};
use crate::book::{Book, CashMonth, Closed, Direction, Flow, Moved, TRANSFER, moved};
use crate::calendar::Month;
use crate::money::{Currency, written};
use crate::schema;

/// The key of what a closed month states without transactions.
const NOT_ITEMISED: &str = "(not itemised)";

/// A month of a currency.
pub(super) type Key = (Month, Currency);

/// Everything that is known about the months up to the question's day.
pub(super) struct Ledgers<'a> {
    question: &'a Question,
    /// Closed months that can be counted.
    pub(super) closed: &'a Closed<'a>,
    /// Months whose closed note is there and cannot be counted.
    contradicted: Vec<Key>,
    /// Sums of the transactions up to the day.
    pub(super) moved: BTreeMap<Key, Moved>,
    /// The transactions up to the day, transfers aside.
    pub(super) flows: BTreeMap<Key, Vec<&'a Flow>>,
    book: &'a Book,
}

/// A sum with its notes.
#[derive(Debug, Default)]
struct Part {
    amount: Decimal,
    sources: Vec<String>,
}

impl<'a> Ledgers<'a> {
    /// Sorts the book by months.
    pub(super) fn read(book: &'a Book, question: &'a Question, closed: &'a Closed<'a>) -> Self {
        let as_of = question.as_of;
        let mut flows: BTreeMap<Key, Vec<&Flow>> = BTreeMap::new();
        for flow in &book.flows {
            if flow.date <= as_of && flow.category != TRANSFER {
                flows
                    .entry((Month::of(flow.date), flow.currency))
                    .or_default()
                    .push(flow);
            }
        }
        let stated = book
            .months
            .iter()
            .filter(|month| month.closed.is_some_and(|day| day <= as_of));
        let stated = stated.map(|month| (month.month, month.currency));
        Self {
            question,
            contradicted: stated.filter(|key| !closed.contains_key(key)).collect(),
            closed,
            moved: moved(book, Some(as_of)),
            flows,
            book,
        }
    }

    /// How final a month is.
    pub(super) fn state(&self, key: Key) -> State {
        if self.closed.contains_key(&key) {
            State::Closed
        } else if key.0 <= Month::of(self.question.as_of) {
            State::Open
        } else {
            State::Forecast
        }
    }

    /// What came in and went out, or `None` when it cannot be told.
    pub(super) fn sums(&self, key: Key) -> Option<(Decimal, Decimal)> {
        if let Some(month) = self.closed.get(&key) {
            return Some((month.income, month.burn));
        }
        let lost = |kind| self.book.lost_in(kind, key.0);
        if lost(&schema::LEDGER) || lost(&schema::TRANSACTION) || self.contradicted.contains(&key) {
            return None;
        }
        let moved = self.moved.get(&key)?;
        Some((moved.income, moved.burn))
    }

    /// The rows that the question asks for.
    pub(super) fn rows(&self, book: &Book, question: &Question) -> Vec<FlowRow> {
        let mut parts: BTreeMap<(Key, Direction, String), Part> = BTreeMap::new();
        for (key, flows) in &self.flows {
            for flow in flows.iter().filter(|flow| wants(question, *key, flow)) {
                let name = name(question.group, flow);
                let part = parts.entry((*key, flow.direction, name)).or_default();
                part.amount += flow.amount;
                part.sources.push(flow.source.clone());
            }
        }
        let plain = question.category.is_none() && question.counterparty.is_none();
        for (key, month) in self.closed.iter().filter(|_| plain) {
            if question.wants(key.0, key.1) && !self.flows.contains_key(key) {
                not_itemised(question, *key, month, &mut parts);
            }
        }
        let rows = parts.into_iter().map(|((key, direction, name), mut part)| {
            part.sources.sort();
            part.sources.dedup();
            let intended = planned(book, question.group, key, direction, &name);
            FlowRow {
                month: key.0,
                currency: key.1,
                direction,
                key: name,
                basis: Basis::Actual,
                amount: written(part.amount, key.1),
                plan: intended.map(|plan| written(plan, key.1)),
                difference: intended.map(|plan| written(part.amount - plan, key.1)),
                sources: part.sources,
            }
        });
        rows.collect()
    }
}

fn wants(question: &Question, key: Key, flow: &Flow) -> bool {
    let same = |only: &Option<String>, text: Option<&str>| {
        only.as_deref().is_none_or(|only| text == Some(only))
    };
    question.wants(key.0, key.1)
        && question.direction.is_none_or(|only| only == flow.direction)
        && same(&question.category, Some(&flow.category))
        && same(&question.counterparty, flow.counterparty.as_deref())
}

fn name(group: Group, flow: &Flow) -> String {
    match group {
        Group::Month => "(all)".to_owned(),
        Group::Category => flow.category.clone(),
        Group::Counterparty => flow
            .counterparty
            .clone()
            .unwrap_or_else(|| "(none)".to_owned()),
    }
}

fn not_itemised(
    question: &Question,
    key: Key,
    month: &CashMonth,
    parts: &mut BTreeMap<(Key, Direction, String), Part>,
) {
    for (direction, amount) in [(Direction::In, month.income), (Direction::Out, month.burn)] {
        if question.direction.is_none_or(|only| only == direction) {
            let name = match question.group {
                Group::Month => "(all)",
                Group::Category | Group::Counterparty => NOT_ITEMISED,
            };
            let sources = vec![month.source.clone()];
            parts.insert((key, direction, name.to_owned()), Part { amount, sources });
        }
    }
}

/// What was planned for a part. Plans know no counterparties.
fn planned(
    book: &Book,
    group: Group,
    key: Key,
    direction: Direction,
    name: &str,
) -> Option<Decimal> {
    let lines = book
        .plans
        .iter()
        .filter(|line| (line.month, line.currency) == key);
    let mut lines = lines.filter(|line| line.direction == direction).peekable();
    match group {
        Group::Counterparty => None,
        Group::Month => lines
            .peek()
            .is_some()
            .then(|| lines.map(|line| line.amount).sum()),
        Group::Category => {
            let mut mine = lines.filter(|line| line.category == name).peekable();
            mine.peek()
                .is_some()
                .then(|| mine.map(|line| line.amount).sum())
        }
    }
}
