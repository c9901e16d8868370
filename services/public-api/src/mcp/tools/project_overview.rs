//! `project_overview`: where a project stands, in sums and branches.

use loop_vault::project::Overview;
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
    name: "project_overview",
    title: "Add up a project",
    about: "Adds up everything below a project: open, done, dropped, overdue, hours planned and spent, by status and type; then lists what is below, \
each branch with its own sums. Use it for the state of a project instead of counting lists.",
    params: tables::TOOL_PROJECT,
    output: schema_for_output::<Overview>,
    call,
};

fn call(app: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let page = ask::page(values, tables::TOOL_PROJECT);
    let today = view.day();
    let rules = (app.schema(), today.as_ref());
    let found = ask::overview(view, values.text("id").unwrap_or_default(), rules, &page)?;
    Ok(to_value(&found))
}
