//! Who gets in: scopes, audiences, the role bypass.

use std::time::{Duration, Instant};

use loop_shared::service::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::harness::Server;

/// In which a service has its issuer's keys, however busy the machine.
const READY_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn only_mcp_exec_opens_the_figures() {
    let server = Server::start();
    let now = SystemClock.now();
    let public = server
        .issuer
        .mint("http://localhost:8082/mcp", "mcp:read mcp:exec", now);
    let rows = [
        ("exec", server.token("mcp:exec", "exec"), 200),
        ("both", server.token("mcp:exec kpi:read", "exec"), 200),
        ("kpi alone", server.token("kpi:read", "analyst"), 403),
        ("read alone", server.token("mcp:read", "member"), 403),
        ("role alone", server.token("", "admin"), 403),
        ("public-api's audience", public, 401),
    ];
    for (what, token, expected) in rows {
        let answer = server.get("/exec/runway", &token).await;
        assert_eq!(answer.status(), expected, "{what}");
        if expected == 200 {
            continue;
        }
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        let metadata = "http://localhost:8082/.well-known/oauth-protected-resource/exec/mcp";
        assert!(challenge.contains(metadata), "{what}: {challenge}");
        if expected == 403 {
            assert!(
                challenge.contains("insufficient_scope")
                    && challenge.contains("scope=\"mcp:exec\""),
                "{what}: {challenge}"
            );
        }
    }
    let nobody = server
        .http
        .get(server.url("/exec/runway"))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn a_call_beyond_the_tokens_scopes_is_403_with_the_scope_to_step_up_to() {
    let server = Server::start();
    let call = || json!({ "name": "runway", "arguments": {} });
    for (scope, expected) in [
        ("mcp:exec", 200),
        ("kpi:read", 403),
        ("mcp:read", 403),
        ("", 403),
    ] {
        let answer = server
            .rpc("tools/call", call(), &server.token(scope, "member"))
            .await;
        assert_eq!(answer.status(), expected, "{scope:?}");
        if expected == 403 {
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.contains("insufficient_scope"), "{challenge}");
            assert!(challenge.contains("mcp:exec"), "{challenge}");
        }
    }
    let initialized = server
        .rpc("ping", json!({}), &server.token("kpi:read", "analyst"))
        .await;
    assert_eq!(initialized.status(), 200, "an analyst may connect");
}

#[tokio::test]
async fn a_token_sees_the_tools_that_it_may_call() {
    let server = Server::start();
    for (scope, expected) in [
        (
            "mcp:exec",
            &["runway", "cashflow", "people", "search", "fetch"][..],
        ),
        ("kpi:read", &["kpi_list", "kpi_health", "kpi_get"]),
    ] {
        let tools = server.tools(&server.token(scope, "exec")).await;
        let names: Vec<_> = tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{scope}");
        for tool in &tools {
            assert!(tool["outputSchema"].is_object(), "{tool}");
            assert!(
                tool["description"].as_str().unwrap().contains("Scope: "),
                "{tool}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_of_either_scope_reads_the_description_and_nobody_else() {
    let server = Server::start();
    for (scope, expected) in [("mcp:exec", 200), ("kpi:read", 200), ("mcp:read", 403)] {
        let answer = server
            .get("/exec/openapi.json", &server.token(scope, "exec"))
            .await;
        assert_eq!(answer.status(), expected, "{scope}");
    }
    let nobody = server
        .http
        .get(server.url("/exec/openapi.json"))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 401);
    let nothing = server
        .get("/exec/nothing", &server.token("mcp:exec", "exec"))
        .await;
    assert_eq!(nothing.status(), 404);
}

#[tokio::test]
async fn a_role_passes_everywhere_once_the_bypass_names_it() {
    let vault = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vault");
    let server = Server::over(vault, |cli| cli.tokens.role_bypass = Some("admin".into()));
    for (role, expected) in [("admin", 200), ("exec", 403)] {
        let token = server.token("mcp:read", role);
        assert_eq!(
            server.get("/exec/runway", &token).await.status(),
            expected,
            "{role}"
        );
    }
    let result = server
        .tool("runway", json!({}), &server.token("mcp:read", "admin"))
        .await;
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn health_and_metadata_are_open_and_name_the_resource() {
    let server = Server::start();
    let status = async |path: &str| {
        let answer = server.http.get(server.url(path)).send().await.unwrap();
        answer.status()
    };
    for path in ["/healthz", "/exec/healthz"] {
        assert_eq!(status(path).await, 200, "{path}");
    }
    for path in ["/readyz", "/exec/readyz"] {
        // It is ready as soon as it has the issuer's keys, and says 503 until then.
        let since = Instant::now();
        while status(path).await != 200 {
            assert!(since.elapsed() < READY_WITHIN, "{path}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/exec/mcp",
    ] {
        let metadata: Value = server
            .http
            .get(server.url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            metadata["resource"], "http://localhost:8082/exec/mcp",
            "{path}"
        );
        assert_eq!(
            metadata["scopes_supported"],
            json!(["mcp:exec", "kpi:read"]),
            "{path}"
        );
    }
    let post = server
        .http
        .post(server.url("/exec/runway"))
        .bearer_auth(server.token("mcp:exec", "exec"));
    assert_eq!(post.send().await.unwrap().status(), 405);
}
