//! The description of the API is true, and its page can be tried by whoever is signed in.

use std::process::Command;

use loop_testkit::{TestIssuer, Walk};

use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::{tool, top};

#[test]
fn people_read_the_api_in_chromium_and_try_it_as_themselves() {
    let Some(walk) = Walk::of(top().join("tests/browser/docs.mjs")) else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let seen = walk
        .with("url", &stack.url)
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .seen(stack.folder());
    assert_eq!(seen.len(), 4 * 3, "three pages in four looks");
    for look in seen.iter().filter(|look| look["page"] == "tried") {
        let text = look["text"].as_str().expect("a text");
        assert!(
            text.contains(ADMIN.0),
            "who is signed in is not said: {text}"
        );
    }
}

#[test]
fn schemathesis_finds_nothing_that_the_description_does_not_say() {
    let Some(python) = tool("LOOP_PYTHON") else {
        return;
    };
    let issuer = TestIssuer::start();
    let options = Options {
        issuer: Some(&issuer),
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let token = issuer.mint(
        &stack.mcp(),
        "mcp:read",
        std::time::SystemTime::now().into(),
    );
    let output = Command::new(python.with_file_name("schemathesis"))
        .arg("--config-file")
        .arg(top().join("tests/mcp/schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/openapi.json", stack.url))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // A cursor, a query and a moment are texts to the schema and more than that to the service.
        .args([
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
        ])
        // A stream without an end.
        .args(["--exclude-path", "/api/changes/live"])
        .args(["--max-examples", "25", "--seed", "1", "--no-color"])
        .args(["--suppress-health-check", "all", "--request-timeout", "20"])
        .env("NO_PROXY", "*")
        .current_dir(stack.file(""))
        .output()
        .expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{also}");
    assert!(said.contains("Selected: 18/19"), "{said}");
}
