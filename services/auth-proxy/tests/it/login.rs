//! The login in front: refused strangers, metadata, restarts, other people's sessions, misused addresses.

use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Proxy, builder, fake};

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_and_a_user_gets_in() {
    let proxy = Proxy::of_fake(&[]);
    for method in ["initialize", "server/discover", "tools/list"] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
        let refused = proxy
            .http
            .post(proxy.url("/mcp"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 401);
        let challenge = refused.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        let metadata = proxy.url("/.well-known/oauth-protected-resource/mcp");
        assert!(
            challenge.contains(&format!("resource_metadata=\"{metadata}\"")),
            "{challenge}"
        );
    }
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
    ] {
        let document: Value = proxy
            .http
            .get(proxy.url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(document["resource"], proxy.url("/mcp"));
        assert_eq!(document["authorization_servers"], json!([proxy.url("")]));
    }
    let token = proxy.token(EMAIL).await;
    let (session, hello) = proxy.initialize(&token, json!({})).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "fake");
    assert_eq!(session.text("echo", json!({ "a": 1 })).await, r#"{"a":1}"#);
}

#[tokio::test]
async fn a_killed_proxy_comes_back_and_the_same_session_goes_on_without_a_login() {
    let mut proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let (id, before) = {
        let session = proxy.session(&token, json!({})).await;
        (session.id.clone(), session.text("pid", json!({})).await)
    };
    proxy.service.restart();
    let session = crate::harness::Session {
        proxy: &proxy,
        token,
        id,
    };
    let after = session.text("pid", json!({})).await;
    assert_ne!(before, after);
    crate::harness::eventually("an orphan", || {
        !crate::harness::lives(before.parse().unwrap())
    });
}

#[tokio::test]
async fn a_session_id_is_worth_nothing_to_anybody_else() {
    let proxy = Proxy::of_fake(&[]);
    let alice = proxy.token(EMAIL).await;
    let session = proxy.session(&alice, json!({})).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let stolen = proxy
        .http
        .post(proxy.url("/mcp"))
        .header("mcp-session-id", &session.id)
        .json(&body);
    assert_eq!(stolen.send().await.unwrap().status(), 401);
    let forged = format!("{}x", session.id);
    let refused = proxy
        .post(&alice, &body)
        .header("mcp-session-id", forged)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 404);
    let none = proxy.post(&alice, &body).send().await.unwrap();
    assert_eq!(none.status(), 400);
    let ended = proxy
        .http
        .delete(proxy.url("/mcp"))
        .bearer_auth(&alice)
        .header("mcp-session-id", &session.id);
    assert_eq!(ended.send().await.unwrap().status(), 204);
    assert_eq!(session.send(&body).await.status(), 404);
}

#[tokio::test]
async fn pages_of_other_origins_and_other_hosts_are_refused() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let refused = proxy
            .post(&token, &body)
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 403, "{name}");
    }
    for path in [
        "/mcp/",
        "/mcp/../mcp",
        "/MCP",
        "/other/mcp",
        "//mcp",
        "/x/../mcp",
    ] {
        let url = proxy.url("").parse::<url::Url>().unwrap();
        let answered = raw_get(url.port().unwrap(), path, &token);
        assert!(answered.starts_with("HTTP/1.1 4"), "{path}: {answered}");
    }
}

/// `GET path` without any client's tidying up.
fn raw_get(port: u16, path: &str, token: &str) -> String {
    use std::io::{Read as _, Write as _};

    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[tokio::test]
async fn the_servers_environment_holds_nothing_of_the_proxys_and_what_was_asked_for() {
    let secret = "0123456789abcdef0123456789abcdef";
    let settings = [
        ("AUTH_ENCRYPTION_SECRET", secret),
        ("WANTED", "yes"),
        ("PASS_ENV", "WANTED"),
    ];
    let proxy = Proxy::of_fake(&settings);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let env = session.text("env", json!({})).await;
    assert!(env.contains("PATH=") && env.contains("WANTED=yes"), "{env}");
    for kept in [
        secret,
        PASSWORD,
        "AUTH_ENCRYPTION_SECRET",
        "DATA_DIR",
        &token,
    ] {
        assert!(!env.contains(kept), "{kept}");
    }
    // Nor does any log of a run at the debug level hold a secret.
    let logs = proxy.service.logs();
    for kept in [secret, PASSWORD, &token] {
        assert!(!logs.contains(kept), "{kept} in the log");
    }
}

#[tokio::test]
async fn arguments_reach_the_server_as_they_are_and_no_shell_sees_them() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let hostile = json!({ "x": "$(touch /tmp/pwned); `id`\n{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\"}" });
    let echoed = session.text("echo", hostile.clone()).await;
    assert_eq!(serde_json::from_str::<Value>(&echoed).unwrap(), hostile);
    // A body with line ends between its tokens is one message all the same.
    let text = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":\n\
        {\"a\":\n{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"tools/call\",\"params\":{\"name\":\"die\"}}\n}}}";
    let request = proxy
        .http
        .post(proxy.url("/mcp"))
        .bearer_auth(&session.token);
    let request = request.header("mcp-session-id", &session.id).body(text);
    let answered: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(
        answered["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("die"),
        "{answered}"
    );
}

#[test]
fn mistakes_are_told_before_anything_starts() {
    let data = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (
            vec!["--auth-encryption-secret", "x", "--", "y"],
            "--auth-encryption-secret is refused",
        ),
        (vec![], "there is no server to put a login in front of"),
        (vec!["--server-url", "ftp://x"], "SERVER_URL"),
        (
            vec!["--server-url", "http://x/mcp", "--", "y"],
            "Keep one of the two",
        ),
    ] {
        let mut service = builder(&data);
        for arg in args {
            service = service.arg(arg);
        }
        let (status, said) = service.run();
        assert!(!status.success());
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn what_to_paste_is_printed() {
    let data = tempfile::tempdir().unwrap();
    let service = builder(&data).arg("--").arg(fake()).start();
    let said = service.logs();
    assert!(
        said.contains(&format!("http://localhost:{}/mcp", service.port())),
        "{said}"
    );
    assert!(said.contains("sign in as admin@example.com"), "{said}");
}
