//! Registration over HTTP, and bodies that nobody should send.

use super::*;

async fn register(server: &Server, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let answer = server
        .http
        .post(server.at("/register"))
        .header("Content-Type", kind)
        .body(body)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/json");
    (status, answer.json().await.unwrap())
}

#[actix_web::test]
async fn equal_secretless_registrations_get_one_client_and_no_nulls() {
    let server = Server::start().await;
    let body = json!({
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "refresh_token", "urn:made:up"],
        "token_endpoint_auth_method": "none",
        "unknown": {"nested": null},
    });
    let (status, first) = register(&server, "application/json", body.to_string()).await;
    assert_eq!(status, 201, "{first}");
    let (_, second) = register(&server, "application/json; charset=utf-8", body.to_string()).await;
    assert_eq!(first["client_id"], second["client_id"]);
    assert!(!first.to_string().contains("null"), "{first}");
    assert!(first.get("client_secret").is_none());
    assert_eq!(first["redirect_uris"], body["redirect_uris"]);
}

#[actix_web::test]
async fn a_bad_registration_says_why() {
    let server = Server::start().await;
    for (body, error) in [
        ("{", "invalid_client_metadata"),
        ("[]", "invalid_client_metadata"),
        ("{}", "invalid_redirect_uri"),
        (r#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
        (
            r#"{"redirect_uris":["http://evil.example/cb"]}"#,
            "invalid_redirect_uri",
        ),
        (
            r#"{"redirect_uris":["javascript:alert(1)"]}"#,
            "invalid_redirect_uri",
        ),
    ] {
        let (status, answer) = register(&server, "application/json", body).await;
        assert_eq!(
            (status, text(&answer, "error")),
            (400, error),
            "{body}: {answer}"
        );
    }
    let (status, _) = register(&server, "text/plain", "{}").await;
    assert_eq!(status, 400);
    let (status, _) = register(&server, "application/json", " ".repeat(70_000)).await;
    assert_eq!(status, 413);
}

/// A small xorshift, so that a failing case can be found again by its seed.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Damages a body: overwrites, cuts, repeats.
fn damaged(body: &[u8], seed: &mut u64) -> Vec<u8> {
    let mut out = body.to_vec();
    for _ in 0..=next(seed) % 6 {
        let at = usize::try_from(next(seed)).unwrap() % out.len().max(1);
        match next(seed) % 4 {
            0 => out.truncate(at),
            1 => out.splice(at..at, out.clone()).for_each(drop),
            _ => out.iter_mut().skip(at).take(3).for_each(|byte| {
                *byte = next(seed).to_le_bytes()[0];
            }),
        }
    }
    out
}

#[actix_web::test]
async fn no_damaged_body_is_ever_the_servers_fault() {
    let server = Server::start().await;
    let json = br#"{"client_name":"\u202eA","redirect_uris":["http://localhost:1/cb","https://a.example/\u00e9"],"token_endpoint_auth_method":"none","grant_types":["authorization_code"],"client_uri":"https://a.example","scope":"mcp:read"}"#;
    let form = b"grant_type=authorization_code&client_id=abc&code=x&redirect_uri=https%3A%2F%2Fa.example%2F&code_verifier=%00%ff&resource=a&resource=b&refresh_token=y&scope=mcp%3Aread&token=z";
    let mut seed = 0x2026_0102_0304_0506;
    for round in 0..150 {
        let before = seed;
        for (path, kind, body) in [
            ("/register", "application/json", &json[..]),
            ("/token", "application/x-www-form-urlencoded", form),
            ("/revoke", "application/x-www-form-urlencoded", form),
            ("/authorize", "application/x-www-form-urlencoded", form),
            ("/oauth/login", "application/x-www-form-urlencoded", form),
            ("/oauth/consent", "application/x-www-form-urlencoded", form),
            ("/oauth/logout", "application/x-www-form-urlencoded", form),
        ] {
            let answer = server
                .http
                .post(server.at(path))
                .header("Content-Type", kind)
                .body(damaged(body, &mut seed))
                .send()
                .await
                .unwrap();
            let status = answer.status().as_u16();
            assert!(
                status < 500,
                "{path} answered {status} (round {round}, seed {before:#x})"
            );
        }
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let (status, _) = register(&server, "application/json", deep).await;
    assert_eq!(status, 400);
}
