//! JSON-RPC as it travels: parsed no deeper than routing needs, so that everything else keeps its bytes.
//!
//! In: text from a client or a server. Out: [`Message`], and text again. Never: re-types a result or a schema,
//! lets one object carry a member twice (two readers could take different ones).
//! Source: MCP "Base protocol"; JSON-RPC 2.0.

mod message;
mod object;
mod sse;
#[cfg(test)]
mod tests;

pub(crate) use message::{Message, Outcome, codes, error_object};
pub(crate) use object::{Object, Raw, raw, text_of};
pub(crate) use sse::Decoder;

/// The revisions that begin with `initialize`, the newest first.
pub(crate) const OLDER_REVISIONS: [&str; 4] =
    ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
