//! What came in and went out by month, category or counterparty; actual beside plan; and what is to be expected.
//!
//! In: a [`Book`], a [`Question`]. Out: [`Cashflow`] with its sources. Never: floats, the system clock, HTTP, two
//! currencies in one figure.

mod answer;
mod forecast;
mod question;
mod rows;
#[cfg(test)]
mod tests;
mod totals;

pub(crate) use answer::{Basis, Cashflow};
pub(crate) use question::{Group, PARAMS, Question};

use crate::book::{Book, closed};
use crate::schema;
use crate::warning::{each_once, sorted};
use rows::Ledgers;

/// The kinds of notes that the answer is made from.
const KINDS: [&schema::Entity; 4] = [
    &schema::CASH_MONTH,
    &schema::CASH_PLAN,
    &schema::LEDGER,
    &schema::TRANSACTION,
];

/// Answers.
pub(crate) fn cashflow(book: &Book, question: &Question) -> Cashflow {
    let mut warnings = book.faults(&KINDS);
    let closed = closed(book, question.as_of, &mut warnings);
    let ledgers = Ledgers::read(book, question, &closed);
    let forecast = forecast::lines(book, question, &ledgers);
    let months = totals::months(book, question, &ledgers, &forecast);
    let mut rows = ledgers.rows(book, question);
    if question.group != Group::Counterparty {
        rows.extend(forecast::rows(&forecast, question));
    }
    rows.sort_by(|a, b| a.place().cmp(&b.place()));
    let paths = months.iter().flat_map(|month| &month.sources);
    let paths = paths.chain(rows.iter().flat_map(|row| &row.sources));
    let sources = each_once(paths.map(String::as_str));
    Cashflow {
        as_of: question.as_of,
        from: question.from,
        to: question.to,
        group: question.group,
        months,
        rows,
        warnings: sorted(warnings),
        sources,
    }
}
