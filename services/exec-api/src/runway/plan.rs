//! What a scenario adds to the burn: the hiring plan, more hires, a change of income.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::PlannedHire;
use super::outlook::Part;
use super::question::{Hiring, Question};
use crate::book::{self, Book};
use crate::calendar::Month;
use crate::money::rounded;
use crate::refusal::Refusal;
use crate::warning::{Warning, said};

/// What a scenario adds to the burn.
#[derive(Debug, Default)]
pub(super) struct Plan {
    hires: Vec<Hire>,
    /// In percent.
    revenue_change: Decimal,
    revenue_from: Option<Month>,
    /// A cost could not be read or converted: no outlook.
    pub(super) incomplete: bool,
    pub(super) listed: Vec<PlannedHire>,
}

#[derive(Debug)]
struct Hire {
    /// `None` starts at once.
    start: Option<NaiveDate>,
    monthly: Decimal,
}

impl Plan {
    /// The scenario of a question.
    ///
    /// # Errors
    /// [`Refusal`] when nothing says what a hire costs.
    pub(super) fn make(
        book: &Book,
        question: &Question,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Refusal> {
        let mut plan = Self {
            revenue_change: question.revenue_change,
            revenue_from: question.revenue_from,
            ..Self::default()
        };
        let planned = plan.positions(book, question, warnings);
        if question.hires > 0 {
            let average = || {
                let sum: Decimal = planned.iter().sum();
                sum.checked_div(Decimal::from(planned.len()))
            };
            let needed =
                "is needed: the vault's hiring plan has no open position to take an average of.";
            let cost = question.hire_cost.or_else(average);
            let cost = cost.ok_or_else(|| Refusal::parameter("hire_cost", needed))?;
            plan.hires.push(Hire {
                start: question.hire_from.map(Month::first_day),
                monthly: rounded(cost, question.currency) * Decimal::from(question.hires),
            });
        }
        Ok(plan)
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(|hire| hire.source.as_str())
    }

    /// Takes the hiring plan in, and gives the costs of its positions.
    fn positions(
        &mut self,
        book: &Book,
        question: &Question,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Decimal> {
        let mut costs = Vec::new();
        for position in book.positions.iter().filter(|position| position.is_ahead()) {
            if question.hiring == Hiring::Plan {
                self.listed.push(listed(position));
                if position.start <= question.as_of {
                    let (id, start) = (&position.id, position.start);
                    let message = said(
                        format!(
                            "{id} was to start on {start} and is not filled; it starts at once"
                        ),
                        format!(
                            "{id}은(는) {start}에 시작할 자리였지만 비어 있어 지금 시작하는 것으로 셉니다"
                        ),
                    );
                    warnings.push(Warning::new("late_position", &position.source, message));
                }
            }
            match book.convert(
                position.cost,
                position.currency,
                question.currency,
                question.as_of,
            ) {
                Ok(converted) => {
                    costs.push(converted.amount);
                    if question.hiring == Hiring::Plan {
                        self.hires.push(Hire {
                            start: Some(position.start),
                            monthly: converted.amount,
                        });
                    }
                }
                Err(warning) if question.hiring == Hiring::Plan => {
                    self.incomplete = true;
                    warnings.push(warning);
                }
                Err(_) => (),
            }
        }
        if question.hiring == Hiring::Plan && book.lost(&crate::schema::POSITION) {
            let message = said(
                "a position cannot be read; the outlook lacks its cost",
                "읽을 수 없는 자리가 있어 전망에 그 비용이 빠졌습니다",
            );
            let sources = book.lost_notes(&crate::schema::POSITION);
            let sources = sources.into_iter().map(str::to_owned).collect();
            warnings.push(Warning::about("incomplete_plan", sources, message));
            self.incomplete = true;
        }
        costs
    }

    /// What the hires cost in a part of a month.
    pub(super) fn cost(&self, part: &Part) -> Decimal {
        let share = |hire: &Hire| {
            let from = hire.start.map_or(part.first, |start| start.max(part.first));
            if from > part.last {
                return Decimal::ZERO;
            }
            let days = (part.last - from).num_days() + 1;
            hire.monthly * Decimal::from(days) / Decimal::from(part.days_of_month)
        };
        self.hires.iter().map(share).sum()
    }

    pub(super) fn income(&self, average: Decimal, month: Month) -> Decimal {
        if self.revenue_from.is_some_and(|from| month < from) {
            return average;
        }
        average + average * self.revenue_change / Decimal::ONE_HUNDRED
    }
}

fn listed(position: &book::Position) -> PlannedHire {
    PlannedHire {
        position: position.id.clone(),
        team: position.team.clone(),
        role: position.role.clone(),
        start: position.start,
        source: position.source.clone(),
    }
}
