//! The schema of the Exec vault, in one place: which notes are counted, their fields, units and currencies.
//!
//! In: nothing. Out: [`ENTITIES`], which notes are read by ([`read`]) and docs/schema.md is printed from ([`print`]).
//! Never: files, HTTP, the system clock.

mod people_tables;
pub(crate) mod read;
mod tables;
mod wrong;

#[cfg(test)]
mod print;

pub(crate) use people_tables::{COMPENSATION, PERSON, POSITION};
pub(crate) use tables::{
    CASH_ACCOUNT, CASH_BALANCE, CASH_MONTH, CASH_PLAN, ENTITIES, EXCHANGE_RATE, LEDGER, TRANSACTION,
};

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One line of text.
    Text,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// A month, `"YYYY-MM"`.
    Month,
    /// An amount of the note's `currency`, at or above this.
    Money(Sign),
    /// A positive decimal without a unit.
    Rate,
    /// A currency code.
    Currency,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of lines with these fields.
    Lines(&'static [Field]),
}

/// Which amounts are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Any.
    Any,
    /// Zero or more.
    NotNegative,
}

/// One field of a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Whether a note without it is not counted.
    pub(crate) required: bool,
    /// What it means.
    pub(crate) about: &'static str,
    /// The same in Korean.
    pub(crate) about_ko: &'static str,
}

/// One kind of note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entity {
    /// Its `entity_type`.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// The same in Korean.
    pub(crate) about_ko: &'static str,
    /// Its fields, besides those of every note.
    pub(crate) fields: &'static [Field],
    /// A whole frontmatter.
    pub(crate) example: &'static str,
}

impl Kind {
    /// What it holds, for people.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Day => "day, `YYYY-MM-DD`".to_owned(),
            Self::Month => "month, `\"YYYY-MM\"`".to_owned(),
            Self::Money(Sign::Any) => "amount in `currency`".to_owned(),
            Self::Money(Sign::NotNegative) => "amount in `currency`, not negative".to_owned(),
            Self::Rate => "decimal in quotes, above zero".to_owned(),
            Self::Currency => "currency".to_owned(),
            Self::Word(words) => {
                let words = words.iter().map(|word| format!("`{word}`"));
                words.collect::<Vec<_>>().join(", ")
            }
            Self::Lines(_) => "list of lines".to_owned(),
        }
    }
}

impl Field {
    pub(crate) const fn must(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        about_ko: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            required: true,
            about,
            about_ko,
        }
    }

    pub(crate) const fn may(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        about_ko: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            required: false,
            about,
            about_ko,
        }
    }
}
