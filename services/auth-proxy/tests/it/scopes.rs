//! Tools that need more than the login: hidden from lists, refused with the scope to ask for.

use serde_json::{Value, json};

use crate::harness::{EMAIL, Proxy, fake, last};

fn servers() -> Value {
    json!({ "servers": [
        { "name": "files", "command": fake(), "tools": { "d*": "mcp:exec" } },
    ]})
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

fn call(name: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": name, "arguments": {} } })
}

const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;

#[tokio::test]
async fn a_tool_beyond_the_scopes_is_neither_listed_nor_called_and_the_scope_is_named() {
    let proxy = Proxy::of_file("/files/mcp", &servers(), &[]);
    let document: Value = proxy
        .http
        .get(proxy.url("/.well-known/oauth-protected-resource/files/mcp"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        document["scopes_supported"],
        json!(["mcp:read", "mcp:exec"])
    );
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let list: Value = serde_json::from_str(LIST).unwrap();
    let listed = session.send(&list).await.text().await.unwrap();
    assert_eq!(names(&last(&listed)), ["echo"]);
    // What stays keeps its bytes.
    assert!(
        listed.contains(r#""z":1.0,"a":1e3,"$x":"\u00e9""#),
        "{listed}"
    );
    let modern = proxy.modern(&token, "tools/list", json!({}));
    let modern = modern.send().await.unwrap().text().await.unwrap();
    assert_eq!(names(&last(&modern)), ["echo"]);

    for refused in [
        session.send(&call("die")).await,
        proxy
            .modern(
                &token,
                "tools/call",
                json!({ "name": "die", "arguments": {} }),
            )
            .send()
            .await
            .unwrap(),
    ] {
        assert_eq!(refused.status(), 403);
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            challenge
                .starts_with(r#"Bearer error="insufficient_scope", scope="mcp:read mcp:exec""#)
                && challenge.contains("resource_metadata="),
            "{challenge}"
        );
    }
    // The child was never asked: it would have died.
    assert_eq!(session.text("echo", json!({ "a": 1 })).await, r#"{"a":1}"#);
}

#[tokio::test]
async fn whoever_asks_for_the_scope_at_the_login_may_call_the_tool_in_the_same_session() {
    let proxy = Proxy::of_file("/files/mcp", &servers(), &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let list: Value = serde_json::from_str(LIST).unwrap();
    let stepped = proxy.tokens_with(EMAIL, "mcp:read mcp:exec").await;
    let stepped = stepped["access_token"].as_str().unwrap();
    let request = proxy
        .post(stepped, &list)
        .header("mcp-session-id", &session.id);
    let listed = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(names(&last(&listed)), ["echo", "die"]);
    let request = proxy
        .post(stepped, &call("die"))
        .header("mcp-session-id", &session.id);
    let died = request.send().await.unwrap().text().await.unwrap();
    assert!(died.contains("I cannot go on"), "{died}");
}

#[tokio::test]
async fn no_spelling_of_a_call_gets_past_the_scopes() {
    let proxy = Proxy::of_file("/files/mcp", &servers(), &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let pid = session.text("pid", json!({})).await;
    for (body, expected) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"d\u0069e"}}"#,
            403,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"die"}}"#,
            403,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"die"}}"#,
            400,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"die"}}"#,
            400,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["die"]}}"#,
            400,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[{"name":"die"}]}"#,
            400,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, 400),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"die"}}]"#,
            400,
        ),
    ] {
        let request = proxy
            .http
            .post(proxy.url("/files/mcp"))
            .bearer_auth(&token)
            .header("mcp-session-id", &session.id)
            .body(body);
        let answered = request.send().await.unwrap();
        assert_eq!(answered.status(), expected, "{body}");
    }
    // A notification is no call: nothing runs.
    let quiet = json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "die" } });
    session.send(&quiet).await;
    assert_eq!(session.text("pid", json!({})).await, pid);
}
