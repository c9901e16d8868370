//! The parameters of every question, once: REST reads query strings by these tables, MCP reads tool arguments by
//! them, and both descriptions (OpenAPI, `inputSchema`) are printed from them.
//!
//! In: a query string or a JSON object. Out: [`Values`], or a [`Refusal`] that says what to write. Never: the vault.

mod kind;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::calendar::Month;
use crate::money::Currency;
use crate::refusal::Refusal;

use kind::Checked;
pub(crate) use kind::Kind;
use loop_shared::models::shortened;

/// Longest text value, in characters.
pub(crate) const MAX_TEXT: usize = 500;
/// Longest cursor, in bytes: it holds a path and a sort key.
pub(crate) const MAX_CURSOR: usize = 8_192;

/// One parameter of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    /// Its name, in the query and in tool arguments alike.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Whether it must be sent.
    pub(crate) required: bool,
    /// What it means, for people and models.
    pub(crate) about: &'static str,
    /// The same in Korean.
    pub(crate) about_ko: &'static str,
}

impl Param {
    /// One that may be left out.
    pub(crate) const fn new(
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

    /// One that must be sent.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The JSON Schema of the value, with its description.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        schema["description"] = json!(self.about);
        schema
    }
}

/// The values sent, checked against a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values(BTreeMap<&'static str, Checked>);

impl Values {
    /// Reads a raw query string; an empty value counts as not sent, so that forms may send all their fields.
    ///
    /// # Errors
    /// [`Refusal`] for names that are not in the table or sent twice, and values that do not fit it.
    pub(crate) fn from_query(raw: &str, table: &'static [Param]) -> Result<Self, Refusal> {
        let mut sent: BTreeMap<&'static str, String> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            let param = known(&name, table)?;
            if sent.insert(param.name, value.into_owned()).is_some() {
                return Err(Refusal::parameter(
                    param.name,
                    "was sent twice; send it once.",
                ));
            }
        }
        let mut values = Self::default();
        for param in table {
            if let Some(text) = sent.get(param.name) {
                values.take(param, text)?;
            }
        }
        values.complete(table)
    }

    /// Reads a tool's arguments; `null` counts as not sent.
    ///
    /// # Errors
    /// [`Refusal`] for names that are not in the table, and values that do not fit it.
    pub(crate) fn from_json(
        arguments: &Map<String, Value>,
        table: &'static [Param],
    ) -> Result<Self, Refusal> {
        let mut values = Self::default();
        for (name, value) in arguments {
            let param = known(name, table)?;
            match value {
                Value::Null => (),
                Value::String(text) => values.take(param, text)?,
                // A model may send 20 for "20"; a fraction as a number has been a float already.
                Value::Number(number) if number.is_i64() || number.is_u64() => {
                    values.take(param, &number.to_string())?;
                }
                Value::Number(number) if matches!(param.kind, Kind::Decimal { .. }) => {
                    values.take(param, &number.to_string())?;
                }
                _ => return Err(param.kind.wrong(param.name)),
            }
        }
        values.complete(table)
    }

    fn take(&mut self, param: &'static Param, text: &str) -> Result<(), Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let checked = param.kind.check(text);
        let checked = checked.ok_or_else(|| param.kind.wrong(param.name))?;
        self.0.insert(param.name, checked);
        Ok(())
    }

    fn complete(self, table: &'static [Param]) -> Result<Self, Refusal> {
        let missing = |param: &&Param| param.required && !self.0.contains_key(param.name);
        match table.iter().find(missing) {
            Some(param) => Err(Refusal::parameter(param.name, "is required.")),
            None => Ok(self),
        }
    }

    /// A text or a word.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Checked::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A day.
    pub(crate) fn day(&self, name: &str) -> Option<NaiveDate> {
        match self.0.get(name)? {
            Checked::Day(day) => Some(*day),
            _ => None,
        }
    }

    /// A month.
    pub(crate) fn month(&self, name: &str) -> Option<Month> {
        match self.0.get(name)? {
            Checked::Month(month) => Some(*month),
            _ => None,
        }
    }

    /// A decimal.
    pub(crate) fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.0.get(name)? {
            Checked::Decimal(decimal) => Some(*decimal),
            _ => None,
        }
    }

    /// A currency.
    pub(crate) fn currency(&self, name: &str) -> Option<Currency> {
        match self.0.get(name)? {
            Checked::Currency(currency) => Some(*currency),
            _ => None,
        }
    }

    /// A whole number, or its default of the table.
    pub(crate) fn whole(&self, name: &str, table: &[Param]) -> u32 {
        if let Some(Checked::Whole(number)) = self.0.get(name) {
            return *number;
        }
        let param = table.iter().find(|param| param.name == name);
        param.map_or(0, |param| match param.kind {
            Kind::Whole { default, .. } => default,
            _ => 0,
        })
    }
}

fn known(name: &str, table: &'static [Param]) -> Result<&'static Param, Refusal> {
    table
        .iter()
        .find(|param| param.name == name)
        .ok_or_else(|| Refusal::UnknownParameter {
            name: shortened(name),
            known: match table {
                [] => "none".to_owned(),
                some => some
                    .iter()
                    .map(|param| param.name)
                    .collect::<Vec<_>>()
                    .join(", "),
            },
        })
}

/// The `inputSchema` of a tool that takes these parameters.
pub(crate) fn input_schema(table: &[Param]) -> Map<String, Value> {
    let property = |param: &Param| (param.name.to_owned(), param.schema());
    let required = table.iter().filter(|param| param.required);
    let required: Vec<_> = required.map(|param| param.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    let properties = table.iter().map(property).collect();
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}
