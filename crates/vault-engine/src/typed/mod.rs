//! Questions about properties: `due < today and status != done sort by due`.
//!
//! In: a [`Query`], as JSON or as a line of text, a snapshot, and what day it is. Out: [`QueryPage`], or counts by group.
//! Never: a note that the conditions do not fit; a total that is cut; a clock.
//! Source: what Dataview and Bases users expect: an absent property is never smaller or larger than anything, and it is
//! not equal to anything either, so `status != done` holds for notes without a status.

mod compare;
mod fitting;
mod groups;
mod line;
mod literal;
mod run;
mod tokens;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use fitting::fitting;
pub use run::{Group, QueryItem, QueryPage, query};

/// Conditions in one query, at most.
pub const MAX_TESTS: usize = 64;
/// Conditions within conditions, at most.
pub const MAX_DEPTH: usize = 16;
/// Characters of a line, at most.
pub const MAX_CHARS: usize = 2_000;
const MAX_SORTS: usize = 4;
const MAX_LISTED: usize = 100;

/// A question about properties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// What must be true of a note; without it, every note.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The order; notes without the property come last. Without it, by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<Order>,
    /// Count by the values of this property instead of listing notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Properties to give with each note; without it, those of the conditions and the order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<String>,
}

/// What must be true of a note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Condition {
    /// All of them.
    And(All),
    /// At least one of them.
    Or(Any),
    /// The opposite.
    Not(Negation),
    /// One property.
    Test(Test),
}

/// All of them are true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct All {
    /// The conditions.
    pub and: Vec<Condition>,
}

/// At least one of them is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Any {
    /// The conditions.
    pub or: Vec<Condition>,
}

/// It is not true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Negation {
    /// The condition.
    pub not: Box<Condition>,
}

/// One property compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// A property by name (`a.b` for one inside another), or `path`, `folder`, `title`, `id`, `tags`.
    pub field: String,
    /// How.
    pub op: Op,
    /// With what: a text, a number, a day (`2026-01-02`, `today`, `today+7d`), or a list for `in`; nothing for `exists`
    /// and `missing`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

/// How a property is compared. Of a list, one item is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Op {
    /// The same, case aside.
    #[serde(rename = "=")]
    Equal,
    /// Not the same, or absent.
    #[serde(rename = "!=")]
    Unequal,
    /// Smaller or earlier.
    #[serde(rename = "<")]
    Less,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// Larger or later.
    #[serde(rename = ">")]
    More,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// One of a list.
    #[serde(rename = "in")]
    In,
    /// The text holds it; a tag is it or stands below it.
    #[serde(rename = "contains")]
    Contains,
    /// It is there and not empty.
    #[serde(rename = "exists")]
    Exists,
    /// It is absent or empty.
    #[serde(rename = "missing")]
    Missing,
}

/// One level of the order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The property.
    pub field: String,
    /// Largest first.
    #[serde(default)]
    pub desc: bool,
}

/// Why a query cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The line cannot be read.
    #[error("at character {at}: {message}")]
    Syntax {
        /// Counted from 1.
        at: usize,
        /// What was expected, and what stands there.
        message: String,
    },
    /// It asks too much.
    #[error(
        "the query is too large: at most {MAX_TESTS} conditions, {MAX_DEPTH} deep, {MAX_CHARS} characters"
    )]
    TooLarge,
    /// The JSON form says something that cannot be compared.
    #[error("`{field}`: {message}")]
    Value {
        /// The property.
        field: String,
        /// What is wrong with the value.
        message: String,
    },
    /// The cursor is not one of this query.
    #[error("the cursor is not valid for this query; ask again without it")]
    BadCursor,
}

impl Query {
    /// Reads a line such as `due < today and status != done sort by due desc`.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place; [`QueryError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        line::parse(text)
    }

    /// Whether it is within bounds; what came as JSON is checked here too.
    fn check(&self) -> Result<(), QueryError> {
        let mut tests = 0;
        if let Some(condition) = &self.condition {
            condition.measure(0, &mut tests)?;
        }
        let listed = self.sort.len() > MAX_SORTS || self.select.len() > MAX_LISTED;
        if tests > MAX_TESTS || listed {
            Err(QueryError::TooLarge)
        } else {
            Ok(())
        }
    }
}

impl Condition {
    fn measure(&self, depth: usize, tests: &mut usize) -> Result<(), QueryError> {
        if depth > MAX_DEPTH || *tests > MAX_TESTS {
            return Err(QueryError::TooLarge);
        }
        match self {
            Self::And(All { and: parts }) | Self::Or(Any { or: parts }) => {
                *tests += 1;
                parts
                    .iter()
                    .try_for_each(|part| part.measure(depth + 1, tests))
            }
            Self::Not(Negation { not }) => not.measure(depth + 1, tests),
            Self::Test(test) => {
                *tests += 1;
                let many = test
                    .value
                    .as_array()
                    .is_some_and(|items| items.len() > MAX_LISTED);
                if many {
                    Err(QueryError::TooLarge)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Calls back with every property that is asked about.
    fn each_field<'a>(&'a self, found: &mut impl FnMut(&'a str)) {
        match self {
            Self::And(All { and: parts }) | Self::Or(Any { or: parts }) => {
                for part in parts {
                    part.each_field(found);
                }
            }
            Self::Not(Negation { not }) => not.each_field(found),
            Self::Test(test) => found(&test.field),
        }
    }
}
