//! The interactive views as a client shows them: the official host's bridge, a sandboxed frame, a real Chromium, through nginx.

use std::process::Command;

use chrono::Utc;
use loop_testkit::TestIssuer;
use serde_json::{Value, json};

use crate::exec_provider::provider;
use crate::support::stack::{Options, Stack};
use crate::support::tools::{tool, top};

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: it owns its clock"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[test]
fn views_are_shown_and_moved_in_a_client_that_announces_them() {
    let (Some(node), Some(chromium)) = (tool("LOOP_NODE"), tool("LOOP_CHROMIUM")) else {
        return;
    };
    let issuer = TestIssuer::start();
    let provider = provider();
    let apis = [
        ("AMPLITUDE_URL", provider.as_str()),
        ("AMPLITUDE_API_KEY", "key"),
        ("AMPLITUDE_SECRET_KEY", "secret"),
    ];
    let options = Options {
        issuer: Some(&issuer),
        apis: &apis,
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let door = stack.exec_mcp();
    let token = issuer.token(&door, now()).scope("mcp:exec kpi:read");
    let token = token
        .claim("roles", json!(["exec"]))
        .sign(issuer.signing_key());
    let asked =
        json!({ "runway": { "as_of": "2026-11-21" }, "kpi_get": { "name": "active_users" } });
    let shots = std::env::var("LOOP_SCREENSHOTS")
        .unwrap_or_else(|_| stack.file("screenshots").display().to_string());
    let output = Command::new(node)
        .arg(top().join("services/exec-api/tests/e2e/views.mjs"))
        .args(["--mcp", &door, "--token", &token, "--out", &shots])
        .args(["--asked", &asked.to_string(), "--modules"])
        .arg(top().join("tests/package.json"))
        .arg("--chromium")
        .arg(chromium)
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    let seen: Value = serde_json::from_str(said.trim())
        .unwrap_or_else(|_| panic!("the browser told nothing: {said}{also}"));
    assert_eq!(seen["defects"], json!([]), "{seen:#}");
    // Two views, two looks at each, before and after the host turned language and light, and what was moved in between.
    assert_eq!(seen["seen"].as_array().map_or(0, Vec::len), 12, "{seen:#}");
}
