//! `graph`: what is around a note, or how two notes hang together.

use loop_vault::network::{Neighbours, Paths};
use rmcp::handler::server::tool::schema_for_output;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

/// Edges shown on a page; `edge_total` counts all.
const MOST: usize = 60;

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "graph",
    title: "Look around a note",
    about: "Gives the notes around one note by links and relations, nearest first; with `to`, the shortest ways between two notes. \
Use it for questions such as: what depends on this, what tests this hypothesis, how are these two connected.",
    params: tables::TOOL_GRAPH,
    output: schema_for_output::<Around>,
    call,
};

/// Either of two answers.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Around {
    /// The notes around, when no other note was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<Neighbours>,
    /// The ways to the other note.
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<Paths>,
}

fn call(_: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let table = tables::TOOL_GRAPH;
    let answer = if let Some(to) = values.text("to") {
        let from = values.text("id").unwrap_or_default();
        Around {
            ways: Some(ask::paths(view, (from, to), values, table)?),
            ..Around::default()
        }
    } else {
        let mut around = ask::neighbours(view, values, table)?;
        around.edges.truncate(MOST);
        Around {
            around: Some(around),
            ..Around::default()
        }
    };
    Ok(to_value(&answer))
}
