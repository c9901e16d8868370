//! The admin pages and the invitation in a real Chromium, in both languages, by keyboard alone where it hurts
//! (`tests/browser/admin.mjs`).

use std::process::Command;

use serde_json::Value;

use crate::support::oauth::Client;
use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::{tool, top};

#[test]
fn administrators_work_in_chromium_in_both_languages() {
    let (Some(node), Some(chromium)) = (tool("LOOP_NODE"), tool("LOOP_CHROMIUM")) else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Client::register(&stack).await;
        client.login(&stack.mcp(), "mcp:read").await;
    });
    let file = stack.file("people.password");
    std::fs::write(&file, "a password of theirs").expect("a password file");
    let file = file.display().to_string();
    let long = format!("{}@example.com", "very-long-address".repeat(10));
    let hostile = "<script>alert(1)</script>\" onfocus=\"x";
    for (email, name) in [
        ("kim@example.com", "김은향"),
        (&*long, "아주긴이름아주긴이름"),
        ("hostile@example.com", hostile),
    ] {
        stack.loop_auth(&[
            "user",
            "add",
            email,
            "--name",
            name,
            "--password-file",
            &file,
        ]);
    }
    let shots = std::env::var("LOOP_SCREENSHOTS")
        .unwrap_or_else(|_| stack.file("screenshots").display().to_string());
    let output = Command::new(node)
        .arg(top().join("tests/browser/admin.mjs"))
        .args([
            "--url",
            &stack.url,
            "--email",
            ADMIN.0,
            "--password",
            ADMIN.1,
        ])
        .args(["--out", &shots])
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
    assert_eq!(pages, 48, "twenty-four pages in two languages");
}
