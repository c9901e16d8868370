//! Who gets in: the table of tokens, routes and answers.

use loop_shared::service::{Clock, SystemClock};
use loop_testkit::tokens::tampered;
use loop_testkit::{TestKey, TokenSpec, key};
use serde_json::{Value, json};

use crate::harness::{RESOURCE, Server};

const VAULT: [&str; 17] = [
    "/api/export",
    "/api/history?from=2026-01-01&to=2026-01-02",
    "/api/history/tasks/tsk-1.md",
    "/api/changes",
    "/api/changes/live",
    "/api/graph?id=tsk-1",
    "/api/graph/path?from=tsk-1&to=tsk-2",
    "/api/projects/prj-pay",
    "/api/entities",
    "/api/entities/tsk-1",
    "/api/notes/tasks/tsk-1.md",
    "/api/search?q=a",
    "/api/vault/scan",
    "/api/stats",
    "/api/lint",
    "/api/query",
    "/api/unserved",
];

const METADATA: &str =
    "resource_metadata=\"http://localhost:8082/.well-known/oauth-protected-resource/mcp\"";

fn tokens(server: &Server) -> Vec<(&'static str, String, u16)> {
    let (issuer, now) = (&server.issuer, SystemClock.now());
    let good = || issuer.token(RESOURCE, now);
    let signing: &TestKey = issuer.signing_key();
    vec![
        ("good", good().sign(signing), 200),
        (
            "more scopes",
            good().scope("mcp:read kpi:read").sign(signing),
            200,
        ),
        (
            "audience list",
            good().claim("aud", json!(["x", RESOURCE])).sign(signing),
            200,
        ),
        ("other scope", good().scope("mcp:exec").sign(signing), 403),
        ("no scope", good().scope("").sign(signing), 403),
        (
            "role without bypass",
            good()
                .scope("")
                .claim("roles", json!(["admin"]))
                .sign(signing),
            403,
        ),
        (
            "other audience",
            issuer
                .token("http://localhost:8082/exec/mcp", now)
                .sign(signing),
            401,
        ),
        (
            "other issuer",
            TokenSpec::new("http://localhost:1", RESOURCE, now).sign(signing),
            401,
        ),
        ("other key", good().sign(key(2)), 401),
        (
            "expired",
            good().claim("exp", now.timestamp() - 61).sign(signing),
            401,
        ),
        ("alg none", good().unsigned(&signing.kid), 401),
        (
            "HS256 with the public key",
            good().hs256(&signing.kid, &signing.public_pem()),
            401,
        ),
        ("ID token", good().header("typ", "JWT").sign(signing), 401),
        ("tampered", tampered(&good().sign(signing)), 401),
        ("not a token", "hello".into(), 401),
    ]
}

#[tokio::test]
async fn every_kind_of_token_gets_the_same_answer_at_rest_and_mcp() {
    let server = Server::start();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for (what, token, expected) in tokens(&server) {
        let rest = server
            .http
            .get(server.url("/api/stats"))
            .bearer_auth(&token);
        let mcp = server
            .http
            .post(server.url("/mcp"))
            .bearer_auth(&token)
            .json(&call);
        let mcp = mcp
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25");
        for answer in [rest.send().await.unwrap(), mcp.send().await.unwrap()] {
            assert_eq!(answer.status(), expected, "{what} at {}", answer.url());
            if expected != 200 {
                let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
                let error = if expected == 403 {
                    "insufficient_scope"
                } else {
                    "invalid_token"
                };
                assert!(
                    challenge.contains(METADATA) && challenge.contains(error),
                    "{what}: {challenge}"
                );
                assert!(
                    challenge.contains("scope=\"mcp:read\""),
                    "{what}: {challenge}"
                );
                let body: Value = answer.json().await.unwrap();
                assert_eq!(body["error"], error, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_token_the_vault_answers_401_and_the_rest_is_open() {
    let server = Server::start();
    for path in VAULT.into_iter().chain(["/mcp"]) {
        let answer = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert_eq!(
            challenge,
            format!("Bearer {METADATA}, scope=\"mcp:read\""),
            "{path}"
        );
    }
    for path in [
        "/healthz",
        "/readyz",
        "/api/healthz",
        "/api/readyz",
        "/api/openapi.json",
        "/api/docs",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    ] {
        let answer = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_travels_in_the_header_only_and_in_one_piece() {
    let server = Server::start();
    let token = server.token("mcp:read");
    let url = server.url("/api/stats");
    let query = server
        .http
        .get(format!("{url}?access_token={token}"))
        .send()
        .await
        .unwrap();
    assert_eq!(query.status(), 401);
    let malformed = server
        .http
        .get(&url)
        .header("authorization", "Bearer")
        .send()
        .await
        .unwrap();
    assert_eq!(malformed.status(), 400);
}

#[tokio::test]
async fn a_role_passes_only_where_the_bypass_names_it() {
    let server = Server::with(|_| (), |cli| cli.tokens.role_bypass = Some("exec".into()));
    let spec = |role: &str| {
        let token = server.issuer.token(RESOURCE, SystemClock.now()).scope("");
        token
            .claim("roles", json!([role]))
            .sign(server.issuer.signing_key())
    };
    for (role, expected) in [("exec", 200), ("member", 403)] {
        let answer = server
            .http
            .get(server.url("/api/stats"))
            .bearer_auth(spec(role))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), expected, "{role}");
    }
}

#[tokio::test]
async fn readiness_waits_for_the_issuers_keys_and_says_so() {
    let mut server = Server::with(|_| (), |_| ());
    server.issuer.stop();
    let ready = || async {
        server
            .http
            .get(server.url("/api/readyz"))
            .send()
            .await
            .unwrap()
    };
    let answer = ready().await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        body["reason"],
        "The vault is read; the issuer's keys are not known yet."
    );
    let alive = server
        .http
        .get(server.url("/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), 200);
    let refused = server.get("/api/stats").send().await.unwrap();
    assert_eq!(
        refused.status(),
        503,
        "nobody can tell whether the token is good"
    );
    server.issuer.restart();
    let again = &server;
    crate::harness::eventually("ready", || async {
        again
            .http
            .get(again.url("/api/readyz"))
            .send()
            .await
            .unwrap()
            .status()
            == 200
    })
    .await;
}

#[tokio::test]
async fn mcp_refuses_foreign_origins_hosts_and_huge_bodies() {
    let server = Server::start();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for (header, value, expected) in [
        ("origin", "http://localhost:8082", 200),
        ("origin", "https://evil.example", 403),
        ("host", "evil.example", 403),
        ("host", "localhost", 200),
    ] {
        let request = server
            .mcp(&call)
            .header("MCP-Protocol-Version", "2025-11-25")
            .header(header, value);
        assert_eq!(
            request.send().await.unwrap().status(),
            expected,
            "{header}: {value}"
        );
    }
    let huge = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "x": "y".repeat(2 << 20) } });
    assert_eq!(server.mcp(&huge).send().await.unwrap().status(), 413);
}
