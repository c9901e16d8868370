//! What operators see: a record of calls, figures, a page about servers, commands.

use std::path::Path;

use loop_testkit::{Browser, Decision, free_port};
use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Proxy, builder, eventually, fake, subject};

fn servers() -> Value {
    json!({ "servers": [{ "name": "files", "command": fake(), "tools": { "eat": "mcp:exec" } }] })
}

/// One call that works, one that fails, one that is refused, and one of the new era.
async fn four_calls(proxy: &Proxy, token: &str) {
    let session = proxy.session(token, json!({})).await;
    session
        .text("echo", json!({ "password": "hunter22" }))
        .await;
    session.call("die", json!({})).await;
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "eat" } });
    assert_eq!(session.send(&body).await.status(), 403);
    let params = json!({ "name": "echo", "arguments": {} });
    let modern = proxy.modern(token, "tools/call", params).send().await;
    assert_eq!(modern.unwrap().status(), 200);
}

/// The records of a log.
fn records(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn each_call_leaves_one_record_without_its_arguments_and_tampering_is_found() {
    let mut proxy = Proxy::of_file("/files/mcp", &servers(), &[]);
    let token = proxy.token(EMAIL).await;
    let user = subject(&token);
    four_calls(&proxy, &token).await;
    let file = proxy.data().join("audit.jsonl");
    eventually("four records", || records(&file).len() == 4);
    let told = records(&file).into_iter().map(|line| {
        assert_eq!(line["actor"], format!("user:{user}"), "{line}");
        assert_eq!(line["subject"], "server:files", "{line}");
        let details = &line["details"];
        assert!(line["client"].is_string() && details["ms"].is_string());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {}", text(&details["name"]), text(&line["outcome"]))
    });
    let expected = ["echo done", "die failed", "eat refused", "echo done"];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("hunter22"));
    proxy.service.terminate();
    let audit = || {
        let data = tempfile::tempdir().unwrap();
        let command = builder(&data).env("AUDIT_FILE", &file).arg("audit");
        command.run()
    };
    let (status, said) = audit();
    assert!(
        status.success() && said.contains("whole: 4 records"),
        "{said}"
    );
    std::fs::write(&file, text.replacen("refused", "done", 1)).unwrap();
    let (status, said) = audit();
    assert!(!status.success() && said.contains("tampered"), "{said}");
}

#[tokio::test]
async fn calls_are_counted_by_server_and_outcome() {
    let metrics = format!("127.0.0.1:{}", free_port());
    let settings = [("METRICS_LISTEN", metrics.as_str())];
    let proxy = Proxy::of_file("/files/mcp", &servers(), &settings);
    let token = proxy.token(EMAIL).await;
    four_calls(&proxy, &token).await;
    let page = proxy.http.get(format!("http://{metrics}/metrics"));
    let page = page.send().await.unwrap().text().await.unwrap();
    for line in [
        r#"loop_proxy_calls_total{server="files",outcome="done"} 2"#,
        r#"loop_proxy_calls_total{server="files",outcome="failed"} 1"#,
        r#"loop_proxy_calls_total{server="files",outcome="refused"} 1"#,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
}

#[tokio::test]
async fn administrators_see_what_each_server_does_and_what_went_wrong() {
    let mut proxy = Proxy::of_file("/files/mcp", &servers(), &[]);
    let page = proxy.url("/servers").parse().unwrap();
    let admin = Browser::new();
    let stranger = admin.get(&page).await;
    let login = stranger.headers()["location"].to_str().unwrap();
    assert!(login.starts_with("/oauth/login?return_to="), "{login}");
    let (url, client) = proxy.authorization("mcp:read").await;
    let outcome = admin
        .authorize(&url, EMAIL, PASSWORD, Decision::Allow)
        .await;
    let tokens = proxy
        .redeem(&outcome.parameter("code").unwrap(), client)
        .await;
    let token = tokens["access_token"].as_str().unwrap();
    let html = admin.get(&page).await.text().await.unwrap();
    assert!(
        html.contains("Not in use") && html.contains("No error"),
        "{html}"
    );
    let session = proxy.session(token, json!({})).await;
    let html = admin.get(&page).await.text().await.unwrap();
    for said in [
        "<dt>Running now</dt><dd>1</dd>",
        "<dt>People in 30 days</dt><dd>1</dd>",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    session.call("die", json!({})).await;
    let html = admin.get(&page).await.text().await.unwrap();
    assert!(
        html.contains("I cannot go on") && html.contains("In trouble"),
        "{html}"
    );
    drop(session);
    proxy.service.terminate();
    proxy.service.restart();
    // The browser notices that its connection is gone.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let html = admin.get(&page).await.text().await.unwrap();
    for said in [
        "Not in use",
        "I cannot go on",
        "<dt>People in 30 days</dt><dd>1</dd>",
    ] {
        assert!(html.contains(said), "{said} after a restart: {html}");
    }
    std::fs::write(proxy.file(), "{\"servers\": 7}").unwrap();
    eventually("the mistake is noted", || {
        proxy.service.logs().contains("stay as they were")
    });
    let html = admin.get(&page).await.text().await.unwrap();
    assert!(
        html.contains("has mistakes") && html.contains("mcp_servers.json:1"),
        "{html}"
    );
}

#[test]
fn the_secret_of_connections_is_exchanged_by_a_command() {
    let data = tempfile::tempdir().unwrap();
    let secrets = "the-new-secret-of-32-bytes-or-more!,the-old-secret-of-32-bytes-or-more!";
    let command = builder(&data)
        .env("AUTH_ENCRYPTION_SECRET", secrets)
        .arg("rekey");
    let (status, said) = command.run();
    assert!(status.success() && said.contains("0 connections"), "{said}");
}
