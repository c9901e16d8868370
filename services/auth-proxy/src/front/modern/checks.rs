//! What every request of 2026-07-28 must carry, in its headers and in its body, alike.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::discover::VERSIONS;
use crate::front::{MODERN, Visit};
use crate::wire::{Message, Object, Raw, codes};

/// The revision of the request.
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What the client can do.
pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// What the client is.
pub(super) const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

/// Why a request is refused; always 400.
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) text: String,
    pub(super) data: Option<Value>,
}

impl Refusal {
    fn new(code: i64, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            data: None,
        }
    }
}

/// Whether a message's body speaks this revision.
pub(in crate::front) fn speaks(message: &Message) -> bool {
    let Message::Request { method, params, .. } = message else {
        return false;
    };
    method == "server/discover" || meta(params.as_ref()).get(VERSION).is_some()
}

/// The request's `_meta`, if headers and body are as they must be.
pub(super) fn check(visit: &Visit, method: &str, params: Option<&Raw>) -> Result<Object, Refusal> {
    let meta = meta(params);
    let version = visit.header("mcp-protocol-version");
    let told = meta.text(VERSION);
    // Two revisions at once: which of them is unknown here does not matter any more.
    if let (Some(version), Some(told)) = (version, told.as_deref())
        && version != told
    {
        return Err(mismatch("MCP-Protocol-Version"));
    }
    if let Some(unknown) = version
        .or(told.as_deref())
        .filter(|one| !VERSIONS.contains(one))
    {
        return Err(Refusal {
            data: Some(json!({ "requested": unknown, "supported": VERSIONS })),
            ..Refusal::new(codes::UNSUPPORTED_VERSION, "Unsupported protocol version")
        });
    }
    let (Some(told), Some(_)) = (told, meta.get(CLIENT_CAPABILITIES)) else {
        let text = format!("_meta must hold {VERSION} and {CLIENT_CAPABILITIES}.");
        return Err(Refusal::new(codes::INVALID_PARAMS, text));
    };
    if version != Some(told.as_str()) {
        return Err(mismatch("MCP-Protocol-Version"));
    }
    if told.as_str() < MODERN {
        let text = format!("Requests of revision {told} need a session: initialize first.");
        return Err(Refusal::new(codes::INVALID_REQUEST, text));
    }
    if several(visit, "mcp-method") || visit.header("mcp-method") != Some(method) {
        return Err(mismatch("Mcp-Method"));
    }
    if let Some(name) = name(method, params) {
        let header = visit.header("mcp-name").and_then(decoded);
        if several(visit, "mcp-name") || header.as_deref() != Some(name.as_str()) {
            return Err(mismatch("Mcp-Name"));
        }
    }
    Ok(meta)
}

fn mismatch(header: &str) -> Refusal {
    let text = format!("The header {header} is missing or does not match the body.");
    Refusal::new(codes::HEADER_MISMATCH, text)
}

fn several(visit: &Visit, header: &str) -> bool {
    visit.headers.get_all(header).count() > 1
}

/// What `Mcp-Name` must say.
fn name(method: &str, params: Option<&Raw>) -> Option<String> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    Object::parse(params?.get()).ok()?.text(member)
}

/// A header's value; what a header cannot hold comes as `=?base64?…?=`.
fn decoded(value: &str) -> Option<String> {
    let inner = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match inner {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

/// Parameters without what only this revision has: the server was initialized in an older one, and told all that then.
pub(super) fn for_servers(params: Option<Raw>) -> Option<Raw> {
    let Some(mut object) = Object::parse(params.as_ref()?.get()).ok() else {
        return params;
    };
    let Some(mut meta) = object.object("_meta") else {
        return params;
    };
    for member in [VERSION, CLIENT_CAPABILITIES, CLIENT_INFO] {
        meta.remove(member);
    }
    if meta.is_empty() {
        object.remove("_meta");
    } else {
        object.set("_meta", meta.to_raw());
    }
    Some(object.to_raw())
}

fn meta(params: Option<&Raw>) -> Object {
    let params = params.and_then(|params| Object::parse(params.get()).ok());
    params
        .and_then(|params| params.object("_meta"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_server_is_not_told_of_a_revision_that_it_was_not_initialized_in() {
        for (given, expected) in [
            (
                r#"{"name":"a","arguments":{"x":1.0},"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#,
                r#"{"name":"a","arguments":{"x":1.0},"_meta":{"progressToken":"p"}}"#,
            ),
            (
                r#"{"_meta":{"io.modelcontextprotocol/clientInfo":{},"io.modelcontextprotocol/clientCapabilities":{}},"cursor":"c"}"#,
                r#"{"cursor":"c"}"#,
            ),
            (r#"{"name": "a"}"#, r#"{"name": "a"}"#),
        ] {
            let given: Raw = serde_json::from_str(given).unwrap();
            let told = for_servers(Some(given)).unwrap();
            assert_eq!(told.get(), expected);
        }
        assert!(for_servers(None).is_none());
    }
}
