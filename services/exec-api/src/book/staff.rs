//! The entries about people.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::entries::missing;
use crate::money::Currency;
use crate::schema::read::Row;
use crate::warning::{Warning, said};

/// Somebody who works here, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) team: String,
    pub(crate) role: String,
    pub(crate) joined: NaiveDate,
    pub(crate) left: Option<NaiveDate>,
    pub(crate) source: String,
}

/// What a person costs in a month from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pay {
    pub(crate) person: String,
    pub(crate) from: NaiveDate,
    pub(crate) cost: Decimal,
    pub(crate) currency: Currency,
    pub(crate) source: String,
}

/// A place in the hiring plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) id: String,
    pub(crate) team: String,
    pub(crate) role: String,
    pub(crate) start: NaiveDate,
    pub(crate) cost: Decimal,
    pub(crate) currency: Currency,
    pub(crate) status: String,
    pub(crate) source: String,
}

impl Person {
    pub(super) fn of(source: &str, title: &str, row: &Row) -> Result<Self, Warning> {
        let joined = row.day("joined").ok_or_else(|| missing(source))?;
        let left = row.day("left");
        if left.is_some_and(|left| left < joined) {
            let message = said(
                "`left` lies before `joined`",
                "`left`가 `joined`보다 앞섭니다",
            );
            return Err(Warning::new("contradiction", source, message));
        }
        Ok(Self {
            id: row.text("entity_id"),
            name: title.to_owned(),
            team: row.text("team"),
            role: row.text("role"),
            joined,
            left,
            source: source.to_owned(),
        })
    }

    /// Whether the person works here on a day; the last day counts.
    pub(crate) fn is_here(&self, day: NaiveDate) -> bool {
        self.joined <= day && self.left.is_none_or(|left| day <= left)
    }
}

impl Pay {
    pub(super) fn of(source: &str, row: &Row) -> Option<Self> {
        Some(Self {
            person: row.text("person"),
            from: row.day("from")?,
            cost: row.number("monthly_cost")?,
            currency: row.currency("currency")?,
            source: source.to_owned(),
        })
    }
}

impl Position {
    pub(super) fn of(source: &str, row: &Row) -> Option<Self> {
        Some(Self {
            id: row.text("entity_id"),
            team: row.text("team"),
            role: row.text("role"),
            start: row.day("start")?,
            cost: row.number("monthly_cost")?,
            currency: row.currency("currency")?,
            status: row.text("status"),
            source: source.to_owned(),
        })
    }

    /// Whether it still counts in the hiring plan.
    pub(crate) fn is_ahead(&self) -> bool {
        matches!(self.status.as_str(), "planned" | "open")
    }
}
