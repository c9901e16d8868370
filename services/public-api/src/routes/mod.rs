//! The REST endpoints, one a file: its description and its handler.

pub(crate) mod changes;
pub(crate) mod docs;
pub(crate) mod entities;
pub(crate) mod entity;
pub(crate) mod export;
pub(crate) mod fallback;
pub(crate) mod graph;
pub(crate) mod graph_path;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod lint;
pub(crate) mod live;
pub(crate) mod note;
pub(crate) mod openapi;
pub(crate) mod project;
pub(crate) mod query;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod versions;
