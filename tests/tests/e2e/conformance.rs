//! The MCP project's own conformance suite, through nginx.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use loop_testkit::{Browser, Decision};

use crate::support::oauth::Client;
use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::{tool, top};

fn runner() -> Option<Command> {
    let node = tool("LOOP_NODE")?;
    tool("LOOP_CONFORMANCE")?;
    let mut command = Command::new(node);
    command.arg(top().join("tests/conformance/run.mjs"));
    Some(command)
}

#[test]
fn the_server_scenarios_of_both_revisions_pass() {
    let Some(mut command) = runner() else { return };
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let token = runtime.block_on(async {
        let client = Client::register(&stack).await;
        client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token")
    });
    let output = command
        .args(["server", "--url", &stack.mcp()])
        .env("LOOP_TOKEN", token)
        .output()
        .expect("the suite runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{also}");
    assert!(said.contains("server-stateless"), "{said}");
}

#[test]
fn the_authorization_scenarios_pass() {
    let Some(mut command) = runner() else { return };
    let Some(stack) = Stack::start() else { return };
    let mut child = command
        .args([
            "authorization",
            "--issuer",
            &stack.url,
            "--resource",
            &stack.mcp(),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the suite runs");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().expect("an output")).lines() {
        let line = line.expect("a line");
        said.push_str(&line);
        said.push('\n');
        if let Some(url) = line.strip_prefix("open ") {
            let url = url.parse().expect("a URL");
            runtime.block_on(async {
                let browser = Browser::new();
                let landed = browser
                    .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
                    .await;
                let callback = landed.redirect();
                // The suite listens at its callback, unlike other test clients.
                browser.get(&callback).await;
            });
        }
    }
    let status = child.wait().expect("the suite ends");
    assert!(status.success(), "{said}");
}
