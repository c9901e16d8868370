//! The tools, one a file.

mod fetch;
mod get_entity;
mod graph;
mod lint;
mod project_overview;
mod query_entities;
mod recent_changes;
mod search;
mod vault_info;

use super::ToolSpec;

/// Every tool, in the order in which clients see them.
pub(super) static ALL: [ToolSpec; 9] = [
    search::SPEC,
    fetch::SPEC,
    query_entities::SPEC,
    get_entity::SPEC,
    graph::SPEC,
    project_overview::SPEC,
    recent_changes::SPEC,
    lint::SPEC,
    vault_info::SPEC,
];
