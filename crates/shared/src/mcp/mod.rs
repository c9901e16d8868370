//! Mounts an MCP server (rmcp) in actix behind the bearer middleware: one mount for every MCP endpoint.
//!
//! In: a server factory and the resource's rules. Out: an actix scope that speaks both protocol eras,
//! stateless, with JSON answers. Never: serves without a token, hands the token to a tool, keeps sessions.
//! Source: `reference/mcp-server.md`, "Authorization" and "Transport".

mod announced;
mod catalog;
mod context;
mod mount;
mod step_up;
#[cfg(test)]
mod tests;

pub use announced::{VIEW_MIME_TYPE, VIEWS_EXTENSION, note_views, shows_views, with_views};
pub use catalog::{
    answered, discovered, list_prompts, list_resource_templates, list_resources, list_tools,
    read_resource, reads_only, unknown_tool,
};
pub use context::{ToolRefused, caller, may_read, note_tool, principal, require_scope};
pub use mount::{DEFAULT_BODY_BYTES, McpMount, mount};
pub use step_up::ToolScopes;
