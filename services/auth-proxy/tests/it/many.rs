//! Many servers behind one proxy: each with its own address, audience, sessions; exchanged while everything runs.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{EMAIL, Proxy, Session, builder, eventually, fake, lives};

fn two() -> Value {
    json!({ "servers": [
        { "name": "files", "command": fake() },
        { "name": "files-2", "command": fake() },
    ]})
}

#[tokio::test]
async fn a_token_and_a_session_of_one_server_open_no_other() {
    let mut proxy = Proxy::of_file("/files/mcp", &two(), &[]);
    let token = proxy.token(EMAIL).await;
    let id = proxy.session(&token, json!({})).await.id;
    for name in ["files", "files-2"] {
        let path = format!("/.well-known/oauth-protected-resource/{name}/mcp");
        let document = proxy.http.get(proxy.url(&path)).send().await.unwrap();
        let document: Value = document.json().await.unwrap();
        assert_eq!(document["resource"], proxy.url(&format!("/{name}/mcp")));
        assert_eq!(document["resource_name"], name);
    }
    proxy.at("/files-2/mcp");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let refused = proxy.post(&token, &list).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("another resource")
            && challenge.contains("/oauth-protected-resource/files-2/mcp"),
        "{challenge}"
    );
    let other = proxy.token(EMAIL).await;
    let stolen = Session {
        proxy: &proxy,
        token: other.clone(),
        id,
    };
    assert_eq!(stolen.send(&list).await.status(), 404);
    let session = proxy.session(&other, json!({})).await;
    assert_eq!(session.text("echo", json!({})).await, "{}");
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_to_another_server() {
    let proxy = Proxy::of_file("/files/mcp", &two(), &[]);
    let token = proxy.token(EMAIL).await;
    let port = proxy.service.port();
    for path in [
        "/files/../files-2/mcp",
        "/files-2/../files/mcp",
        "/files/%2e%2e/files-2/mcp",
        "/%66iles/mcp",
        "/files%2fmcp",
        "/files/mcp/",
        "/files/mcp/x",
        "//files/mcp",
        "/files//mcp",
        "/FILES/mcp",
        "/files/MCP",
        "/files;x=1/mcp",
        "/files/mcp;x",
        "/files%00/mcp",
        "/files\\mcp",
        "/./files/mcp",
        "/file/mcp",
        "/files-/mcp",
        "/files-22/mcp",
        "/files-2%20/mcp",
        "/mcp",
    ] {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        assert!(
            text.starts_with("HTTP/1.1 404") || text.starts_with("HTTP/1.1 400"),
            "{path}: {text}"
        );
    }
    for path in [
        "/files/mcp/",
        "/files",
        "/FILES/mcp",
        "/files/../files-2/mcp",
        "/%66iles/mcp",
    ] {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            stream,
            "GET /.well-known/oauth-protected-resource{path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        assert!(text.starts_with("HTTP/1.1 404"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_file_that_changes_is_taken_over_and_sessions_of_unchanged_servers_go_on() {
    let mut proxy = Proxy::of_file("/files/mcp", &two(), &[]);
    let token = proxy.token(EMAIL).await;
    let (id, pid) = {
        let session = proxy.session(&token, json!({})).await;
        (session.id.clone(), session.text("pid", json!({})).await)
    };
    proxy.at("/files-2/mcp");
    let other = proxy.token(EMAIL).await;
    let gone = {
        let session = proxy.session(&other, json!({})).await;
        session.text("pid", json!({})).await
    };

    // A file that is wrong changes nothing and is told with the line.
    std::fs::write(
        proxy.file(),
        "{\"servers\": [\n{\"name\": \"files\", \"comand\": \"x\"}]}",
    )
    .unwrap();
    eventually("the mistake in the log", || {
        proxy.service.logs().contains("Did you mean command")
    });
    assert!(proxy.service.logs().contains("mcp_servers.json:2"));
    assert!(lives(gone.parse().unwrap()));

    let servers = json!({ "servers": [
        { "name": "files", "command": fake() },
        { "name": "fresh", "command": fake() },
    ]});
    std::fs::write(proxy.file(), servers.to_string()).unwrap();
    eventually("the end of the removed server's process", || {
        !lives(gone.parse().unwrap())
    });
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let removed = proxy.post(&other, &list).send().await.unwrap();
    assert_eq!(removed.status(), 404);
    proxy.at("/fresh/mcp");
    let fresh = proxy.token(EMAIL).await;
    let session = proxy.session(&fresh, json!({})).await;
    assert_eq!(session.text("echo", json!({})).await, "{}");
    drop(session);
    proxy.at("/files/mcp");
    let session = Session {
        proxy: &proxy,
        token,
        id,
    };
    assert_eq!(session.text("pid", json!({})).await, pid);
}

#[tokio::test]
async fn hangup_takes_variables_over_that_no_file_shows() {
    let servers = json!({ "servers": [
        { "name": "files", "command": fake(), "env": { "KEY": "one" } },
    ]});
    let proxy = Proxy::of_file("/files/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    assert!(session.text("env", json!({})).await.contains("KEY=one"));
    // Written in place with the same length and time: only a signal tells.
    let file = proxy.file();
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("one", "two")).unwrap();
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.set_modified(before).unwrap();
    let pid = rustix::process::Pid::from_raw(proxy.service.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    eventually("the servers are read again", || {
        proxy.service.logs().contains("read again")
    });
    // The same session, its server started anew with what it is to know.
    assert!(session.text("env", json!({})).await.contains("KEY=two"));
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[test]
fn check_tells_every_mistake_with_its_line_and_what_to_write_instead() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("servers.yaml");
    let text = "servers:\n- name: Files\n  command: x\n- name: b\n  url: http://x/mcp\n  scpoe: mcp:read\n";
    std::fs::write(&file, text).unwrap();
    let check = |file: &std::path::Path| {
        let service = builder(&data).arg("check").arg(file.display().to_string());
        service.run()
    };
    let (status, said) = check(&file);
    assert!(!status.success());
    for expected in [
        "servers.yaml:2: name: \"Files\"",
        "Use 1 to 40",
        "servers.yaml:6: scpoe",
        "Did you mean scope?",
        "mistakes: 2",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    std::fs::write(&file, text.replace("Files", "a").replace("scpoe", "scope")).unwrap();
    let (status, said) = check(&file);
    assert!(status.success(), "{said}");
    assert!(said.contains("/a/mcp") && said.contains("/b/mcp"), "{said}");
}
