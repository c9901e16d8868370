//! Clients of both eras in front of an old stdio server: everything passes, byte for byte.

use serde_json::{Value, json};

use crate::harness::{EMAIL, Proxy, last, messages};

#[tokio::test]
async fn schemas_pass_byte_for_byte_and_large_results_whole() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let body = json!({ "jsonrpc": "2.0", "id": "a/1", "method": "tools/list" });
    let listed = session.send(&body).await.text().await.unwrap();
    let expected = r#"{"type":"object","z":1.0,"a":1e3,"$x":"\u00e9"}"#;
    assert!(
        listed.contains(expected) && listed.starts_with(r#"{"jsonrpc":"2.0","id":"a/1","#),
        "{listed}"
    );
    let modern = proxy
        .modern(&token, "tools/list", json!({}))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(modern.contains(expected), "{modern}");
    let many = 3_000_000;
    assert_eq!(
        session.text("big", json!({ "bytes": many })).await.len(),
        many
    );
}

#[tokio::test]
async fn progress_comes_on_the_requests_own_stream_under_the_clients_own_token() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let params =
        json!({ "name": "progress", "arguments": {}, "_meta": { "progressToken": "mine" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let legacy = session.send(&body).await.text().await.unwrap();
    let modern = proxy
        .modern(&token, "tools/call", params)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for stream in [legacy, modern] {
        let got = messages(&stream);
        let steps: Vec<_> = got[..3].iter().map(|message| &message["params"]).collect();
        for (at, step) in steps.iter().enumerate() {
            assert_eq!(
                **step,
                json!({ "progressToken": "mine", "progress": at + 1 })
            );
        }
        assert_eq!(got[3]["result"]["content"][0]["text"], "done");
    }
}

#[tokio::test]
async fn a_question_of_the_server_is_asked_and_answered_in_both_eras() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({ "elicitation": {} })).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "ask", "arguments": {} } });
    let mut stream = session.send(&body).await;
    let asked = last(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    assert_eq!(asked["method"], "elicitation/create");
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "decline" } });
    assert_eq!(session.send(&answer).await.status(), 202);
    let answered = last(&stream.text().await.unwrap());
    assert_eq!(
        answered["result"]["content"][0]["text"],
        r#"{"action":"decline"}"#
    );

    let first = proxy.modern(
        &token,
        "tools/call",
        json!({ "name": "ask", "arguments": {} }),
    );
    let asked: Value = first.send().await.unwrap().json().await.unwrap();
    assert_eq!(asked["result"]["resultType"], "input_required");
    let requests = asked["result"]["inputRequests"].as_object().unwrap();
    let (key, request) = requests.iter().next().unwrap();
    assert_eq!(request["params"]["message"], "Your name?");
    let again = |state: &Value| {
        let params = json!({
            "name": "ask", "arguments": {}, "requestState": state,
            "inputResponses": { key.as_str(): { "action": "accept", "content": { "name": "Ada" } } },
        });
        proxy.modern(&token, "tools/call", params).send()
    };
    let forged: Value = again(&json!("forged")).await.unwrap().json().await.unwrap();
    assert_eq!(forged["error"]["code"], -32602, "{forged}");
    let done: Value = again(&asked["result"]["requestState"])
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(done["result"]["resultType"], "complete");
    assert!(
        done["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("Ada"),
        "{done}"
    );
    let twice: Value = again(&asked["result"]["requestState"])
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(twice["error"]["code"], -32602, "a state is good once");
}

#[tokio::test]
async fn a_modern_client_discovers_an_old_server() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let found: Value = proxy
        .modern(&token, "server/discover", json!({}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let result = &found["result"];
    assert_eq!(result["supportedVersions"][0], "2026-07-28");
    assert_eq!(result["instructions"], "be kind");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "fake"
    );
    assert_eq!(
        result["capabilities"],
        json!({ "tools": { "listChanged": true }, "logging": {} })
    );
    let unknown = proxy
        .modern(&token, "no/such", json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
    let listen =
        json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true } });
    let mut stream = proxy
        .modern(&token, "subscriptions/listen", listen)
        .send()
        .await
        .unwrap();
    let first = last(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(
        first["params"]["notifications"],
        json!({ "toolsListChanged": true })
    );
    assert_eq!(
        first["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        5
    );
}

#[tokio::test]
async fn a_modern_request_whose_headers_and_body_disagree_is_refused() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let call = || json!({ "name": "echo", "arguments": {} });
    for (header, value, code) in [
        ("mcp-method", "tools/list", -32020),
        ("mcp-name", "die", -32020),
        ("mcp-protocol-version", "2025-11-25", -32020),
        ("mcp-protocol-version", "2099-01-01", -32022),
    ] {
        let request = proxy.modern(&token, "tools/call", call()).build().unwrap();
        let mut request = request;
        request.headers_mut().insert(header, value.parse().unwrap());
        let refused = proxy.http.execute(request).await.unwrap();
        assert_eq!(refused.status(), 400, "{header}: {value}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["error"]["code"], code, "{header}: {value}: {body}");
    }
    let encoded = proxy.modern(&token, "tools/call", call()).build().unwrap();
    let mut encoded = encoded;
    encoded
        .headers_mut()
        .insert("mcp-name", "=?base64?ZWNobw==?=".parse().unwrap());
    assert_eq!(proxy.http.execute(encoded).await.unwrap().status(), 200);
}
