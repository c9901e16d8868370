//! Clients of the first revision (2024-11-05): a stream that names an address, and messages there; under the same token checks.

use loop_testkit::{Browser, Decision};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{EMAIL, PASSWORD, Proxy, fake};

/// A client with its stream.
struct Client<'a> {
    proxy: &'a Proxy,
    token: String,
    stream: Response,
    seen: String,
    /// Where its messages go.
    endpoint: String,
}

impl<'a> Client<'a> {
    async fn open(proxy: &'a Proxy, path: &str, token: &str) -> Client<'a> {
        let request = proxy.http.get(proxy.url(path)).bearer_auth(token);
        let stream = request.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        assert_eq!(stream.headers()["cache-control"], "no-store");
        let mut client = Client {
            proxy,
            token: token.to_owned(),
            stream,
            seen: String::new(),
            endpoint: String::new(),
        };
        let first = client.event().await;
        let endpoint = first.strip_prefix("event: endpoint\ndata: ");
        client.endpoint.push_str(endpoint.unwrap());
        client
    }

    /// The next event; comments are skipped.
    async fn event(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.seen.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.seen = rest;
                if event.starts_with("event:") {
                    return event;
                }
                continue;
            }
            let chunk = self
                .stream
                .chunk()
                .await
                .unwrap()
                .expect("the stream ended");
            self.seen.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message.
    async fn next(&mut self) -> Value {
        let event = self.event().await;
        serde_json::from_str(event.strip_prefix("event: message\ndata: ").unwrap()).unwrap()
    }

    async fn post(&self, body: &Value) -> StatusCode {
        post(self.proxy, &self.endpoint, &self.token, body).await
    }

    async fn initialize(&mut self) -> Value {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2024-11-05", "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "very old", "version": "1" } } });
        assert_eq!(self.post(&hello).await, 202);
        let answer = self.next().await;
        let known = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(&known).await, 202);
        answer
    }

    async fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        assert_eq!(self.post(&called(tool, arguments)).await, 202);
        self.next().await
    }
}

fn called(tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": "c/1", "method": "tools/call",
        "params": { "name": tool, "arguments": arguments, "_meta": { "progressToken": "mine" } } })
}

/// A token of the same person's for another client.
async fn another_client(proxy: &Proxy) -> String {
    let (url, client) = proxy.authorization_of("Another", "mcp:read").await;
    let browser = Browser::new();
    let outcome = browser.authorize(&url, EMAIL, PASSWORD, Decision::Allow);
    let code = outcome.await.parameter("code").unwrap();
    let tokens = proxy.redeem(&code, client).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn post(proxy: &Proxy, endpoint: &str, token: &str, body: &Value) -> StatusCode {
    let request = proxy.http.post(proxy.url(endpoint)).bearer_auth(token);
    request.json(body).send().await.unwrap().status()
}

#[tokio::test]
async fn answers_progress_and_questions_come_on_the_stream() {
    let servers = json!({ "servers": [{ "name": "files", "command": fake() }] });
    let proxy = Proxy::of_file("/files/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    for path in ["/files/sse", "/files/mcp/sse"] {
        let mut client = Client::open(&proxy, path, &token).await;
        let expected = format!("{path}/messages?sessionId=");
        assert!(
            client.endpoint.starts_with(&expected),
            "{}",
            client.endpoint
        );
        let early = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        assert_eq!(client.post(&early).await, 400, "initialize comes first");
        let hello = client.initialize().await;
        assert_eq!(hello["result"]["protocolVersion"], "2024-11-05", "{hello}");
        assert_eq!(hello["result"]["instructions"], "be kind");
        let echoed = client.call("echo", &json!({ "a": 1.0 })).await;
        assert_eq!(echoed["id"], "c/1");
        assert_eq!(echoed["result"]["content"][0]["text"], r#"{"a":1.0}"#);
        let first = client.call("progress", &json!({})).await;
        assert_eq!(
            first["params"],
            json!({ "progressToken": "mine", "progress": 1 })
        );
        for _ in 0..2 {
            assert_eq!(client.next().await["method"], "notifications/progress");
        }
        assert_eq!(client.next().await["result"]["content"][0]["text"], "done");
        let asked = client.call("ask", &json!({})).await;
        assert_eq!(asked["method"], "elicitation/create");
        let answer =
            json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept" } });
        assert_eq!(client.post(&answer).await, 202);
        let text = client.next().await["result"]["content"][0]["text"].to_string();
        assert!(text.contains("accept"), "{text}");
    }
}

#[tokio::test]
async fn an_old_stream_is_opened_and_used_with_a_token_of_its_user_and_its_server_alone() {
    let servers = json!({ "servers": [
        { "name": "files", "command": fake(), "tools": { "die": "mcp:exec" } },
        { "name": "other", "command": fake() },
    ]});
    let mut proxy = Proxy::of_file("/other/mcp", &servers, &[]);
    let other = proxy.token(EMAIL).await;
    proxy.at("/files/mcp");
    let token = proxy.token(EMAIL).await;
    let stranger = another_client(&proxy).await;
    for (path, with) in [("/files/sse", None), ("/files/sse", Some(&other))] {
        let mut request = proxy.http.get(proxy.url(path));
        if let Some(with) = with {
            request = request.bearer_auth(with);
        }
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 401);
        let told = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            told.contains("/.well-known/oauth-protected-resource/files/mcp"),
            "{told}"
        );
    }
    let nowhere = proxy
        .http
        .get(proxy.url("/nothing/sse"))
        .bearer_auth(&token);
    assert_eq!(nowhere.send().await.unwrap().status(), 404);
    let mut client = Client::open(&proxy, "/files/sse", &token).await;
    client.initialize().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let endpoint = client.endpoint.clone();
    let elsewhere = endpoint.replacen("/files/", "/other/", 1);
    let forged = format!("{endpoint}x");
    for (endpoint, token, expected) in [
        (&endpoint, "", 400),
        (&endpoint, other.as_str(), 401),
        (&endpoint, stranger.as_str(), 404),
        (&elsewhere, other.as_str(), 404),
        (&forged, token.as_str(), 404),
        (&endpoint, token.as_str(), 202),
    ] {
        let got = post(&proxy, endpoint, token, &ping).await;
        assert_eq!(got, expected, "{endpoint}");
    }
    assert_eq!(client.next().await["id"], 1, "only the last one was heard");
    assert_eq!(
        client.post(&called("die", &json!({}))).await,
        403,
        "its scopes hold here too"
    );
    drop(client);
    for _ in 0..50 {
        if post(&proxy, &endpoint, &token, &ping).await == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the session outlives its stream");
}

#[tokio::test]
async fn messages_that_come_faster_than_they_are_answered_are_refused() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let mut client = Client::open(&proxy, "/sse", &token).await;
    client.initialize().await;
    let mut last = StatusCode::OK;
    for _ in 0..65 {
        last = client.post(&called("hang", &json!({}))).await;
    }
    assert_eq!(last, 503);
}

#[tokio::test]
async fn a_very_old_client_works_with_a_server_at_an_address() {
    let backend = Backend::start();
    let servers = json!({ "servers": [{ "name": "web", "url": backend.url() }] });
    let proxy = Proxy::of_file("/web/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let mut client = Client::open(&proxy, "/web/sse", &token).await;
    client.initialize().await;
    let told = client.call("whoami", &json!({})).await;
    assert_eq!(
        told["result"]["content"][0]["text"], "nothing",
        "never the client's token"
    );
}
