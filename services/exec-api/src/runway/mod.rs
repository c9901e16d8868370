//! How long the cash lasts: cash by account and currency, burn, and the day the cash ends, plain and under a scenario.
//!
//! In: a [`Book`], a [`Question`]. Out: [`Runway`] with its sources. Never: floats, the system clock, HTTP, a currency
//! added without a rate.

mod answer;
mod burn;
mod cash;
mod outlook;
mod plan;
mod question;
#[cfg(test)]
mod tests;

pub(crate) use answer::Runway;
use answer::ScenarioAsked;
pub(crate) use question::{PARAMS, Question};

use crate::book::Book;
use crate::refusal::Refusal;
use crate::schema;
use crate::warning::{Warning, each_once, said, sorted};
use burn::Months;
use outlook::Outlook;
use plan::Plan;

/// The kinds of notes that the answer is made from.
const KINDS: [&schema::Entity; 7] = [
    &schema::CASH_ACCOUNT,
    &schema::CASH_BALANCE,
    &schema::CASH_MONTH,
    &schema::EXCHANGE_RATE,
    &schema::LEDGER,
    &schema::POSITION,
    &schema::TRANSACTION,
];

/// Answers.
///
/// # Errors
/// [`Refusal`] when more people are asked for and nothing says what they cost.
pub(crate) fn runway(book: &Book, question: &Question) -> Result<Runway, Refusal> {
    let mut warnings = book.faults(&KINDS);
    let months = Months::read(book, question.currency, question.as_of, &mut warnings);
    let cash = cash::position(book, question, &mut warnings);
    let plan = Plan::make(book, question, &mut warnings)?;
    let burn = months.averages(question);
    let base = Outlook::of(&cash, burn.asked.as_ref(), &Plan::default(), question);
    let scenario = Outlook::of(&cash, burn.asked.as_ref(), &plan, question);
    let paths = cash.sources().chain(burn.sources()).chain(plan.sources());
    let sources = each_once(paths);
    if let Some(late) = months.late(question.as_of) {
        let message = said(
            format!("the books of {late} and later are not closed; the burn is that old"),
            format!("{late}부터 마감되지 않아 지출이 그만큼 오래된 것입니다"),
        );
        warnings.push(Warning::about("open_months", Vec::new(), message));
    }
    Ok(Runway {
        as_of: question.as_of,
        currency: question.currency,
        asked: ScenarioAsked::of(question),
        cash: cash.answer,
        burn: burn.answer,
        open_months: months.open(question.as_of),
        hiring_plan: plan.listed,
        base,
        scenario,
        warnings: sorted(warnings),
        sources,
    })
}
