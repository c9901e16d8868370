//! Mounts an MCP server (rmcp) in actix behind the bearer middleware: one mount for every MCP endpoint.
//!
//! In: a server factory and the resource's rules. Out: an actix scope that speaks both protocol eras,
//! stateless, with JSON answers; streams of what changed, where the server tells. Never: serves without a token, hands the token
//! to a tool, keeps a session that a request depends on.
//! Source: `reference/mcp-server.md`, "Authorization" and "Transport".

mod announce;
mod announced;
mod catalog;
mod context;
pub mod legacy_sse;
mod mount;
mod session;
mod step_up;
mod stranger;
mod streams;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use announce::{Announcement, Announcements, Announcer, Listener, Told};
pub use announced::{VIEW_MIME_TYPE, VIEWS_EXTENSION, note_views, shows_views, with_views};
pub use catalog::{
    answered, discovered, list_prompts, list_resource_templates, list_resources, list_tools,
    read_resource, reads_only, unknown_tool,
};
pub use context::{ToolRefused, caller, may_read, note_tool, principal, require_scope};
pub use legacy_sse::{SseSessions, mount_legacy_sse};
pub use mount::{DEFAULT_BODY_BYTES, McpMount, behind_a_door, mount};
pub use session::{Session, begin_session, session};
pub use step_up::ToolScopes;
pub use stranger::stranger;
pub use subscriptions::{MAX_BYTES, MAX_URIS, Subscriptions, TooMany};
