//! A real MCP client finds its way in: discovers, registers, logs in, consents, searches, fetches.

use serde_json::json;

use crate::support::mcp::McpClient;
use crate::support::oauth::claims;
use crate::support::stack::Stack;

/// Lists, searches and fetches, as ChatGPT would.
fn search_and_fetch(client: &mut McpClient) {
    let listed = client.must(&json!({"op": "tools"}));
    let tools: Vec<&str> = listed["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    for needed in ["search", "fetch", "query_entities", "get_entity"] {
        assert!(tools.contains(&needed), "{needed} is not among {tools:?}");
    }

    let found = client.call("search", &json!({"query": "prj-sori-login"}));
    let results = found["results"].as_array().expect("results");
    let first = results
        .first()
        .expect("the sample vault speaks of its login project");
    for member in ["id", "title", "url"] {
        assert!(first[member].is_string(), "{member} of {first}");
    }
    let note = client.call("fetch", &json!({"id": first["id"]}));
    assert_eq!(note["id"], first["id"]);
    let text = note["text"].as_str().expect("a text");
    assert!(text.contains("sori"), "{text}");

    let tasks = client.call("query_entities", &json!({"type": ["Task"], "limit": 3}));
    assert_eq!(
        tasks["results"].as_array().map(Vec::len),
        Some(3),
        "{tasks}"
    );
    assert!(tasks["total"].as_u64() > Some(3), "{tasks}");
}

fn a_client_connects_in(mode: &str, expected_protocol: &str) {
    let Some(stack) = Stack::start() else { return };
    let Some(mut client) = McpClient::new(&stack.mcp()) else {
        return;
    };
    let connected = client.connect(mode);
    assert_eq!(connected["protocol"], expected_protocol, "{connected}");
    search_and_fetch(&mut client);

    let tokens = client.tokens();
    assert_eq!(tokens["logins"], 1, "one login opens everything");
    let claims = claims(tokens["access_token"].as_str().expect("a token"));
    assert_eq!(claims["aud"], stack.mcp());
    assert_eq!(claims["iss"], stack.url);
    assert_eq!(claims["scope"], "mcp:read");
    assert_eq!(claims["client_id"], tokens["client_id"]);
    let lasts = claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat");
    assert_eq!(lasts, 3600, "an access token lives one hour");
}

#[test]
fn the_python_sdk_connects_in_the_modern_era() {
    a_client_connects_in("auto", "2026-07-28");
}

#[test]
fn the_python_sdk_connects_in_the_legacy_era() {
    a_client_connects_in("legacy", "2025-11-25");
}

#[test]
fn what_a_client_does_leaves_one_access_line_and_no_secret_in_any_log() {
    let Some(stack) = Stack::start() else { return };
    let Some(mut client) = McpClient::new(&stack.mcp()) else {
        return;
    };
    client.connect("auto");
    client.call("search", &json!({"query": "회의"}));
    let tokens = client.tokens();
    let logs = stack.logs();
    let lines: Vec<&str> = logs
        .lines()
        .filter(|line| line.contains("access") && line.contains("search"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let subject = claims(tokens["access_token"].as_str().expect("a token"))["sub"].clone();
    for expected in [
        subject.as_str(),
        tokens["client_id"].as_str(),
        Some("mcp:read"),
        Some("200"),
    ] {
        let expected = expected.expect("a text");
        assert!(lines[0].contains(expected), "{expected} in {}", lines[0]);
    }
    for secret in [&tokens["access_token"], &tokens["refresh_token"]] {
        let secret = secret.as_str().expect("a token");
        assert!(!logs.contains(secret), "a token stands in a log");
        let tail = &secret[secret.len() - 24..];
        assert!(!logs.contains(tail), "a part of a token stands in a log");
    }
    for private in ["code=", "code_verifier", crate::support::stack::ADMIN.1] {
        assert!(!logs.contains(private), "{private:?} stands in a log");
    }
}

// private:begin
#[test]
fn an_executive_connects_the_same_client_to_the_exec_vault() {
    let Some(stack) = Stack::start() else { return };
    let Some(mut client) = McpClient::new(&stack.exec_mcp()) else {
        return;
    };
    client.connect("auto");
    let listed = client.must(&json!({"op": "tools"}));
    let tools = listed["tools"].as_array().map_or(0, Vec::len);
    assert!(tools > 5, "{listed}");
    let claims = claims(client.tokens()["access_token"].as_str().expect("a token"));
    assert_eq!(claims["aud"], stack.exec_mcp());
    let scope = claims["scope"].clone();
    assert!(
        scope.as_str().is_some_and(|s| s.contains("mcp:exec")),
        "{scope}"
    );
}
// private:end
