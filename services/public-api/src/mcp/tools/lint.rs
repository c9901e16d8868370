//! `lint`: what is wrong in the vault.

use loop_vault::lint::LintPage;
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
    name: "lint",
    title: "Find mistakes in the vault",
    about: "Lists what is wrong in the notes: broken properties, dates, dangling links and relations, duplicate ids, circles, stale work; \
each with path, line and what to write. `total`, `by_code` and `by_level` are exact. Use it before relying on counts, or when asked to tidy up.",
    params: tables::TOOL_LINT,
    output: schema_for_output::<LintPage>,
    call,
};

fn call(app: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let today = view.day();
    let rules = (app.schema(), today.as_ref());
    Ok(to_value(&ask::lint(
        view,
        values,
        tables::TOOL_LINT,
        rules,
    )?))
}
