//! What a server lists and how it answers, for both eras of the protocol.
//!
//! In: tools, prompts, an answer. Out: rmcp's results, with cache hints where the caller's revision knows them.
//! Never: decides who may call; that is [`super::require_scope`].

use std::fmt::Display;

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolResult, ContentBlock, DiscoverResult, ErrorData, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, Prompt, ReadResourceResult,
    Resource, ResourceTemplate, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

/// How long a client may keep a list, in milliseconds: it changes only with the program.
const TTL_MS: u64 = 300_000;

/// The first revision that knows `ttlMs` and `cacheScope` in lists.
const CACHING_SINCE: &str = "2026-07-28";

/// The answer to `server/discover`.
pub fn discovered(server: &impl ServerHandler) -> DiscoverResult {
    let versions = server.supported_protocol_versions().into_owned();
    DiscoverResult::from_server_info(versions, server.get_info())
        .with_ttl_ms(TTL_MS)
        .with_cache_scope(CacheScope::Private)
}

/// The answer to `tools/list`: all tools, on one page.
pub fn list_tools(tools: Vec<Tool>, context: &RequestContext<RoleServer>) -> ListToolsResult {
    let mut listed = ListToolsResult::with_all_items(tools);
    (listed.ttl_ms, listed.cache_scope) = caching(context);
    listed
}

/// The answer to `prompts/list`: all prompts, on one page.
pub fn list_prompts(
    prompts: Vec<Prompt>,
    context: &RequestContext<RoleServer>,
) -> ListPromptsResult {
    let mut listed = ListPromptsResult::with_all_items(prompts);
    (listed.ttl_ms, listed.cache_scope) = caching(context);
    listed
}

/// One page of `resources/list`. It may be stale at once: what it lists can change at any moment.
pub fn list_resources(
    resources: Vec<Resource>,
    next: Option<String>,
    context: &RequestContext<RoleServer>,
) -> ListResourcesResult {
    let mut listed = ListResourcesResult::with_all_items(resources);
    listed.next_cursor = next;
    (listed.ttl_ms, listed.cache_scope) = stale_at_once(context);
    listed
}

/// The answer to `resources/templates/list`: all templates, on one page.
pub fn list_resource_templates(
    templates: Vec<ResourceTemplate>,
    context: &RequestContext<RoleServer>,
) -> ListResourceTemplatesResult {
    let mut listed = ListResourceTemplatesResult::with_all_items(templates);
    (listed.ttl_ms, listed.cache_scope) = caching(context);
    listed
}

/// The answer to `resources/read`, stale at once like the list.
pub fn read_resource(
    mut read: ReadResourceResult,
    context: &RequestContext<RoleServer>,
) -> ReadResourceResult {
    (read.ttl_ms, read.cache_scope) = stale_at_once(context);
    read
}

/// The hints of a tool that reads this server's own data and changes nothing.
pub fn reads_only(title: &str) -> ToolAnnotations {
    ToolAnnotations::with_title(title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(false)
}

/// A tool's answer, as structured content and the same JSON as text; a refusal is a tool error that the
/// model can act on.
pub fn answered<E: Display>(answer: Result<Value, E>) -> CallToolResult {
    match answer {
        Ok(value) => CallToolResult::structured(value),
        Err(refusal) => CallToolResult::error(vec![ContentBlock::text(refusal.to_string())]),
    }
}

/// The protocol error for a tool that is not there, naming those that are.
pub fn unknown_tool(known: &[&str]) -> ErrorData {
    let verb = if known.len() == 1 { "is" } else { "are" };
    let text = format!("Unknown tool. There {verb}: {}.", known.join(", "));
    ErrorData::invalid_params(text, None)
}

/// Cache hints, for callers that know them; older revisions do not know these members.
fn caching(context: &RequestContext<RoleServer>) -> (Option<u64>, Option<CacheScope>) {
    let knows = context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= CACHING_SINCE);
    if knows {
        (Some(TTL_MS), Some(CacheScope::Private))
    } else {
        (None, None)
    }
}

fn stale_at_once(context: &RequestContext<RoleServer>) -> (Option<u64>, Option<CacheScope>) {
    let (ttl_ms, scope) = caching(context);
    (ttl_ms.map(|_| 0), scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_tool_names_the_known_ones() {
        for (known, expected) in [
            (&["a"][..], "Unknown tool. There is: a."),
            (&["a", "b"], "Unknown tool. There are: a, b."),
        ] {
            assert_eq!(unknown_tool(known).message, expected, "{known:?}");
        }
    }

    #[test]
    fn an_answer_is_structured_and_a_refusal_is_a_tool_error() {
        let answer = answered::<&str>(Ok(json!({ "total": 1 })));
        assert_eq!(answer.structured_content, Some(json!({ "total": 1 })));
        assert_eq!(answer.is_error, Some(false));
        let refusal = serde_json::to_value(answered(Err("Try a number."))).unwrap();
        assert_eq!(refusal["isError"], true);
        assert_eq!(refusal["content"][0]["text"], "Try a number.");
        assert_eq!(refusal.get("structuredContent"), None);
    }

    #[test]
    fn a_reading_tool_says_that_it_changes_nothing() {
        let hints = serde_json::to_value(reads_only("Look")).unwrap();
        let expected = json!({
            "title": "Look", "readOnlyHint": true, "destructiveHint": false,
            "idempotentHint": true, "openWorldHint": false,
        });
        assert_eq!(hints, expected);
    }
}
