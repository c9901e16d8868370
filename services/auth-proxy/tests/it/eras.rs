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
        ("mcp-protocol-version", "2099-01-01", -32020),
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

#[tokio::test]
async fn an_unknown_revision_is_refused_with_those_that_are_spoken() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let params = json!({ "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2099-01-01", "io.modelcontextprotocol/clientCapabilities": {} } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params });
    let refused = proxy
        .post(&token, &body)
        .header("mcp-protocol-version", "2099-01-01")
        .header("mcp-method", "tools/list");
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], -32022, "{body}");
    assert_eq!(body["error"]["data"]["requested"], "2099-01-01");
    assert_eq!(body["error"]["data"]["supported"][0], "2026-07-28");
}

#[tokio::test]
async fn what_the_newest_revision_took_away_reaches_no_server() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        let refused = proxy
            .modern(&token, method, json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 404, "{method}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["error"]["code"], -32601, "{method}: {body}");
        assert_eq!(body["id"], 5, "{method}");
    }
}

#[tokio::test]
async fn a_question_that_a_modern_client_cannot_answer_is_an_error_and_ends_the_request() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let params = json!({ "name": "ask", "arguments": {}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let refused = proxy
        .post(&token, &body)
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "ask");
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], -32021, "{body}");
    let needed = &body["error"]["data"]["requiredCapabilities"];
    assert_eq!(*needed, json!({ "elicitation": {} }));
}

#[tokio::test]
async fn a_modern_request_hears_no_log_that_it_did_not_ask_for() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    for (level, heard) in [
        (None, &[][..]),
        (Some("warning"), &["error"][..]),
        (Some("debug"), &["info", "error"][..]),
    ] {
        let mut params = json!({ "name": "log", "arguments": {} });
        if let Some(level) = level {
            params["_meta"]["io.modelcontextprotocol/logLevel"] = json!(level);
        }
        let answered = proxy.modern(&token, "tools/call", params).send().await;
        let got = messages(&answered.unwrap().text().await.unwrap());
        let levels: Vec<_> = got
            .iter()
            .filter(|message| message["method"] == "notifications/message")
            .map(|message| message["params"]["level"].as_str().unwrap())
            .collect();
        assert_eq!(levels, heard, "{level:?}");
        assert_eq!(got.last().unwrap()["result"]["resultType"], "complete");
    }
}

#[tokio::test]
async fn a_client_that_names_event_streams_first_gets_one() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for (accept, kind) in [
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream, application/json", "text/event-stream"),
    ] {
        let mut request = proxy.post(&token, &body).build().unwrap();
        let headers = request.headers_mut();
        headers.insert("accept", accept.parse().unwrap());
        headers.insert("mcp-session-id", session.id.parse().unwrap());
        let answered = proxy.http.execute(request).await.unwrap();
        assert_eq!(answered.headers()["content-type"], kind, "{accept}");
        let listed = last(&answered.text().await.unwrap());
        assert_eq!(listed["result"]["tools"][0]["name"], "echo", "{accept}");
    }
}
