//! A range in one value, beside the range before.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::catalogue::Aggregate;
use super::provider::Measured;
use super::question::Question;

/// The range in one value, and the same periods one range earlier in one value. Periods that are not over are left out
/// of both when others are there, so that a sum of half a day is not held against a whole one.
pub(super) fn compared(
    question: &Question,
    values: &BTreeMap<NaiveDate, Measured>,
) -> (Option<Decimal>, Option<Decimal>) {
    let now: Vec<&Measured> = values.range(question.from..).map(|(_, one)| one).collect();
    let over: Vec<&Measured> = now.iter().copied().filter(|one| one.complete).collect();
    let used = if over.is_empty() { now } else { over };
    let back = -question.interval.count(question.from, question.to);
    let before = used
        .iter()
        .map(|one| values.get(&question.interval.plus(one.start, back)));
    let before: Option<Vec<&Measured>> = before.collect();
    let together = |values: &[&Measured]| together(question.kpi.aggregate, values);
    (together(&used), before.and_then(|before| together(&before)))
}

fn together(aggregate: Aggregate, values: &[&Measured]) -> Option<Decimal> {
    let sum: Decimal = values.iter().map(|one| one.value).sum();
    match aggregate {
        Aggregate::Sum => (!values.is_empty()).then_some(sum),
        Aggregate::Mean => sum.checked_div(Decimal::from(values.len())),
        Aggregate::Last => values.last().map(|one| one.value),
    }
}
