//! The change feed over REST, as a stream and over MCP.

use std::time::Duration;

use loop_shared::service::{Clock, SystemClock};
use reqwest::Response;
use serde_json::{Value, json};

use crate::harness::{RESOURCE, Server, eventually};
use crate::mcp::structured;

/// Reads a stream until it holds a text; fails after ten seconds.
pub(crate) async fn until(stream: &mut Response, seen: &mut String, wanted: &str) {
    while !seen.contains(wanted) {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| Ok(None));
        let bytes = chunk.unwrap();
        assert!(bytes.is_some(), "never: {wanted} in {seen}");
        seen.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
    }
}

#[tokio::test]
async fn changes_are_told_behind_a_cursor_and_the_tool_tells_the_newest_first() {
    let server = Server::start();
    let begin: Value = server.json("/api/changes?since=now").await;
    assert_eq!(
        (&begin["results"], &begin["more"]),
        (&json!([]), &json!(false))
    );
    server.write(
        "tasks/tsk-9.md",
        "---\nentity_type: Task\nentity_id: tsk-9\nstatus: todo\n---\n",
    );
    let url = format!("/api/changes?since={}", begin["cursor"].as_str().unwrap());
    eventually("one change", || async {
        server.json(&url).await["results"].as_array().unwrap().len() == 1
    })
    .await;
    server.write(
        "tasks/tsk-9.md",
        "---\nentity_type: Task\nentity_id: tsk-9\nstatus: done\n---\n",
    );
    eventually("two changes", || async {
        server.json(&url).await["results"].as_array().unwrap().len() == 2
    })
    .await;
    let found = server.json(&url).await;
    let last = &found["results"][1];
    assert_eq!(
        (&last["kind"], &last["id"]),
        (&json!("changed"), &json!("tsk-9"))
    );
    assert_eq!(
        last["fields"],
        json!([{ "field": "status", "before": "todo", "after": "done" }])
    );
    let one = server.json(&format!("{url}&limit=1")).await;
    assert_eq!(
        (&one["results"][0], &one["more"]),
        (&found["results"][0], &json!(true))
    );
    let tool = server.tool("recent_changes", json!({ "limit": 1 })).await;
    let page = structured(&tool);
    assert_eq!(page["results"][0], *last);
    let older = json!({ "limit": 1, "cursor": page["cursor"] });
    assert_eq!(
        structured(&server.tool("recent_changes", older).await)["results"][0],
        found["results"][0]
    );
}

#[tokio::test]
async fn a_place_is_a_cursor_a_day_or_a_time_and_a_lost_one_is_gone() {
    let server = Server::start();
    for (since, expected) in [
        ("x", 400),
        ("2026-13-01", 400),
        ("2020-01-01", 200),
        ("2020-01-01T00:00:00Z", 200),
    ] {
        let answer = server
            .get(&format!("/api/changes?since={since}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), expected, "{since}");
    }
    // A cursor of another life of the feed.
    let answer = server
        .get("/api/changes?since=eyJsb2ciOiJ4Iiwib3BlbiI6dHJ1ZSwibWFyayI6MX0")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 410);
}

#[tokio::test]
async fn a_stream_tells_changes_as_they_happen_and_goes_on_where_it_was_cut_off() {
    let server = Server::start();
    let mut stream = server.get("/api/changes/live").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut seen = String::new();
    until(&mut stream, &mut seen, ": following").await;
    server.write("one.md", "one");
    until(&mut stream, &mut seen, "one.md").await;
    let id = seen
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap()
        .to_owned();
    drop(stream);
    server.write("two.md", "two");
    let again = server.get("/api/changes/live").header("Last-Event-ID", id);
    let (mut stream, mut seen) = (again.send().await.unwrap(), String::new());
    until(&mut stream, &mut seen, "two.md").await;
    assert!(!seen.contains("one.md"), "{seen}");
}

#[tokio::test]
async fn private_notes_are_not_told_in_a_stream() {
    let server = Server::start();
    let mut stream = server.get("/api/changes/live").send().await.unwrap();
    let mut seen = String::new();
    server.write("secret.md", "---\nvisibility: private\n---\nsecret");
    server.write("open.md", "open");
    until(&mut stream, &mut seen, "open.md").await;
    server.write("secret.md", "---\nvisibility: private\n---\nsecret again");
    server.write("end.md", "open");
    until(&mut stream, &mut seen, "end.md").await;
    assert!(!seen.contains("secret"), "{seen}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_says_so() {
    let server = Server::start();
    let now = SystemClock.now();
    // Tokens are let in up to a minute past their end; a stream is not held open on that.
    let token = server
        .issuer
        .token(RESOURCE, now)
        .claim("exp", json!(now.timestamp() + 2));
    let token = token.sign(server.issuer.signing_key());
    let request = server
        .http
        .get(server.url("/api/changes/live"))
        .bearer_auth(token);
    let (mut stream, mut seen) = (request.send().await.unwrap(), String::new());
    until(&mut stream, &mut seen, "event: end").await;
    assert!(seen.contains("token"), "{seen}");
    assert_eq!(stream.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_ends_within_seconds_of_the_end_of_its_grant() {
    let server = Server::choosing(|cli, issuer| {
        cli.tokens.revocation.revocation_url = Some(issuer.revocation_url());
        cli.tokens.revocation.revocation_poll_seconds = Some("1".to_owned());
    });
    let now = SystemClock.now();
    server.issuer.revoke(&[], now);
    let follow = async |sid: &str| {
        let token = server.issuer.token(RESOURCE, now).claim("sid", json!(sid));
        let token = token.sign(server.issuer.signing_key());
        let request = server.http.get(server.url("/api/changes/live"));
        request.bearer_auth(token).send().await.unwrap()
    };
    let (mut ended, mut stays) = (follow("grant-1").await, follow("grant-2").await);
    let (mut seen, mut other) = (String::new(), String::new());
    until(&mut ended, &mut seen, ": following").await;
    server.issuer.revoke(&["grant-1"], SystemClock.now());
    until(&mut ended, &mut seen, "event: end").await;
    assert!(seen.contains("grant has ended"), "{seen}");
    assert_eq!(ended.chunk().await.unwrap(), None);
    server.write("later.md", "later");
    until(&mut stays, &mut other, "later.md").await;
    assert_eq!(follow("grant-1").await.status(), 401);
}

#[tokio::test]
async fn no_more_streams_are_held_than_can_be_and_a_place_is_free_again() {
    let server = Server::start();
    let open = || async { server.get("/api/changes/live").send().await.unwrap() };
    let mut streams = Vec::new();
    let refused = loop {
        let answer = open().await;
        if answer.status() != 200 {
            break answer;
        }
        streams.push(answer);
        assert!(streams.len() <= 32);
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    streams.clear();
    // A stream that nobody reads is noticed when something is written to it, for the second time.
    let round = std::cell::Cell::new(0);
    eventually("a free place", || async {
        round.set(round.get() + 1);
        server.write("wake.md", &round.get().to_string());
        open().await.status() == 200
    })
    .await;
}
