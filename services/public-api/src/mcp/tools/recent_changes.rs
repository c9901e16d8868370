//! `recent_changes`: what was written lately.

use loop_vault::feed::ChangePage;
use rmcp::handler::server::tool::schema_for_output;
use serde_json::Value;

use super::super::to_value;
use super::ToolSpec;
use crate::app::App;
use crate::params::Values;
use crate::refusal::Refusal;
use crate::view::View;
use crate::{ask, tables};

pub(super) const SPEC: ToolSpec = ToolSpec {
    name: "recent_changes",
    title: "See what changed",
    about: "Lists notes added, changed, moved or removed, the newest first, with properties before and after, noticed since `kept_since`. \
For older ones use `query_entities` sorted by -updated.",
    params: tables::TOOL_CHANGES,
    output: schema_for_output::<ChangePage>,
    call,
};

fn call(_: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let limit = values.number("limit", tables::TOOL_CHANGES);
    let found = ask::latest(&view.feed(), values.text("cursor"), limit);
    Ok(to_value(&found.map_err(|refusal| match refusal {
        Refusal::BadParameter { .. } => Refusal::parameter(
            "cursor",
            "is not one of this tool. Leave it out to begin again.",
        ),
        other => other,
    })?))
}
