//! The account pages in a real Chromium, behind a real nginx (`tests/browser/account.mjs`).

use std::process::Command;

use loop_testkit::free_port;
use serde_json::Value;

use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::{tool, top};

#[test]
fn people_look_after_their_account_in_chromium() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let Some(chromium) = tool("LOOP_CHROMIUM") else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let shots = std::env::var("LOOP_SCREENSHOTS")
        .unwrap_or_else(|_| stack.file("screenshots").display().to_string());
    let callback = format!("http://localhost:{}/callback", free_port());
    let output = Command::new(node)
        .arg(top().join("tests/browser/account.mjs"))
        .args(["--base", &stack.url, "--resource", &stack.mcp()])
        .args(["--email", ADMIN.0, "--password", ADMIN.1])
        .args(["--callback", &callback, "--out", &shots])
        .arg("--chromium")
        .arg(chromium)
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    let seen: Value = serde_json::from_str(said.trim())
        .unwrap_or_else(|_| panic!("the browser told nothing: {said}{also}"));
    assert_eq!(seen["defects"], serde_json::json!([]), "{seen:#}");
    let pages = seen["seen"].as_array().map_or(0, Vec::len);
    assert_eq!(pages, 4 * 21, "twenty-one states, four looks");
}
