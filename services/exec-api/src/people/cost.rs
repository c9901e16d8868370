//! What people cost, without telling what one of them earns.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::{CostState, Group};
use super::question::Question;
use crate::book::{Book, Pay, Person};
use crate::figure::Figure;
use crate::money::Currency;
use crate::schema;
use crate::warning::{Warning, said};

/// Fewest people whose cost together is told without asking for salaries.
const FEWEST: usize = 3;

/// Everybody's pay, and how much of it may be told.
pub(super) struct Costs<'a> {
    by_person: BTreeMap<&'a str, Vec<&'a Pay>>,
    /// A pay note cannot be read: whose it is, nobody knows.
    lost: bool,
    salaries: bool,
}

/// The cost of some people.
pub(super) struct Cost {
    pub(super) cost: Vec<Figure>,
    pub(super) state: CostState,
}

impl<'a> Costs<'a> {
    pub(super) fn new(book: &'a Book, question: &Question) -> Self {
        let mut by_person: BTreeMap<&str, Vec<&Pay>> = BTreeMap::new();
        for pay in &book.pay {
            by_person.entry(&pay.person).or_default().push(pay);
        }
        Self {
            by_person,
            lost: book.lost(&schema::COMPENSATION),
            salaries: question.salaries,
        }
    }

    /// What a person costs on a day.
    pub(super) fn of(&self, person: &Person, day: NaiveDate) -> Option<&'a Pay> {
        let mine = self.by_person.get(person.id.as_str())?;
        mine.iter()
            .filter(|pay| pay.from <= day)
            .max_by_key(|pay| pay.from)
            .copied()
    }

    /// The notes behind the cost of people.
    pub(super) fn sources<'b>(
        &'b self,
        people: &'b [&Person],
        day: NaiveDate,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        people
            .iter()
            .filter_map(move |person| self.of(person, day))
            .map(|pay| pay.source.as_str())
    }

    /// The cost of people together.
    pub(super) fn total(
        &self,
        people: &[&Person],
        day: NaiveDate,
        warnings: &mut Vec<Warning>,
    ) -> Cost {
        self.sum(
            people,
            day,
            !self.salaries && (1..FEWEST).contains(&people.len()),
            warnings,
        )
    }

    fn sum(
        &self,
        people: &[&Person],
        day: NaiveDate,
        withheld: bool,
        warnings: &mut Vec<Warning>,
    ) -> Cost {
        let none = |state| Cost {
            cost: Vec::new(),
            state,
        };
        let unknown: Vec<_> = people
            .iter()
            .filter(|person| self.of(person, day).is_none())
            .collect();
        for person in &unknown {
            let message = said(
                format!("no Compensation note of {} on or before {day}", person.id),
                format!("{day}까지 {}의 Compensation 노트가 없습니다", person.id),
            );
            warnings.push(Warning::new("no_cost", &person.source, message));
        }
        if withheld {
            return none(CostState::Withheld);
        }
        if self.lost || !unknown.is_empty() {
            return none(CostState::Incomplete);
        }
        let mut sums: BTreeMap<Currency, (Decimal, Vec<String>)> = BTreeMap::new();
        for pay in people.iter().filter_map(|person| self.of(person, day)) {
            let sum = sums.entry(pay.currency).or_default();
            sum.0 += pay.cost;
            sum.1.push(pay.source.clone());
        }
        let figures = sums
            .into_iter()
            .map(|(currency, (amount, sources))| Figure::new(amount, currency, day, sources));
        Cost {
            cost: figures.collect(),
            state: CostState::Complete,
        }
    }

    /// People by a name they share. Groups of fewer than three are withheld, and so many others with them that the
    /// total does not give them away.
    pub(super) fn groups<'b>(
        &self,
        people: &[&'b Person],
        day: NaiveDate,
        name: impl Fn(&'b Person) -> &'b str,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Group> {
        let mut groups: BTreeMap<&str, Vec<&Person>> = BTreeMap::new();
        for &person in people {
            groups.entry(name(person)).or_default().push(person);
        }
        let sizes: Vec<(&str, usize)> = groups
            .iter()
            .map(|(name, people)| (*name, people.len()))
            .collect();
        let withheld = if self.salaries {
            BTreeSet::new()
        } else {
            withheld(&sizes)
        };
        let group = |(name, people): (&str, Vec<&Person>)| {
            let cost = self.sum(&people, day, withheld.contains(name), warnings);
            Group {
                name: name.to_owned(),
                headcount: people.len(),
                cost: cost.cost,
                cost_state: cost.state,
            }
        };
        groups.into_iter().map(group).collect()
    }
}

/// The groups whose cost is not told: the small ones, and then the next larger ones until three people are among them.
pub(super) fn withheld<'a>(sizes: &[(&'a str, usize)]) -> BTreeSet<&'a str> {
    let mut by_size = sizes.to_vec();
    by_size.sort_by_key(|(name, size)| (*size, *name));
    let (mut names, mut among) = (BTreeSet::new(), 0);
    for (name, size) in by_size {
        if size >= FEWEST && (names.is_empty() || among >= FEWEST) {
            break;
        }
        names.insert(name);
        among += size;
    }
    names
}
