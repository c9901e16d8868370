//! The transport of MCP 2024-11-05, where it is switched on.

use loop_shared::service::{Clock as _, SystemClock};
use reqwest::Response;
use serde_json::{Value, json};

use crate::changes::until;
use crate::harness::{RESOURCE, Server, write};

fn switched_on() -> Server {
    Server::with(
        |vault| {
            write(vault, "a.md", "결제");
            write(vault, "secret.md", "---\nvisibility: private\n---\n결제");
        },
        |cli| cli.legacy_sse = Some("true".to_owned()),
    )
}

fn token(server: &Server, subject: &str, client: &str, seconds: i64) -> String {
    let now = SystemClock.now();
    let token = server.issuer.token(RESOURCE, now).scope("mcp:read");
    token
        .claim("sub", subject)
        .claim("client_id", client)
        .claim("exp", json!(now.timestamp() + seconds))
        .sign(server.issuer.signing_key())
}

/// A stream, what was read of it, and where its messages go.
struct Client<'a> {
    server: &'a Server,
    stream: Response,
    seen: String,
    endpoint: String,
}

impl<'a> Client<'a> {
    async fn open(server: &'a Server, token: &str) -> Self {
        let request = server.http.get(server.url("/sse")).bearer_auth(token);
        let mut stream = request.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut seen = String::new();
        until(&mut stream, &mut seen, "\n\n").await;
        let endpoint = seen
            .strip_prefix("event: endpoint\ndata: ")
            .unwrap()
            .trim()
            .to_owned();
        assert!(
            endpoint.starts_with("/sse/messages?sessionId="),
            "{endpoint}"
        );
        Self {
            server,
            stream,
            seen,
            endpoint,
        }
    }

    async fn post(&self, token: &str, message: &Value) -> u16 {
        let url = self.server.url(&self.endpoint);
        let request = self.server.http.post(url).bearer_auth(token).json(message);
        request.send().await.unwrap().status().as_u16()
    }

    async fn initialize(&mut self, token: &str) {
        let hello = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } });
        let hello = request(1, "initialize", &hello);
        assert_eq!(self.post(token, &hello).await, 202);
        until(&mut self.stream, &mut self.seen, "serverInfo").await;
        assert!(self.seen.contains("\"protocolVersion\":\"2024-11-05\""));
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.post(token, &done).await, 202);
    }
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[tokio::test]
async fn an_old_client_asks_over_one_address_and_is_answered_on_its_stream() {
    let server = switched_on();
    let token = token(&server, "u1", "c1", 600);
    let mut client = Client::open(&server, &token).await;
    client.initialize(&token).await;
    let call = json!({ "name": "search", "arguments": { "query": "결제" } });
    assert_eq!(
        client.post(&token, &request(2, "tools/call", &call)).await,
        202
    );
    until(&mut client.stream, &mut client.seen, "\"id\":2").await;
    assert!(client.seen.contains("a.md") && !client.seen.contains("secret.md"));
    let uri = json!({ "uri": "vault://note/a.md" });
    client
        .post(&token, &request(3, "resources/subscribe", &uri))
        .await;
    until(&mut client.stream, &mut client.seen, "\"id\":3").await;
    server.write("secret.md", "---\nvisibility: private\n---\nmore");
    server.write("a.md", "edited");
    until(&mut client.stream, &mut client.seen, "resources/updated").await;
    assert!(!client.seen.contains("list_changed"), "{}", client.seen);
}

#[tokio::test]
async fn it_is_not_there_unless_it_is_switched_on() {
    let server = Server::start();
    for path in ["/sse", "/sse/messages?sessionId=x"] {
        let answer = server.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn only_who_opened_a_stream_speaks_in_it() {
    let server = switched_on();
    let mine = token(&server, "u1", "c1", 600);
    let mut client = Client::open(&server, &mine).await;
    client.initialize(&mine).await;
    let ping = request(9, "ping", &json!({}));
    let other_person = token(&server, "u2", "c1", 600);
    let other_client = token(&server, "u1", "c2", 600);
    assert_eq!(client.post(&other_person, &ping).await, 404);
    assert_eq!(client.post(&other_client, &ping).await, 404);
    assert_eq!(client.post("nonsense", &ping).await, 401);
    let url = server.url(&client.endpoint);
    let post = || server.http.post(&url).bearer_auth(&mine).json(&ping);
    for (name, value) in [("Host", "evil.example"), ("Origin", "https://evil.example")] {
        let mut request = post().build().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = server.http.execute(request).await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
    }
    for (path, body, kind, status) in [
        ("/sse/messages", "{}", "application/json", 404),
        (
            "/sse/messages?sessionId=guess",
            "{}",
            "application/json",
            404,
        ),
        (&client.endpoint, "{", "application/json", 400),
        (&client.endpoint, "[]", "application/json", 400),
        (&client.endpoint, "{}", "text/plain", 415),
    ] {
        let request = server.http.post(server.url(path)).bearer_auth(&mine);
        let answer = request.header("Content-Type", kind).body(body);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), status, "{path} {body} {kind}");
    }
    let huge = "x".repeat(2 * 1024 * 1024);
    let request = server.http.post(&url).bearer_auth(&mine);
    let answer = request
        .header("Content-Type", "application/json")
        .body(huge);
    assert_eq!(answer.send().await.unwrap().status(), 413);
    let delete = server.http.delete(&url).bearer_auth(&mine);
    assert_eq!(delete.send().await.unwrap().status(), 405);
    assert_eq!(client.post(&mine, &ping).await, 202);
    until(&mut client.stream, &mut client.seen, "\"id\":9").await;
}

#[tokio::test]
async fn a_stream_of_2024_11_05_ends_with_its_newest_token() {
    let server = switched_on();
    let (short, long) = (
        token(&server, "u1", "c1", 5),
        token(&server, "u1", "c1", 600),
    );
    let mut dying = Client::open(&server, &short).await;
    let mut living = Client::open(&server, &short).await;
    living.initialize(&long).await;
    let rest = async { while dying.stream.chunk().await.unwrap().is_some() {} };
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), rest).await;
    assert!(ended.is_ok(), "still open");
    let ping = request(5, "ping", &json!({}));
    assert_eq!(dying.post(&long, &ping).await, 404, "it is gone");
    assert_eq!(living.post(&long, &ping).await, 202);
    until(&mut living.stream, &mut living.seen, "\"id\":5").await;
}

#[tokio::test]
async fn one_caller_has_a_bounded_number_of_old_streams() {
    let server = switched_on();
    let mine = token(&server, "u1", "c1", 600);
    let open = |token: String| {
        server
            .http
            .get(server.url("/sse"))
            .bearer_auth(token)
            .send()
    };
    let mut streams = Vec::new();
    let refused = loop {
        let answer = open(mine.clone()).await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
        streams.push(answer);
        assert!(streams.len() <= 16);
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let other = open(token(&server, "u2", "c1", 600)).await.unwrap();
    assert_eq!(other.status(), 200);
}
