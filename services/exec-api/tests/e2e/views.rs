//! The interactive views as a client shows them: the official host's bridge, a sandboxed frame, a real Chromium, through nginx.

use chrono::Utc;
use loop_testkit::{TestIssuer, Walk};
use serde_json::json;

use crate::exec_provider::provider;
use crate::support::stack::{Options, Stack};
use crate::support::tools::top;

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: it owns its clock"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[test]
fn views_are_shown_and_moved_in_a_client_that_announces_them() {
    let Some(walk) = Walk::of(top().join("services/exec-api/tests/e2e/views.mjs")) else {
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
    let seen = walk
        .with("mcp", &door)
        .with("token", &token)
        .with("asked", asked.to_string())
        .with("modules", top().join("tests/package.json"))
        .seen(stack.folder());
    // Two views, two looks at each, before and after the host turned language and light, and what was moved in between.
    assert_eq!(seen.len(), 12, "{seen:#?}");
}
