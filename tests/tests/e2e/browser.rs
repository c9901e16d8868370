//! Login, consent, devices and logout in a real Chromium, in both languages (`tests/browser/pages.mjs`).

use std::process::Command;

use serde_json::Value;

use crate::support::oauth::{CALLBACK, Client};
use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::{tool, top};

#[test]
fn people_log_in_consent_and_log_out_in_chromium() {
    let Some(node) = tool("LOOP_NODE") else {
        return;
    };
    let Some(chromium) = tool("LOOP_CHROMIUM") else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(Client::register(&stack));
    let device = runtime.block_on(super::device::tv(&stack));
    let shots = std::env::var("LOOP_SCREENSHOTS")
        .unwrap_or_else(|_| stack.file("screenshots").display().to_string());
    let output = Command::new(node)
        .arg(top().join("tests/browser/pages.mjs"))
        .args([
            "--url",
            client.authorize_url(&stack.mcp(), "mcp:read").as_str(),
        ])
        .args(["--email", ADMIN.0, "--password", ADMIN.1])
        .args([
            "--openid",
            client.identity_url("openid profile email").as_str(),
        ])
        .args(["--logout", &format!("{}/oauth/logout", stack.url)])
        .args(["--device", &format!("{}/device_authorization", stack.url)])
        .args(["--device-client", &device])
        .args(["--callback", CALLBACK, "--out", &shots])
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
    assert_eq!(pages, 24, "twelve pages in two languages");
    for page in seen["seen"].as_array().expect("pages") {
        if page["page"] == "consent" {
            let text = page["text"].as_str().expect("a text");
            for shown in [ADMIN.0, "localhost", "A test client"] {
                assert!(
                    text.contains(shown),
                    "{shown:?} on the consent page: {text}"
                );
            }
        }
    }
}
