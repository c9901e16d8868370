//! Subscriptions and notifications over MCP: a stream of its own in the older revisions, a request that lasts in 2026-07-28.

use loop_shared::service::{Clock as _, SystemClock};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::changes::until;
use crate::harness::{RESOURCE, Server};

/// A client of the older revisions: its token and its session.
struct Legacy<'a> {
    server: &'a Server,
    token: String,
    session: String,
}

impl<'a> Legacy<'a> {
    async fn begin(server: &'a Server, subject: &str) -> Self {
        let token = token(server, subject);
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello });
        let request = post(server, &token).json(&body);
        let answer = request.send().await.unwrap();
        let session = answer.headers()["mcp-session-id"].to_str().unwrap();
        let session = session.to_owned();
        let body: Value = answer.json().await.unwrap();
        let resources = &body["result"]["capabilities"]["resources"];
        assert_eq!(
            *resources,
            json!({ "subscribe": true, "listChanged": true })
        );
        Self {
            server,
            token,
            session,
        }
    }

    async fn ask(&self, method: &str, uri: &str) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 2, "method": method, "params": { "uri": uri } });
        let request = post(self.server, &self.token)
            .header("Mcp-Session-Id", &self.session)
            .json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    fn listening(&self) -> RequestBuilder {
        self.server
            .http
            .get(self.server.url("/mcp"))
            .bearer_auth(&self.token)
            .header("Accept", "text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25")
            .header("Mcp-Session-Id", &self.session)
    }

    async fn listen(&self) -> (Response, String) {
        let mut stream = self.listening().send().await.unwrap();
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        assert_eq!(stream.headers()["x-accel-buffering"], "no");
        let mut seen = String::new();
        until(&mut stream, &mut seen, ": listening").await;
        (stream, seen)
    }
}

fn token(server: &Server, subject: &str) -> String {
    let token = server.issuer.token(RESOURCE, SystemClock.now());
    let token = token.scope("mcp:read").claim("sub", subject);
    token.sign(server.issuer.signing_key())
}

fn post(server: &Server, token: &str) -> RequestBuilder {
    server
        .http
        .post(server.url("/mcp"))
        .bearer_auth(token)
        .header("Accept", "application/json, text/event-stream")
        .header("MCP-Protocol-Version", "2025-11-25")
}

/// The URIs of the updates seen so far.
fn updates(seen: &str) -> Vec<String> {
    let data = seen.lines().filter_map(|line| line.strip_prefix("data: "));
    let messages = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    messages
        .filter(|message| message["method"] == "notifications/resources/updated")
        .map(|message| message["params"]["uri"].as_str().unwrap().to_owned())
        .collect()
}

const LIST_CHANGED: &str = "notifications/resources/list_changed";

#[tokio::test]
async fn an_older_client_hears_of_what_it_subscribed_to_and_of_new_notes() {
    let server = Server::start();
    let client = Legacy::begin(&server, "u1").await;
    let (mut stream, mut seen) = client.listen().await;
    for uri in ["vault://note/tasks/tsk-1.md", "vault://entity/prj-pay"] {
        let answer = client.ask("resources/subscribe", uri).await;
        assert_eq!(answer["result"], json!({}), "{answer}");
    }
    server.write("tasks/tsk-2.md", "nobody asked");
    server.write("tasks/tsk-1.md", "edited");
    until(&mut stream, &mut seen, "tsk-1.md").await;
    server.write(
        "projects/prj-pay.md",
        "---\nentity_type: Project\nentity_id: prj-pay\n---\n",
    );
    until(&mut stream, &mut seen, "vault://entity/prj-pay").await;
    let expected = ["vault://note/tasks/tsk-1.md", "vault://entity/prj-pay"];
    assert_eq!(updates(&seen), expected);
    assert!(!seen.contains(LIST_CHANGED), "{seen}");
    client.ask("resources/unsubscribe", expected[0]).await;
    server.write("tasks/tsk-1.md", "edited again");
    server.write("new.md", "new");
    until(&mut stream, &mut seen, LIST_CHANGED).await;
    assert_eq!(updates(&seen), expected);
    std::fs::remove_file(server.path("projects/prj-pay.md")).unwrap();
    while updates(&seen).len() < 3 {
        let so_far = seen.len();
        let mut more = String::new();
        until(&mut stream, &mut more, "\n\n").await;
        seen.push_str(&more);
        assert!(seen.len() > so_far);
    }
    assert_eq!(updates(&seen)[2], expected[1]);
}

#[tokio::test]
async fn a_client_of_2026_07_28_hears_the_same_in_a_request_that_lasts() {
    let server = Server::start();
    let uri = "vault://note/tasks/tsk-1.md";
    let wanted = json!({ "notifications": {
        "resourcesListChanged": true,
        "toolsListChanged": true,
        "resourceSubscriptions": [uri, "file:///etc/passwd"],
    } });
    let mut stream = server.modern("subscriptions/listen", wanted).await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut seen = String::new();
    until(&mut stream, &mut seen, "acknowledged").await;
    let accepted = seen
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .find_map(|data| serde_json::from_str::<Value>(data).ok())
        .unwrap();
    assert_eq!(
        accepted["params"]["notifications"],
        json!({ "resourcesListChanged": true, "resourceSubscriptions": [uri] })
    );
    server.write("tasks/tsk-1.md", "edited");
    until(&mut stream, &mut seen, "resources/updated").await;
    assert_eq!(updates(&seen), [uri]);
    assert!(
        seen.contains("\"io.modelcontextprotocol/subscriptionId\":7"),
        "{seen}"
    );
    server.write("new.md", "new");
    until(&mut stream, &mut seen, LIST_CHANGED).await;
    // The old way is not known there.
    let old = server
        .modern("resources/subscribe", json!({ "uri": uri }))
        .await;
    assert_eq!(old.status(), 404);
}

#[tokio::test]
async fn a_private_note_never_announces_itself() {
    let server = Server::start();
    let secret = "---\nvisibility: private\nentity_type: Task\nentity_id: tsk-secret\n---\nsecret";
    server.write("secret.md", secret);
    let client = Legacy::begin(&server, "u1").await;
    for uri in ["vault://note/secret.md", "vault://entity/tsk-secret"] {
        let answer = client.ask("resources/subscribe", uri).await;
        let nowhere = client
            .ask("resources/subscribe", "vault://note/no.md")
            .await;
        assert_eq!(answer, nowhere, "what is there is not told");
    }
    let (mut stream, mut seen) = client.listen().await;
    let wanted = json!({ "notifications": {
        "resourcesListChanged": true,
        "resourceSubscriptions": ["vault://note/secret.md", "vault://note/broken.md"],
    } });
    let mut modern = server.modern("subscriptions/listen", wanted).await;
    let mut heard = String::new();
    until(&mut modern, &mut heard, "acknowledged").await;
    let acknowledged = heard.len();
    server.write("secret.md", &format!("{secret} edited"));
    server.write("more.md", secret);
    client
        .ask("resources/subscribe", "vault://note/broken.md")
        .await;
    server.write("broken.md", "edited");
    until(&mut stream, &mut seen, "broken.md").await;
    until(&mut modern, &mut heard, "resources/updated").await;
    for text in [&seen[..], &heard[acknowledged..]] {
        assert_eq!(updates(text), ["vault://note/broken.md"]);
        assert!(!text.contains(LIST_CHANGED) && !text.contains("secret"));
    }
}

#[tokio::test]
async fn what_another_subscribed_to_is_not_heard_even_with_its_session() {
    let server = Server::start();
    let mine = Legacy::begin(&server, "u1").await;
    mine.ask("resources/subscribe", "vault://note/broken.md")
        .await;
    let thief = Legacy {
        server: &server,
        token: token(&server, "u2"),
        session: mine.session.clone(),
    };
    let beside = Legacy::begin(&server, "u1").await;
    assert_ne!(beside.session, mine.session);
    let (mut my_stream, mut i_heard) = mine.listen().await;
    let (mut other_stream, mut other_heard) = thief.listen().await;
    let (mut second_stream, mut second_heard) = beside.listen().await;
    // It cannot end what is mine either.
    thief
        .ask("resources/unsubscribe", "vault://note/broken.md")
        .await;
    server.write("broken.md", "edited");
    until(&mut my_stream, &mut i_heard, "broken.md").await;
    server.write("new.md", "new");
    until(&mut other_stream, &mut other_heard, LIST_CHANGED).await;
    until(&mut second_stream, &mut second_heard, LIST_CHANGED).await;
    assert!(!other_heard.contains("broken.md"), "{other_heard}");
    assert!(!second_heard.contains("broken.md"), "{second_heard}");
}

#[tokio::test]
async fn a_stream_that_was_cut_off_goes_on_and_a_lost_place_tells_everything() {
    let server = Server::start();
    let client = Legacy::begin(&server, "u1").await;
    client
        .ask("resources/subscribe", "vault://note/broken.md")
        .await;
    let (mut stream, mut seen) = client.listen().await;
    server.write("broken.md", "edited");
    until(&mut stream, &mut seen, "broken.md").await;
    let place = seen
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    drop(stream);
    server.write("missed.md", "meanwhile");
    let again = client.listening().header("Last-Event-ID", place);
    let (mut stream, mut more) = (again.send().await.unwrap(), String::new());
    until(&mut stream, &mut more, LIST_CHANGED).await;
    assert!(updates(&more).is_empty(), "{more}");
    for lost in ["eyJsb2ciOiJ4Iiwib3BlbiI6dHJ1ZSwibWFyayI6MX0", "not a place"] {
        let again = client.listening().header("Last-Event-ID", lost);
        let (mut stream, mut more) = (again.send().await.unwrap(), String::new());
        until(&mut stream, &mut more, "broken.md").await;
        assert!(more.contains(LIST_CHANGED), "{more}");
    }
}

#[tokio::test]
async fn listening_needs_a_token_a_known_host_and_takes_a_bounded_place() {
    let server = Server::start();
    let client = Legacy::begin(&server, "u1").await;
    let bare = server
        .http
        .get(server.url("/mcp"))
        .header("Accept", "text/event-stream");
    assert_eq!(bare.send().await.unwrap().status(), 401);
    for (name, value, status) in [
        ("Host", "evil.example", 403),
        ("Origin", "https://evil.example", 403),
        ("Accept", "application/json", 406),
        ("MCP-Protocol-Version", "2026-07-28", 405),
    ] {
        let mut request = client.listening().build().unwrap();
        let value = value.parse().unwrap();
        request.headers_mut().insert(name, value);
        let answer = server.http.execute(request).await.unwrap();
        assert_eq!(answer.status(), status, "{name}");
    }
    let mut streams = Vec::new();
    let refused = loop {
        let answer = client.listening().send().await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
        streams.push(answer);
        assert!(streams.len() <= 32);
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let other = Legacy::begin(&server, "u2").await;
    other.listen().await;
}

/// A request of 2026-07-28 that lasts.
async fn listen_for_the_list(server: &Server, token: &str) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {
        "notifications": { "resourcesListChanged": true },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    } });
    let request = post(server, token)
        .header("Mcp-Method", "subscriptions/listen")
        .json(&body);
    let mut request = request.build().unwrap();
    let version = "2026-07-28".parse().unwrap();
    request
        .headers_mut()
        .insert("MCP-Protocol-Version", version);
    server.http.execute(request).await.unwrap()
}

#[tokio::test]
async fn a_stream_ends_with_its_token_in_both_eras() {
    let server = Server::start();
    let now = SystemClock.now();
    let short = || {
        let token = server.issuer.token(RESOURCE, now).scope("mcp:read");
        let token = token.claim("exp", json!(now.timestamp() + 2));
        token.sign(server.issuer.signing_key())
    };
    let legacy = Legacy {
        server: &server,
        token: short(),
        session: String::new(),
    };
    let (mut stream, _) = legacy.listen().await;
    let mut modern = listen_for_the_list(&server, &short()).await;
    let mut heard = String::new();
    until(&mut modern, &mut heard, "\"result\"").await;
    for stream in [&mut stream, &mut modern] {
        let rest = async { while stream.chunk().await.unwrap().is_some() {} };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), rest).await;
        assert!(ended.is_ok(), "still open");
    }
}

#[tokio::test]
async fn a_stream_ends_within_seconds_of_the_end_of_its_grant_in_both_eras_and_others_go_on() {
    let server = Server::choosing(|cli, issuer| {
        cli.tokens.revocation.revocation_url = Some(issuer.revocation_url());
        cli.tokens.revocation.revocation_poll_seconds = Some("1".to_owned());
    });
    let now = SystemClock.now();
    server.issuer.revoke(&[], now);
    let granted = |sid: &str| {
        let token = server.issuer.token(RESOURCE, now).scope("mcp:read");
        let token = token.claim("sid", json!(sid));
        token.sign(server.issuer.signing_key())
    };
    let legacy = |sid: &str| Legacy {
        server: &server,
        token: granted(sid),
        session: String::new(),
    };
    let (mut ended, _) = legacy("grant-1").listen().await;
    let mut modern = listen_for_the_list(&server, &granted("grant-1")).await;
    let mut staying = listen_for_the_list(&server, &granted("grant-2")).await;
    let mut told = String::new();
    until(&mut staying, &mut told, "acknowledged").await;
    server.issuer.revoke(&["grant-1"], SystemClock.now());
    for stream in [&mut ended, &mut modern] {
        let rest = async { while stream.chunk().await.unwrap().is_some() {} };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), rest).await;
        assert!(ended.is_ok(), "still open");
    }
    server.write("later.md", "later");
    until(&mut staying, &mut told, "list_changed").await;
    assert_eq!(
        listen_for_the_list(&server, &granted("grant-1"))
            .await
            .status(),
        401
    );
}

#[tokio::test]
async fn no_session_subscribes_to_more_than_its_bound_or_to_what_is_none() {
    let server = Server::start();
    let client = Legacy::begin(&server, "u1").await;
    for uri in [
        "file:///etc/passwd",
        "",
        "vault://note/%FF",
        "vault://note/",
    ] {
        let answer = client.ask("resources/subscribe", uri).await;
        assert_eq!(answer["error"]["code"], -32602, "{uri}");
    }
    for n in 0..100 {
        let uri = format!("vault://note/{n}.md");
        let answer = client.ask("resources/subscribe", &uri).await;
        assert_eq!(answer["result"], json!({}), "{n}");
    }
    let answer = client
        .ask("resources/subscribe", "vault://note/more.md")
        .await;
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains("Unsubscribe from something first"), "{said}");
}
