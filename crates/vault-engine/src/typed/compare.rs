//! Whether a note is as a condition says.
//!
//! In: a condition and what day it is. Out: [`Ready`], which says yes or no to notes.

use std::cmp::Ordering;

use chrono::NaiveDate;
use loop_shared::vault::text::fold;
use serde_json::Value;

use super::{All, Any, Condition, Negation, Op, QueryError, Test, literal::Literal};
use crate::{Note, search::is_under};

/// A condition whose values are read already.
pub(super) enum Ready<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(&'a str, Op, Vec<Literal>),
}

impl<'a> Ready<'a> {
    pub(super) fn of(
        condition: &'a Condition,
        today: Option<NaiveDate>,
    ) -> Result<Self, QueryError> {
        let parts = |parts: &'a [Condition]| {
            parts
                .iter()
                .map(|part| Self::of(part, today))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::And(All { and }) => Self::All(parts(and)?),
            Condition::Or(Any { or }) => Self::Any(parts(or)?),
            Condition::Not(Negation { not }) => Self::Not(Box::new(Self::of(not, today)?)),
            Condition::Test(test) => Self::Test(&test.field, test.op, literals(test, today)?),
        })
    }

    pub(super) fn holds(&self, note: &Note) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(note)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(note)),
            Self::Not(part) => !part.holds(note),
            Self::Test(field, op, wanted) => {
                compare(value(note, field).as_ref(), field, *op, wanted)
            }
        }
    }
}

fn literals(test: &Test, today: Option<NaiveDate>) -> Result<Vec<Literal>, QueryError> {
    let wrong = |message: &str| QueryError::Value {
        field: test.field.clone(),
        message: message.to_owned(),
    };
    let read = |value: &Value| {
        Literal::of(value, today)
            .ok_or_else(|| wrong("the value is no text, number, day, true or false"))
    };
    match (test.op, &test.value) {
        (Op::Exists | Op::Missing, Value::Null) => Ok(Vec::new()),
        (Op::Exists | Op::Missing, _) => Err(wrong("exists and missing take no value")),
        (Op::In, Value::Array(items)) => items.iter().map(read).collect(),
        (Op::In, _) => Err(wrong("in takes a list")),
        (_, value) => Ok(vec![read(value)?]),
    }
}

fn compare(value: Option<&Value>, field: &str, op: Op, wanted: &[Literal]) -> bool {
    let items: &[Value] = match value {
        None => &[],
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    };
    let any = |fits: &dyn Fn(Ordering) -> bool| {
        let mut pairs = wanted
            .iter()
            .flat_map(|literal| items.iter().filter_map(move |item| literal.compare(item)));
        pairs.any(fits)
    };
    match op {
        Op::Equal | Op::In => any(&Ordering::is_eq),
        Op::Unequal => !any(&Ordering::is_eq),
        Op::Less => any(&Ordering::is_lt),
        Op::AtMost => any(&Ordering::is_le),
        Op::More => any(&Ordering::is_gt),
        Op::AtLeast => any(&Ordering::is_ge),
        Op::Exists => has(value),
        Op::Missing => !has(value),
        Op::Contains => wanted.iter().any(|literal| {
            items.iter().any(|item| match (literal, item) {
                (Literal::Text(wanted, _), Value::String(tag)) if field == "tags" => {
                    is_under(&fold(tag), wanted.trim_start_matches('#'))
                }
                _ => literal.is_in(item),
            })
        }),
    }
}

fn has(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

/// The value of a property, or of what a note is besides its properties.
pub(super) fn value(note: &Note, field: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::String(text.to_owned()));
    match field {
        // Of the text too, and each once.
        "tags" => {
            let tags: Vec<Value> = note
                .tags
                .iter()
                .map(|tag| Value::String(tag.clone()))
                .collect();
            (!tags.is_empty()).then_some(Value::Array(tags))
        }
        "path" => text(note.path.as_str()),
        "folder" => text(note.path.folder()),
        _ => match note.frontmatter.get(field) {
            Some(found) => Some(found),
            None => match field {
                "title" => text(&note.title),
                "id" => note.id().and_then(text),
                _ => nested(note, field),
            },
        },
    }
}

/// The value of a property that is one text, as it is held.
pub(super) fn plain_text<'a>(note: &'a Note, field: &str) -> Option<&'a str> {
    match field {
        "tags" | "path" | "folder" => None,
        _ => note.frontmatter.text(field),
    }
}

/// `meta.owner` is the property `owner` inside `meta`.
fn nested(note: &Note, field: &str) -> Option<Value> {
    let (first, names) = field.split_once('.')?;
    let found = names
        .split('.')
        .try_fold(note.frontmatter.get(first)?, |mut value, name| {
            value.get_mut(name).map(Value::take)
        });
    found.filter(|value| !value.is_null())
}
