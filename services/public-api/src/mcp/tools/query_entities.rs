//! `query_entities`: lists, with the filters, sort and cursor of `/api/entities`.

use loop_vault::query::EntityPage;
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
    name: "query_entities",
    title: "List entities",
    about: "Lists entities (tasks, projects, hypotheses, experiments, people, …) by type, status, assignee, project, tag and words, \
sorted and counted. Use it for questions such as: which tasks of a project are blocked, what a person is doing, what is due next, how many there are. \
`total` is exact; give `next_cursor` back as `cursor` with the same filters for the next page. Read one with `get_entity`.",
    params: tables::QUERY_ENTITIES,
    output: schema_for_output::<EntityPage>,
    call,
};

fn call(_: &App, view: &View, values: &Values) -> Result<Value, Refusal> {
    let page = ask::entities(view, values, tables::QUERY_ENTITIES)?;
    Ok(to_value(&page))
}
