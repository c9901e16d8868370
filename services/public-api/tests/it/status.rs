//! How the vault is served, and what is said before all of it is read.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Server, eventually, write};

#[actix_web::test]
async fn the_status_tells_notes_faults_and_the_place_of_the_feed() {
    let server = Server::start();
    let status = server.json("/api/status").await;
    assert_eq!(status["notes"], 6);
    assert_eq!(status["root_present"], true);
    assert!(status["faults"].as_u64() > Some(0), "{status}");
    assert!(status.get("indexing").is_none(), "{status}");
    let cursor = status["feed"]["cursor"].as_str().unwrap().to_owned();
    server.write("new.md", "# new");
    eventually("the change in the feed", async || {
        let changes = server.json(&format!("/api/changes?since={cursor}")).await;
        changes["results"][0]["path"] == "new.md"
    })
    .await;
    let status = server.json("/api/status").await;
    assert_eq!(status["notes"], 7);
    assert!(status["feed"]["last_change"].is_string(), "{status}");
    let open = server.http.get(server.url("/api/status")).send().await;
    assert_eq!(open.unwrap().status(), 401);
}

#[actix_web::test]
async fn until_all_is_read_answers_say_so_or_wait() {
    let server = Server::starting(|vault| {
        for n in 0..8_000 {
            let mut text = format!(
                "---\nentity_type: Task\nentity_id: tsk-{n}\nstatus: doing\ntags: [a, b]\n---\n# 결제 {n}\n"
            );
            for line in 0..40 {
                let _ = writeln!(text, "[[tsk-{line}]] some words of line {line}");
            }
            write(vault, &format!("d{}/n{n}.md", n % 10), &text);
        }
    });
    let reading = |status: &Value| status["indexing"]["percent"].as_u64();
    let status = server.json("/api/status").await;
    assert!(reading(&status) < Some(100), "{status}");
    assert!(status.get("feed").is_none());

    let ready = server
        .http
        .get(server.url("/api/readyz"))
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    let alive = server
        .http
        .get(server.url("/api/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), 200);

    let found = server.get("/api/search?q=결제").send().await.unwrap();
    assert_eq!(found.status(), 200);
    assert_eq!(found.headers()["retry-after"], "1");
    assert_eq!(found.headers()["cache-control"], "no-store");
    assert!(found.headers().contains_key("vault-reading") && !found.headers().contains_key("etag"));

    for waiting in [
        "/api/notes/zzz/not-yet.md",
        "/api/changes",
        "/api/lint",
        "/api/export",
        "/api/vault/scan",
        "/api/history?from=2026-01-01&to=2026-01-02",
        "/api/entities?as_of=2026-01-01",
    ] {
        let answer = server.get(waiting).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{waiting}");
        assert_eq!(answer.headers()["retry-after"], "1", "{waiting}");
    }
    let refused = server
        .tool("search", serde_json::json!({ "query": "결제" }))
        .await;
    assert_eq!(refused["isError"], true, "{refused}");
    let still = server.json("/api/status").await;
    assert!(
        reading(&still).is_some(),
        "read before the questions were over: {still}"
    );

    let began = std::time::Instant::now();
    while reading(&server.json("/api/status").await).is_some() {
        assert!(began.elapsed() < Duration::from_mins(2), "never read");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = server.get("/api/search?q=결제").send().await.unwrap();
    assert!(found.headers().contains_key("etag") && !found.headers().contains_key("vault-reading"));
    assert_eq!(found.json::<Value>().await.unwrap()["total"], 8_000);
}
