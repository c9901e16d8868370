//! The rules of a vault, as data: a JSON Schema for properties, and `x-loop` for what no JSON Schema can say.
//!
//! In: JSON. Out: [`Schema`], or [`SchemaError`] that says what is wrong with it. Never: a schema fetched from elsewhere.
//! Source: JSON Schema 2020-12. `format: day` is `YYYY-MM-DD`, with or without a time.

use std::collections::BTreeMap;

use jsonschema::Validator;
use loop_shared::vault::IsoDate;
use serde::Deserialize;
use serde_json::Value;

use super::Level;

const BUILT_IN: &str = include_str!("loop.schema.json");

/// The rules of a vault.
#[derive(Debug)]
pub struct Schema {
    pub(super) properties: Validator,
    pub(super) document: Value,
    pub(super) rules: Rules,
}

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON.
    #[error("the schema is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is no JSON Schema.
    #[error("the schema is no JSON Schema: {0}")]
    Schema(String),
    /// Its `x-loop` part is not as it should be.
    #[error("the schema's `x-loop`: {0}")]
    Rules(serde_json::Error),
}

/// What stands in `x-loop`; what is left out is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rules {
    /// How bad a note without properties is.
    pub(super) notes_without_properties: Option<Level>,
    /// Names of files that are no entities and need no properties.
    pub(super) plain_notes: Vec<String>,
    /// By relation and type of the note that states it (`*`: any): the types it may lead to.
    pub(super) relations: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Relations that never lead back to their start.
    pub(super) acyclic: Vec<String>,
    /// Relations that both ends state.
    pub(super) mutual: Vec<(String, String)>,
    /// Statuses of work in hand, and after how many days without a change it is stale.
    pub(super) stale: Option<Stale>,
    /// Statuses of work that is done.
    pub(super) finished: Vec<String>,
    /// Statuses of work that was given up.
    pub(super) dropped: Vec<String>,
    /// Whether notes without any link are named.
    pub(super) orphans: bool,
}

/// See [`Rules::stale`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stale {
    pub(super) statuses: Vec<String>,
    pub(super) days: i64,
}

impl Schema {
    /// The rules of LOOP vaults.
    ///
    /// # Errors
    /// None in a tested build.
    pub fn built_in() -> Result<Self, SchemaError> {
        Self::parse(BUILT_IN)
    }

    /// Statuses of work that is done.
    pub(crate) fn finished(&self) -> &[String] {
        &self.rules.finished
    }

    /// Statuses of work that was given up.
    pub(crate) fn dropped(&self) -> &[String] {
        &self.rules.dropped
    }

    /// Reads rules.
    ///
    /// # Errors
    /// [`SchemaError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let document: Value = serde_json::from_str(text)?;
        let rules = document.get("x-loop").cloned().map(serde_json::from_value);
        let rules = rules.transpose().map_err(SchemaError::Rules)?;
        let properties = jsonschema::options()
            .should_validate_formats(true)
            .with_format("day", |text: &str| IsoDate::parse(text).is_some())
            .build(&document)
            .map_err(|error| SchemaError::Schema(error.to_string()))?;
        Ok(Self {
            properties,
            document,
            rules: rules.unwrap_or_default(),
        })
    }
}
