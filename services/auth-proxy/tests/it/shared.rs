//! One process for everybody, where the file says so: nothing that may be one person's reaches another.

use serde_json::json;

use crate::harness::{EMAIL, Proxy, fake, lives, messages};

fn proxy() -> Proxy {
    let servers = json!({ "servers": [
        { "name": "common", "command": fake(), "shared": true },
        { "name": "own", "command": fake() },
    ]});
    Proxy::of_file("/common/mcp", &servers, &[])
}

#[tokio::test]
async fn a_shared_server_is_one_process_whatever_clients_can_do_and_others_are_not() {
    let mut proxy = proxy();
    let token = proxy.token(EMAIL).await;
    let one = proxy.session(&token, json!({})).await;
    let two = proxy.session(&token, json!({ "elicitation": {} })).await;
    let pid = one.text("pid", json!({})).await;
    assert_eq!(two.text("pid", json!({})).await, pid);
    // Looking after those who left does not end it.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(lives(pid.parse().unwrap()));
    assert_eq!(one.text("pid", json!({})).await, pid);
    proxy.at("/own/mcp");
    let token = proxy.token(EMAIL).await;
    let one = proxy.session(&token, json!({})).await;
    let two = proxy.session(&token, json!({ "elicitation": {} })).await;
    let first = one.text("pid", json!({})).await;
    assert_ne!(two.text("pid", json!({})).await, first);
}

#[tokio::test]
async fn a_shared_server_asks_nobody_and_tells_nobody_what_may_be_anothers() {
    let proxy = proxy();
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({ "elicitation": {} })).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "log", "arguments": {} } });
    let heard = messages(&session.send(&body).await.text().await.unwrap());
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["result"]["content"][0]["text"], "done");
    let progress = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "progress", "arguments": {}, "_meta": { "progressToken": "mine" } } });
    let heard = messages(&session.send(&progress).await.text().await.unwrap());
    assert_eq!(
        heard.len(),
        4,
        "what belongs to a request still comes: {heard:?}"
    );
    let ask = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": { "name": "ask", "arguments": {} } });
    let heard = messages(&session.send(&ask).await.text().await.unwrap());
    assert!(
        heard.iter().all(|it| it["method"] != "elicitation/create"),
        "{heard:?}"
    );
}
