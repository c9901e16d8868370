//! Everything that the vault's notes state, read once for each snapshot.
//!
//! In: a snapshot. Out: [`Book`]: typed entries with their sources, and what could not be read. Never: totals.

mod closing;
mod entries;
mod faults;
mod rates;
mod staff;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use loop_vault::{Note, Snapshot};

use crate::calendar::Month;
use crate::schema::read::{Row, row};
use crate::schema::{self, ENTITIES, Entity};
use crate::warning::{Warning, said, sorted};

pub(crate) use closing::{Closed, Moved, closed, moved};
use entries::missing;
pub(crate) use entries::{Account, Balance, CashMonth, Direction, Flow, PlanLine, Rate};
pub(crate) use staff::{Pay, Person, Position};

use faults::{Fault, broken, month, unique};

/// The category that counts nowhere: money between own accounts.
pub(crate) const TRANSFER: &str = "transfer";

/// The entries of a vault.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) accounts: Vec<Account>,
    pub(crate) balances: Vec<Balance>,
    pub(crate) months: Vec<CashMonth>,
    pub(crate) flows: Vec<Flow>,
    pub(crate) plans: Vec<PlanLine>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) people: Vec<Person>,
    pub(crate) pay: Vec<Pay>,
    pub(crate) positions: Vec<Position>,
    /// What is wrong with single notes.
    faults: Vec<Fault>,
}

impl Book {
    /// Reads every note of a snapshot.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let mut book = Self::default();
        for note in snapshot.notes() {
            book.take(note);
        }
        book.drop_twins();
        book
    }

    /// The faults of these kinds of notes, and of notes whose kind cannot be told.
    pub(crate) fn faults(&self, kinds: &[&Entity]) -> Vec<Warning> {
        let concerns = |fault: &&Fault| {
            fault
                .kind
                .is_none_or(|name| kinds.iter().any(|kind| kind.name == name))
        };
        let found = self.faults.iter().filter(concerns);
        sorted(found.map(|fault| fault.warning.clone()).collect())
    }

    /// Whether a note of this kind could not be counted, so that a total over all of them would be wrong.
    pub(crate) fn lost(&self, kind: &Entity) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.kind == Some(kind.name))
    }

    /// Whether one that is about this month, or about nobody knows which, could not be counted.
    pub(crate) fn lost_in(&self, kind: &Entity, month: Month) -> bool {
        let about = |fault: &Fault| fault.month.is_none_or(|about| about == month);
        self.faults
            .iter()
            .any(|fault| fault.kind == Some(kind.name) && about(fault))
    }

    /// The paths of the notes of this kind that could not be counted.
    pub(crate) fn lost_notes(&self, kind: &Entity) -> BTreeSet<&str> {
        let mine = self
            .faults
            .iter()
            .filter(|fault| fault.kind == Some(kind.name));
        mine.flat_map(|fault| fault.warning.sources.iter().map(String::as_str))
            .collect()
    }

    fn take(&mut self, note: &Note) {
        let source = note.path.as_str();
        let properties = &note.frontmatter.to_map();
        let named = properties.get("entity_type").and_then(|name| name.as_str());
        let entity = named.and_then(|name| ENTITIES.iter().find(|kind| kind.name == name.trim()));
        let fault = |warning| Fault {
            kind: entity.map(|kind| kind.name),
            month: month(properties),
            warning,
        };
        if let Some(broken) = broken(note) {
            // A note of another kind is none of our business, however broken.
            if entity.is_some() || named.is_none() {
                self.faults.push(fault(broken));
            }
            return;
        }
        let Some(entity) = entity else { return };
        let taken = row(entity, source, properties).and_then(|row| {
            self.add(entity, source, &note.title, &row)
                .map_err(|warning| vec![warning])
        });
        if let Err(warnings) = taken {
            self.faults.extend(warnings.into_iter().map(fault));
        }
    }

    fn add(
        &mut self,
        entity: &Entity,
        source: &str,
        title: &str,
        row: &Row,
    ) -> Result<(), Warning> {
        let lost = || missing(source);
        match entity.name {
            name if name == schema::CASH_ACCOUNT.name => {
                self.accounts
                    .push(Account::of(source, title, row).ok_or_else(lost)?);
            }
            name if name == schema::CASH_BALANCE.name => {
                self.balances
                    .push(Balance::of(source, row).ok_or_else(lost)?);
            }
            name if name == schema::CASH_MONTH.name => {
                self.months.push(CashMonth::of(source, row)?);
            }
            name if name == schema::TRANSACTION.name => {
                let currency = row.currency("currency").ok_or_else(lost)?;
                self.flows
                    .push(Flow::of(source, currency, row).ok_or_else(lost)?);
            }
            name if name == schema::LEDGER.name => {
                self.flows.extend(Flow::of_ledger(source, row)?);
            }
            name if name == schema::CASH_PLAN.name => {
                self.plans.extend(PlanLine::of(source, row)?);
            }
            name if name == schema::EXCHANGE_RATE.name => {
                self.rates.push(Rate::of(source, row)?);
            }
            name if name == schema::PERSON.name => {
                self.people.push(Person::of(source, title, row)?);
            }
            name if name == schema::COMPENSATION.name => {
                self.pay.push(Pay::of(source, row).ok_or_else(lost)?);
            }
            _ => self
                .positions
                .push(Position::of(source, row).ok_or_else(lost)?),
        }
        Ok(())
    }

    /// Two notes that state one thing: neither is used when they cannot both be right.
    fn drop_twins(&mut self) {
        self.drop_named_twins();
        let faults = &mut self.faults;
        unique(&mut self.pay, schema::COMPENSATION.name, faults, |pay| {
            let what = said(
                format!("pay of {} from {}", pay.person, pay.from),
                format!("{}의 {}부터의 급여", pay.person, pay.from),
            );
            ((pay.person.clone(), pay.from), pay.source.clone(), what)
        });
        unique(
            &mut self.rates,
            schema::EXCHANGE_RATE.name,
            faults,
            |rate| {
                let what = said(
                    format!("{}/{} on {}", rate.base, rate.quote, rate.date),
                    format!("{}의 {}/{} 환율", rate.date, rate.base, rate.quote),
                );
                (
                    (rate.base, rate.quote, rate.date),
                    rate.source.clone(),
                    what,
                )
            },
        );
        unique(
            &mut self.balances,
            schema::CASH_BALANCE.name,
            faults,
            |balance| {
                let what = said(
                    format!("balance of {} on {}", balance.account, balance.date),
                    format!("{}의 {} 잔액", balance.account, balance.date),
                );
                (
                    (balance.account.clone(), balance.date),
                    balance.source.clone(),
                    what,
                )
            },
        );
    }

    /// The same for what is called by an id.
    fn drop_named_twins(&mut self) {
        let faults = &mut self.faults;
        unique(
            &mut self.accounts,
            schema::CASH_ACCOUNT.name,
            faults,
            |account| {
                (
                    account.id.clone(),
                    account.source.clone(),
                    said(
                        format!("account {}", account.id),
                        format!("계좌 {}", account.id),
                    ),
                )
            },
        );
        unique(&mut self.people, schema::PERSON.name, faults, |person| {
            (
                person.id.clone(),
                person.source.clone(),
                said(
                    format!("person {}", person.id),
                    format!("사람 {}", person.id),
                ),
            )
        });
        unique(
            &mut self.positions,
            schema::POSITION.name,
            faults,
            |position| {
                (
                    position.id.clone(),
                    position.source.clone(),
                    said(
                        format!("position {}", position.id),
                        format!("자리 {}", position.id),
                    ),
                )
            },
        );
    }
}
