//! Who works here and what it costs: by team, role and date; joins and leaves; the hiring plan.
//!
//! In: a [`Book`], a [`Question`]. Out: [`People`] with its sources. Never: one person's pay unless the question asks
//! for it, floats, the system clock, HTTP.

mod answer;
mod cost;
mod question;
#[cfg(test)]
mod tests;

pub(crate) use answer::People;
pub(crate) use question::{PARAMS, Question};

use answer::{Headcount, MonthHeadcount, Move, OpenPosition, PersonDetail};
use cost::Costs;

use crate::book::{Book, Person};
use crate::calendar::Month;
use crate::figure::Figure;
use crate::schema;
use crate::warning::{each_once, sorted};

/// The kinds of notes that the answer is made from.
const KINDS: [&schema::Entity; 3] = [&schema::PERSON, &schema::COMPENSATION, &schema::POSITION];

/// Answers.
pub(crate) fn people(book: &Book, question: &Question) -> People {
    let mut warnings = book.faults(&KINDS);
    let staff: Vec<&Person> = book
        .people
        .iter()
        .filter(|person| question.wants(&person.team, &person.role))
        .collect();
    let here: Vec<&Person> = staff
        .iter()
        .copied()
        .filter(|person| person.is_here(question.as_of))
        .collect();
    let complete = !book.lost(&schema::PERSON);
    let costs = Costs::new(book, question);
    let months = question.from.through(question.to);
    let months = months.map(|month| month_of(&staff, month, question, &costs));
    let teams = costs.groups(&here, question.as_of, |person| &person.team, &mut warnings);
    let roles = costs.groups(&here, question.as_of, |person| &person.role, &mut warnings);
    let total = costs.total(&here, question.as_of, &mut warnings);
    let paths = here.iter().map(|person| person.source.as_str());
    let paid: Vec<&str> = costs.sources(&here, question.as_of).collect();
    let plan = hiring_plan(book, question);
    let planned = plan.iter().map(|position| position.source.as_str());
    let sources = each_once(paths.chain(paid).chain(planned));
    People {
        as_of: question.as_of,
        from: question.from,
        to: question.to,
        headcount: Headcount {
            total: complete.then_some(here.len()),
            counted: here.len(),
        },
        cost: total.cost,
        cost_state: total.state,
        sources,
        teams,
        roles,
        months: months.collect(),
        joins: moves(&staff, question, |person| Some(person.joined)),
        leaves: moves(&staff, question, |person| person.left),
        each: question.salaries.then(|| details(&here, question, &costs)),
        hiring_plan: plan,
        warnings: sorted(warnings),
    }
}

fn month_of(
    staff: &[&Person],
    month: Month,
    question: &Question,
    costs: &Costs<'_>,
) -> MonthHeadcount {
    let day = month.last_day().min(question.as_of);
    let here: Vec<&Person> = staff
        .iter()
        .copied()
        .filter(|person| person.is_here(day))
        .collect();
    let total = costs.total(&here, day, &mut Vec::new());
    MonthHeadcount {
        month,
        day,
        headcount: here.len(),
        cost: total.cost,
        cost_state: total.state,
    }
}

fn moves(
    staff: &[&Person],
    question: &Question,
    day: impl Fn(&Person) -> Option<chrono::NaiveDate>,
) -> Vec<Move> {
    let mut moves: Vec<Move> = staff
        .iter()
        .filter_map(|person| {
            let day = day(person).filter(|day| *day <= question.as_of)?;
            (question.from..=question.to)
                .contains(&Month::of(day))
                .then(|| Move {
                    day,
                    person: person.name.clone(),
                    team: person.team.clone(),
                    role: person.role.clone(),
                    source: person.source.clone(),
                })
        })
        .collect();
    moves.sort_by(|a, b| (a.day, &a.source).cmp(&(b.day, &b.source)));
    moves
}

fn hiring_plan(book: &Book, question: &Question) -> Vec<OpenPosition> {
    let ahead = book
        .positions
        .iter()
        .filter(|position| position.is_ahead() && question.wants(&position.team, &position.role));
    let mut plan: Vec<OpenPosition> = ahead
        .map(|position| OpenPosition {
            position: position.id.clone(),
            team: position.team.clone(),
            role: position.role.clone(),
            start: position.start,
            status: position.status.clone(),
            monthly_cost: question.salaries.then(|| {
                let sources = vec![position.source.clone()];
                Figure::new(position.cost, position.currency, question.as_of, sources)
            }),
            source: position.source.clone(),
        })
        .collect();
    plan.sort_by(|a, b| (a.start, &a.position).cmp(&(b.start, &b.position)));
    plan
}

fn details(here: &[&Person], question: &Question, costs: &Costs<'_>) -> Vec<PersonDetail> {
    let detail = |person: &&Person| PersonDetail {
        person: person.id.clone(),
        name: person.name.clone(),
        team: person.team.clone(),
        role: person.role.clone(),
        joined: person.joined,
        left: person.left,
        monthly_cost: costs.of(person, question.as_of).map(|pay| {
            let sources = vec![pay.source.clone()];
            Figure::new(pay.cost, pay.currency, pay.from, sources)
        }),
        source: person.source.clone(),
    };
    here.iter().map(detail).collect()
}
