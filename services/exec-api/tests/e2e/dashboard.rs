//! The dashboard in a real Chromium through nginx, signed in with loop-auth: in both languages, wide and narrow, light and
//! dark, by keyboard and on paper (`tests/browser/signed.mjs`).

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::exec_provider::provider;
use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::{tool, top};

const PASSWORD: &str = "a password of theirs";
const EVERYTHING: &str = "/exec/,/exec/view/runway?hires=3&hire_cost=6000000&revenue_change=-10,/exec/view/cashflow,\
/exec/view/people?detail=salary,/exec/view/kpi,/exec/view/notes/decisions/cash-policy.md";
const ANALYST: &str = "/exec/,/exec/view/kpi?interval=week,/exec/view/runway";

#[test]
fn executives_and_analysts_read_the_dashboard_in_chromium() {
    let (Some(node), Some(chromium)) = (tool("LOOP_NODE"), tool("LOOP_CHROMIUM")) else {
        return;
    };
    let provider = provider();
    let apis = [
        ("AMPLITUDE_URL", provider.as_str()),
        ("AMPLITUDE_API_KEY", "key"),
        ("AMPLITUDE_SECRET_KEY", "secret"),
    ];
    let options = Options {
        apis: &apis,
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let file = stack.file("people.password");
    std::fs::write(&file, PASSWORD).expect("a password file");
    let file = file.display().to_string();
    let analyst = "analyst@example.com";
    stack.loop_auth(&[
        "user",
        "add",
        analyst,
        "--name",
        "김은향",
        "--roles",
        "analyst",
        "--password-file",
        &file,
    ]);
    let walk = Walk {
        node,
        chromium,
        stack: &stack,
    };
    walk.through("exec", ADMIN, (EVERYTHING, ""));
    walk.through(
        "analyst",
        (analyst, PASSWORD),
        (ANALYST, "/exec/view/runway"),
    );
}

/// What a walk through the pages needs.
struct Walk<'a> {
    node: PathBuf,
    chromium: PathBuf,
    stack: &'a Stack,
}

impl Walk<'_> {
    /// Looks at pages as somebody; those of `refused` are meant to be 403.
    fn through(&self, name: &str, (email, password): (&str, &str), (pages, refused): (&str, &str)) {
        let shots = std::env::var("LOOP_SCREENSHOTS")
            .unwrap_or_else(|_| self.stack.file("screenshots").display().to_string());
        let output = Command::new(&self.node)
            .arg(top().join("tests/browser/signed.mjs"))
            .args([
                "--url",
                &self.stack.url,
                "--email",
                email,
                "--password",
                password,
            ])
            .args([
                "--pages",
                pages,
                "--refused",
                refused,
                "--name",
                name,
                "--out",
                &shots,
            ])
            .arg("--chromium")
            .arg(&self.chromium)
            .output()
            .expect("node runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let also = String::from_utf8_lossy(&output.stderr);
        let seen: Value = serde_json::from_str(said.trim())
            .unwrap_or_else(|_| panic!("the browser told nothing: {said}{also}"));
        assert_eq!(seen["defects"], json!([]), "{seen:#}");
        let count = seen["seen"].as_array().map_or(0, Vec::len);
        let pages = pages.split(',').count() + 1;
        assert_eq!(count, 4 * pages, "{name}: four looks at each page");
    }
}
