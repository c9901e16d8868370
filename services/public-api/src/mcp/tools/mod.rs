//! The tools, one a file.

mod fetch;
mod get_entity;
mod query_entities;
mod search;

use super::ToolSpec;

/// Every tool, in the order in which clients see them.
pub(super) static ALL: [ToolSpec; 4] = [
    search::SPEC,
    fetch::SPEC,
    query_entities::SPEC,
    get_entity::SPEC,
];
