//! Reads a note's frontmatter by the schema.
//!
//! In: an [`Entity`] and properties. Out: a [`Row`] of checked values, or every mistake as a [`Warning`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Entity, Field, Kind, Sign, wrong};
use crate::calendar::{self, Month};
use crate::money::{self, AmountError, Currency, LARGEST_RATE};
use crate::warning::{Said, Warning, said};

/// Longest text that is taken over, in characters.
const MAX_TEXT: usize = 200;

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Text(String),
    Day(NaiveDate),
    Month(Month),
    Number(Decimal),
    Currency(Currency),
    Lines(Vec<Row>),
}

/// The checked values of one note, or of one of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row(BTreeMap<&'static str, Item>);

impl Row {
    /// A text; empty when the note has none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.maybe_text(name).unwrap_or_default().to_owned()
    }

    /// A text, if the note has one.
    pub(crate) fn maybe_text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A day, if the note has one.
    pub(crate) fn day(&self, name: &str) -> Option<NaiveDate> {
        match self.0.get(name)? {
            Item::Day(day) => Some(*day),
            _ => None,
        }
    }

    /// A month, if the note has one.
    pub(crate) fn month(&self, name: &str) -> Option<Month> {
        match self.0.get(name)? {
            Item::Month(month) => Some(*month),
            _ => None,
        }
    }

    /// An amount or a rate, if the note has one.
    pub(crate) fn number(&self, name: &str) -> Option<Decimal> {
        match self.0.get(name)? {
            Item::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A currency, if the note has one.
    pub(crate) fn currency(&self, name: &str) -> Option<Currency> {
        match self.0.get(name)? {
            Item::Currency(currency) => Some(*currency),
            _ => None,
        }
    }

    /// The lines; none when the note has none.
    pub(crate) fn lines(&self, name: &str) -> &[Self] {
        match self.0.get(name) {
            Some(Item::Lines(lines)) => lines,
            _ => &[],
        }
    }
}

/// What is wrong with one field.
struct Fault {
    code: &'static str,
    message: Said,
}

impl Fault {
    fn of(name: &str, code: &'static str, wrong: &Said) -> Self {
        let message = said(
            format!("`{name}` {}", wrong.en),
            format!("`{name}`: {}", wrong.ko),
        );
        Self { code, message }
    }
}

/// Reads a note.
///
/// # Errors
/// One [`Warning`] for each wrong field; the note is then not counted at all.
pub(crate) fn row(
    entity: &Entity,
    source: &str,
    properties: &Map<String, Value>,
) -> Result<Row, Vec<Warning>> {
    let currency = properties
        .get("currency")
        .and_then(Value::as_str)
        .and_then(|code| Currency::parse(code.trim()));
    fields(entity.fields, properties, currency).map_err(|faults| {
        let warn = |fault: Fault| Warning::new(fault.code, source, fault.message);
        faults.into_iter().map(warn).collect()
    })
}

fn fields(
    table: &'static [Field],
    properties: &Map<String, Value>,
    currency: Option<Currency>,
) -> Result<Row, Vec<Fault>> {
    let (mut row, mut faults) = (Row::default(), Vec::new());
    for field in table {
        let value = properties.get(field.name).filter(|value| !is_empty(value));
        match value {
            Some(value) => match item(field, value, currency) {
                Ok(item) => drop(row.0.insert(field.name, item)),
                Err(found) => faults.extend(found),
            },
            None if field.required => faults.push(Fault {
                code: "missing_field",
                message: said(
                    format!("`{}` is missing: {}", field.name, field.about),
                    format!("`{}` 속성이 없습니다", field.name),
                ),
            }),
            None => (),
        }
    }
    if faults.is_empty() {
        Ok(row)
    } else {
        Err(faults)
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn item(field: &Field, value: &Value, currency: Option<Currency>) -> Result<Item, Vec<Fault>> {
    let name = field.name;
    let text = value.as_str().map(str::trim);
    let read = match field.kind {
        Kind::Text => text
            .filter(|text| text.chars().count() <= MAX_TEXT)
            .map(|text| Item::Text(text.to_owned())),
        Kind::Day => text.and_then(calendar::day).map(Item::Day),
        Kind::Month => text.and_then(Month::parse).map(Item::Month),
        Kind::Currency => text.and_then(Currency::parse).map(Item::Currency),
        Kind::Word(words) => text
            .filter(|text| words.contains(text))
            .map(|text| Item::Text(text.to_owned())),
        Kind::Money(sign) => {
            let amount = money_item(value, sign, currency);
            return amount
                .map(Item::Number)
                .map_err(|wrong| vec![Fault::of(name, "bad_amount", &wrong)]);
        }
        Kind::Rate => money::amount(Some(value))
            .ok()
            .filter(|rate| *rate > Decimal::ZERO && *rate <= LARGEST_RATE)
            .map(Item::Number),
        Kind::Lines(table) => return lines(name, table, value, currency).map(Item::Lines),
    };
    read.ok_or_else(|| {
        let (code, wrong) = wrong::must_be(field.kind);
        vec![Fault::of(name, code, &wrong)]
    })
}

fn money_item(value: &Value, sign: Sign, currency: Option<Currency>) -> Result<Decimal, Said> {
    let wrong = |error: AmountError| said(error.to_string(), error.korean());
    let amount = money::amount(Some(value)).map_err(wrong)?;
    if sign == Sign::NotNegative && amount < Decimal::ZERO {
        return Err(said("must not be negative", "음수일 수 없습니다"));
    }
    match currency {
        // An amount has at most the decimals of its currency: a won has no fraction.
        Some(currency) if amount.normalize().scale() > currency.minor_units() => {
            let most = currency.minor_units();
            Err(said(
                format!("has more than the {most} decimals of {currency}"),
                format!("{currency}의 소수 자릿수 {most}을(를) 넘습니다"),
            ))
        }
        _ => Ok(amount),
    }
}

fn lines(
    name: &str,
    table: &'static [Field],
    value: &Value,
    currency: Option<Currency>,
) -> Result<Vec<Row>, Vec<Fault>> {
    let Some(items) = value.as_array() else {
        let (code, wrong) = wrong::must_be(Kind::Lines(table));
        return Err(vec![Fault::of(name, code, &wrong)]);
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let read = match item {
            Value::Object(map) => fields(table, map, currency),
            _ => Err(vec![Fault {
                code: "bad_lines",
                message: said(
                    "is not written as {name: value, …}",
                    "{name: value, …} 꼴이 아닙니다",
                ),
            }]),
        };
        match read {
            Ok(row) => rows.push(row),
            Err(found) => faults.extend(found.into_iter().map(|fault| Fault {
                code: fault.code,
                message: said(
                    format!("`{name}` line {}: {}", at + 1, fault.message.en),
                    format!("`{name}` {}번째 줄: {}", at + 1, fault.message.ko),
                ),
            })),
        }
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
