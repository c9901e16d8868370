//! Reads a note's frontmatter by the schema.
//!
//! In: an [`Entity`] and properties. Out: a [`Row`] of checked values, or every mistake as a [`Warning`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Entity, Field, Kind, Sign};
use crate::calendar::{self, Month};
use crate::money::{self, AmountError, Currency, LARGEST_RATE};
use crate::warning::Warning;

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
    message: String,
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
                message: format!("`{}` is missing: {}", field.name, field.about),
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
    let fault = |code: &'static str, wrong: &str| {
        vec![Fault {
            code,
            message: format!("`{name}` {wrong}"),
        }]
    };
    match field.kind {
        Kind::Text => text
            .filter(|text| text.chars().count() <= MAX_TEXT)
            .map(|text| Item::Text(text.to_owned()))
            .ok_or_else(|| fault("bad_text", "must be a text of at most 200 characters")),
        Kind::Day => text
            .and_then(calendar::day)
            .map(Item::Day)
            .ok_or_else(|| fault("bad_date", "must be a day such as 2026-06-03")),
        Kind::Month => text.and_then(Month::parse).map(Item::Month).ok_or_else(|| {
            fault(
                "bad_month",
                "must be YYYY-MM in quotes, such as \"2026-05\"",
            )
        }),
        Kind::Currency => text
            .and_then(Currency::parse)
            .map(Item::Currency)
            .ok_or_else(|| fault("bad_currency", "must be a currency code such as KRW or USD")),
        Kind::Word(words) => text
            .filter(|text| words.contains(text))
            .map(|text| Item::Text(text.to_owned()))
            .ok_or_else(|| fault("bad_word", &format!("must be one of: {}", words.join(", ")))),
        Kind::Money(sign) => money_item(value, sign, currency)
            .map(Item::Number)
            .map_err(|wrong| fault("bad_amount", &wrong)),
        Kind::Rate => money::amount(Some(value))
            .ok()
            .filter(|rate| *rate > Decimal::ZERO && *rate <= LARGEST_RATE)
            .map(Item::Number)
            .ok_or_else(|| {
                fault(
                    "bad_amount",
                    "must be a decimal in quotes above zero and at most 1000000",
                )
            }),
        Kind::Lines(table) => lines(name, table, value, currency).map(Item::Lines),
    }
}

fn money_item(value: &Value, sign: Sign, currency: Option<Currency>) -> Result<Decimal, String> {
    let amount = money::amount(Some(value)).map_err(|error: AmountError| error.to_string())?;
    if sign == Sign::NotNegative && amount < Decimal::ZERO {
        return Err("must not be negative".to_owned());
    }
    match currency {
        // An amount has at most the decimals of its currency: a won has no fraction.
        Some(currency) if amount.normalize().scale() > currency.minor_units() => Err(format!(
            "has more than the {} decimals of {currency}",
            currency.minor_units()
        )),
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
        return Err(vec![Fault {
            code: "bad_lines",
            message: format!("`{name}` must be a list with one entry for each line"),
        }]);
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let read = match item {
            Value::Object(map) => fields(table, map, currency),
            _ => Err(vec![Fault {
                code: "bad_lines",
                message: "is not written as {name: value, …}".to_owned(),
            }]),
        };
        match read {
            Ok(row) => rows.push(row),
            Err(found) => faults.extend(found.into_iter().map(|fault| Fault {
                code: fault.code,
                message: format!("`{name}` line {}: {}", at + 1, fault.message),
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
