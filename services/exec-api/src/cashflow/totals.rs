//! Each month and currency as a whole.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::answer::{MonthTotal, State};
use super::forecast::Expected;
use super::question::Question;
use super::rows::{Key, Ledgers};
use crate::book::{Book, Direction};
use crate::money::written;

/// The months of the question's range that anything is known about.
pub(super) fn months(
    book: &Book,
    question: &Question,
    ledgers: &Ledgers<'_>,
    forecast: &[Expected],
) -> Vec<MonthTotal> {
    let mut keys: BTreeSet<Key> = ledgers
        .moved
        .keys()
        .chain(ledgers.closed.keys())
        .copied()
        .collect();
    keys.extend(forecast.iter().map(|line| line.key));
    keys.extend(book.plans.iter().map(|line| (line.month, line.currency)));
    let asked = keys.into_iter().filter(|key| question.wants(key.0, key.1));
    asked
        .map(|key| month(book, key, ledgers, forecast))
        .collect()
}

fn month(book: &Book, key: Key, ledgers: &Ledgers<'_>, forecast: &[Expected]) -> MonthTotal {
    let state = ledgers.state(key);
    let sums = match state {
        State::Closed | State::Open => ledgers.sums(key),
        State::Forecast => expected(key, forecast),
    };
    let show = |amount: Decimal| written(amount, key.1);
    let planned = |direction| {
        let lines = book
            .plans
            .iter()
            .filter(|line| (line.month, line.currency) == key);
        let mut lines = lines.filter(|line| line.direction == direction).peekable();
        lines
            .peek()
            .is_some()
            .then(|| show(lines.map(|line| line.amount).sum()))
    };
    MonthTotal {
        month: key.0,
        currency: key.1,
        state,
        income: sums.map(|(income, _)| show(income)),
        burn: sums.map(|(_, burn)| show(burn)),
        net: sums.map(|(income, burn)| show(income - burn)),
        planned_income: planned(Direction::In),
        planned_burn: planned(Direction::Out),
        sources: sources(book, key, ledgers, forecast),
    }
}

fn expected(key: Key, forecast: &[Expected]) -> Option<(Decimal, Decimal)> {
    let mine: Vec<_> = forecast.iter().filter(|line| line.key == key).collect();
    let sum = |direction| {
        mine.iter()
            .filter(|line| line.direction == direction)
            .map(|line| line.amount)
            .sum()
    };
    (!mine.is_empty()).then(|| (sum(Direction::In), sum(Direction::Out)))
}

fn sources(book: &Book, key: Key, ledgers: &Ledgers<'_>, forecast: &[Expected]) -> Vec<String> {
    let mut sources: BTreeSet<String> = BTreeSet::new();
    sources.extend(ledgers.closed.get(&key).map(|note| note.source.clone()));
    sources.extend(
        ledgers
            .moved
            .get(&key)
            .into_iter()
            .flat_map(|moved| moved.sources.iter().cloned()),
    );
    sources.extend(
        forecast
            .iter()
            .filter(|line| line.key == key)
            .flat_map(|line| line.sources.iter().cloned()),
    );
    let planned = book
        .plans
        .iter()
        .filter(|line| (line.month, line.currency) == key);
    sources.extend(planned.map(|line| line.source.clone()));
    sources.into_iter().collect()
}
