//! The parameters of every operation, once: REST reads query strings by these tables, MCP reads tool arguments by
//! them, and both descriptions (OpenAPI, `inputSchema`) are printed from them.
//!
//! In: a query string or a JSON object. Out: [`Values`], or a [`Refusal`] that says what to write. Never: the vault.

use loop_shared::models::shortened;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::refusal::Refusal;

/// Longest text value, in characters.
pub(crate) const MAX_TEXT: usize = 1_000;
/// Longest cursor, in characters: it holds a path and a sort key.
pub(crate) const MAX_CURSOR: usize = 8_192;
/// Most values of one list.
pub(crate) const MAX_VALUES: usize = 50;

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One text.
    Text,
    /// Where a page ended: an opaque text.
    Cursor,
    /// Several texts: repeated, or separated by commas.
    List,
    /// A whole number within bounds.
    Number {
        /// Smallest.
        min: usize,
        /// Largest.
        max: usize,
        /// When it is not sent.
        default: usize,
    },
}

/// One parameter of an operation.
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
    /// The same in Korean, for the page.
    pub(crate) about_ko: &'static str,
    /// A value to show.
    pub(crate) example: &'static str,
}

/// The values sent, checked against a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values(BTreeMap<&'static str, Vec<String>>);

impl Values {
    /// Reads a raw query string.
    ///
    /// # Errors
    /// [`Refusal`] for names that are not in the table, and values that do not fit it.
    pub(crate) fn from_query(raw: &str, table: &'static [Param]) -> Result<Self, Refusal> {
        let mut values = Self::default();
        if percent_decode_str(raw).decode_utf8().is_err() {
            return Err(Refusal::UnreadableQuery);
        }
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            values.add(known(&name, table)?, &value)?;
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
            for text in texts(param, value)? {
                values.add(param, &text)?;
            }
        }
        values.complete(table)
    }

    fn add(&mut self, param: &'static Param, text: &str) -> Result<(), Refusal> {
        let most = if param.kind == Kind::Cursor {
            MAX_CURSOR
        } else {
            MAX_TEXT
        };
        if text.chars().count() > most {
            return Err(Refusal::parameter(
                param.name,
                format!("is longer than {most} characters."),
            ));
        }
        let sent = self.0.entry(param.name).or_default();
        match param.kind {
            Kind::List => sent.extend(text.split(',').map(|part| part.trim().to_owned())),
            Kind::Text | Kind::Cursor | Kind::Number { .. } if sent.is_empty() => {
                sent.push(text.trim().to_owned());
            }
            Kind::Text | Kind::Cursor | Kind::Number { .. } => {
                return Err(Refusal::parameter(
                    param.name,
                    "was sent twice; send it once.",
                ));
            }
        }
        if sent.len() > MAX_VALUES {
            return Err(Refusal::parameter(
                param.name,
                format!("has more than {MAX_VALUES} values."),
            ));
        }
        if let (Kind::Number { min, max, .. }, Some(text)) = (param.kind, sent.first())
            && !text
                .parse()
                .is_ok_and(|number: usize| (min..=max).contains(&number))
        {
            return Err(Refusal::parameter(
                param.name,
                format!("must be a whole number from {min} to {max}."),
            ));
        }
        Ok(())
    }

    fn complete(mut self, table: &'static [Param]) -> Result<Self, Refusal> {
        // Blank values count towards the bound, and for nothing else.
        for sent in self.0.values_mut() {
            sent.retain(|text| !text.is_empty());
        }
        let missing = table
            .iter()
            .find(|param| param.required && self.text(param.name).is_none());
        match missing {
            Some(param) => {
                let wrong = format!("is required, such as {:?}.", param.example);
                Err(Refusal::parameter(param.name, wrong))
            }
            None => Ok(self),
        }
    }

    /// The text of a parameter; blank counts as not sent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)?
            .first()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// All values of a list, in the order sent.
    pub(crate) fn list(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// A number, or its default of the table.
    pub(crate) fn number(&self, name: &str, table: &[Param]) -> usize {
        let sent = self.0.get(name).and_then(|sent| sent.first()?.parse().ok());
        sent.unwrap_or_else(|| {
            table
                .iter()
                .find(|param| param.name == name)
                .map_or(0, |param| match param.kind {
                    Kind::Number { default, .. } => default,
                    Kind::Text | Kind::Cursor | Kind::List => 0,
                })
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

fn texts(param: &Param, value: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = |expected: &str| Refusal::parameter(param.name, format!("must be {expected}."));
    match (param.kind, value) {
        (_, Value::Null) => Ok(Vec::new()),
        (_, Value::String(text)) => Ok(vec![text.clone()]),
        (Kind::List, Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("a list of texts"))
        }
        (Kind::Number { .. }, Value::Number(number)) => Ok(vec![number.to_string()]),
        (Kind::Text | Kind::Cursor, _) => Err(wrong("a text")),
        (Kind::List, _) => Err(wrong("a list of texts")),
        (Kind::Number { .. }, _) => Err(wrong("a whole number")),
    }
}

impl Param {
    /// The JSON Schema of the value.
    pub(crate) fn schema(&self) -> Value {
        match self.kind {
            Kind::Text => json!({ "type": "string", "maxLength": MAX_TEXT }),
            Kind::Cursor => json!({ "type": "string", "maxLength": MAX_CURSOR }),
            Kind::List => {
                json!({ "type": "array", "items": { "type": "string" }, "maxItems": MAX_VALUES })
            }
            Kind::Number { min, max, default } => {
                json!({ "type": "integer", "minimum": min, "maximum": max, "default": default })
            }
        }
    }
}

/// The `inputSchema` of a tool that takes these parameters.
pub(crate) fn input_schema(table: &[Param]) -> Map<String, Value> {
    let property = |param: &Param| {
        let mut schema = param.schema();
        schema["description"] = json!(param.about);
        (param.name.to_owned(), schema)
    };
    let required: Vec<_> = table
        .iter()
        .filter(|param| param.required)
        .map(|param| param.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert(
        "properties".to_owned(),
        Value::Object(table.iter().map(property).collect()),
    );
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

#[cfg(test)]
mod tests;
