//! The SDKs that people use work with everything public-api offers, through nginx: every tool, resource, template, prompt,
//! completion and subscription, in every era.

use std::process::Command;

use loop_testkit::TestIssuer;
use serde_json::{Value, json};

use crate::support::stack::{Options, Stack};
use crate::support::tools::{tool, top};

/// What an SDK used, as its script tells; the script fails when anything is left out.
fn used(command: &mut Command, stack: &Stack, issuer: &TestIssuer) -> Value {
    let token = issuer.mint(
        &stack.mcp(),
        "mcp:read",
        std::time::SystemTime::now().into(),
    );
    let output = command
        .env("TOKEN", token)
        .env("NO_PROXY", "*")
        .output()
        .expect("the SDK's script starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{also}");
    serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("nothing was told: {said}{also}"))
}

fn stack(issuer: &TestIssuer, apis: &[(&str, &str)]) -> Option<Stack> {
    Stack::start_with(&Options {
        issuer: Some(issuer),
        apis,
        ..Options::default()
    })
}

fn python(stack: &Stack, issuer: &TestIssuer, path: &str, mode: &str) -> Option<Value> {
    let mut command = Command::new(tool("LOOP_PYTHON")?);
    command
        .arg(top().join("tests/mcp/everything.py"))
        .arg(format!("{}{path}", stack.url))
        .arg(&stack.vault)
        .arg(mode);
    Some(used(&mut command, stack, issuer))
}

fn typescript(stack: &Stack, issuer: &TestIssuer, path: &str, kind: &str) -> Option<Value> {
    let mut command = Command::new(tool("LOOP_NODE")?);
    command
        .arg(top().join("tests/mcp/everything.mjs"))
        .arg(format!("{}{path}", stack.url))
        .arg(&stack.vault)
        .arg(kind);
    Some(used(&mut command, stack, issuer))
}

#[test]
fn the_python_sdk_uses_everything_in_the_modern_era() {
    let issuer = TestIssuer::start();
    let Some(stack) = stack(&issuer, &[]) else {
        return;
    };
    let Some(used) = python(&stack, &issuer, "/mcp", "auto") else {
        return;
    };
    assert_eq!(used["protocol"], "2026-07-28", "{used}");
    assert_eq!(
        used["told"],
        json!(["ResourceUpdated", "ResourcesListChanged"])
    );
}

#[test]
fn the_typescript_sdk_uses_everything_in_the_modern_era() {
    let issuer = TestIssuer::start();
    let Some(stack) = stack(&issuer, &[]) else {
        return;
    };
    let Some(used) = typescript(&stack, &issuer, "/mcp", "modern") else {
        return;
    };
    assert_eq!(used["protocol"], "2026-07-28", "{used}");
    let told = [
        "notifications/resources/updated",
        "notifications/resources/list_changed",
    ];
    assert_eq!(used["told"], json!(told), "{used}");
}

#[test]
fn both_sdks_use_everything_in_the_older_era() {
    let issuer = TestIssuer::start();
    let Some(stack) = stack(&issuer, &[]) else {
        return;
    };
    if let Some(used) = python(&stack, &issuer, "/mcp", "legacy") {
        assert_eq!(used["protocol"], "2025-11-25", "{used}");
    }
    if let Some(used) = typescript(&stack, &issuer, "/mcp", "http") {
        assert_eq!(used["told"].as_array().map(Vec::len), Some(2), "{used}");
    }
}

#[test]
fn both_sdks_use_everything_over_the_stream_of_2024_11_05_where_it_is_switched_on() {
    let issuer = TestIssuer::start();
    let Some(stack) = stack(&issuer, &[("LEGACY_SSE", "true")]) else {
        return;
    };
    if let Some(used) = python(&stack, &issuer, "/sse", "sse") {
        assert_eq!(used["told"].as_array().map(Vec::len), Some(2), "{used}");
    }
    if let Some(used) = typescript(&stack, &issuer, "/sse", "sse") {
        assert_eq!(used["told"].as_array().map(Vec::len), Some(2), "{used}");
    }
}
