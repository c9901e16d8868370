//! What a server at an address learns of the person, and never of the client.

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{EMAIL, Proxy, eventually, subject};

#[tokio::test]
async fn a_server_is_told_the_user_by_the_proxy_alone_and_never_sees_the_clients_token() {
    let backend = Backend::start();
    let servers = json!({ "servers": [
        { "name": "api", "url": backend.url(), "headers": { "X-Api-Key": "k-123", "Authorization": "Bearer ours" } },
    ]});
    let proxy = Proxy::of_file("/api/mcp", &servers, &[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} }
    });
    // Forged, repeated, differently written, hidden behind Connection, or of another proxy.
    let mut request = proxy
        .post(&token, &call)
        .header("mcp-session-id", &session.id);
    for (name, value) in [
        ("X-Forwarded-User", "admin"),
        ("X-Forwarded-User", "root"),
        ("X_Forwarded_User", "admin"),
        ("X-Forwarded-Email", "admin@example.com"),
        ("X-Forwarded-Groups", "admins"),
        ("Remote-User", "admin"),
        ("Forwarded", "for=admin"),
        ("X-Api-Key", "theirs"),
        ("Cookie", "session=stolen"),
        ("Connection", "keep-alive, X-Forwarded-User"),
        ("X-Custom", "passed?"),
    ] {
        request = request.header(name, value);
    }
    let answered: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answered["result"]["content"][0]["text"], "Bearer ours");
    let subject = subject(&token);
    eventually("initialize, its notification, the call", || {
        backend.seen().len() >= 3
    });
    let seen = backend.seen();
    for headers in &seen {
        let of = |wanted: &str| -> Vec<&str> {
            let all = headers.iter().filter(|(name, _)| name == wanted);
            all.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(of("x-forwarded-user"), [subject.as_str()]);
        assert_eq!(of("x-api-key"), ["k-123"]);
        assert_eq!(of("authorization"), ["Bearer ours"]);
        for absent in [
            "x_forwarded_user",
            "x-forwarded-email",
            "x-forwarded-groups",
            "remote-user",
            "forwarded",
            "cookie",
            "x-custom",
        ] {
            assert!(of(absent).is_empty(), "{absent} in {headers:?}");
        }
        let all = format!("{headers:?}");
        assert!(!all.contains(&token), "the client's token went on");
    }
    assert!(!proxy.service.logs().contains("k-123"));
}
