//! What one question is: its names, scope, parameters and answer, said once. REST routes, MCP tools and the OpenAPI
//! document are all made from it, so they cannot disagree.
//!
//! In: nothing. Out: [`Operation`], [`Answer`]. Never: HTTP, MCP.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use loop_shared::auth::Scope;
use loop_shared::web::{Locale, Pages};
use rmcp::model::JsonObject;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::csv::Table;
use crate::params::{Param, Values};
use crate::refusal::Refusal;
use crate::web::Chart;

/// One question.
pub(crate) struct Operation {
    /// The tool's name, and OpenAPI's `operationId`.
    pub(crate) name: &'static str,
    /// The route, as OpenAPI writes it; empty when it is a tool only.
    pub(crate) path: &'static str,
    /// Whether it is a tool as well.
    pub(crate) is_tool: bool,
    /// What a caller needs.
    pub(crate) scope: Scope,
    /// A short title.
    pub(crate) title: &'static str,
    /// The same in Korean.
    pub(crate) title_ko: &'static str,
    /// What it is for, for people and models.
    pub(crate) about: &'static str,
    /// The parameter that stands in the path, if one does.
    pub(crate) path_param: Option<&'static str>,
    /// Every parameter, that one included.
    pub(crate) params: &'static [Param],
    /// The schema of the answer.
    pub(crate) output: fn() -> Arc<JsonObject>,
    /// Whether the answer can be had as CSV.
    pub(crate) has_table: bool,
    /// The answer's charts, where a picture says more than its numbers.
    pub(crate) charts: Option<Charts>,
    /// Answers.
    pub(crate) ask: Ask,
}

/// How a question is answered.
pub(crate) type Ask = for<'a> fn(&'a App, Values) -> BoxFuture<'a, Result<Answer, Refusal>>;

/// How an answer is drawn.
pub(crate) type Charts = fn(&Pages, Locale, &Value) -> Vec<Chart>;

/// What a question is answered with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The JSON.
    pub(crate) json: Value,
    /// The same as a table, where there is one.
    pub(crate) table: Option<Table>,
    /// The notes that it comes from.
    pub(crate) notes: Vec<String>,
    /// Whether it tells what single persons earn.
    pub(crate) salaries: bool,
}

impl Answer {
    /// An answer that is this value.
    pub(crate) fn of(value: &impl Serialize, notes: Vec<String>) -> Self {
        Self {
            json: serde_json::to_value(value).unwrap_or_default(),
            notes,
            ..Self::default()
        }
    }

    /// The same with a table.
    pub(crate) fn with_table(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }
}
