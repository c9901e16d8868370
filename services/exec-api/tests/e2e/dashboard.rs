//! The dashboard in a real Chromium through nginx, signed in with loop-auth: in both languages, wide and narrow, light and
//! dark, by keyboard and on paper (`tests/browser/signed.mjs`).

use loop_testkit::Walk;

use crate::exec_provider::provider;
use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::top;

const PASSWORD: &str = "a password of theirs";
const EVERYTHING: &str = "/exec/,/exec/view/runway?hires=3&hire_cost=6000000&revenue_change=-10,/exec/view/cashflow,\
/exec/view/people?detail=salary,/exec/view/kpi,/exec/view/notes/decisions/cash-policy.md";
const ANALYST: &str = "/exec/,/exec/view/kpi?interval=week,/exec/view/runway";

#[test]
fn executives_and_analysts_read_the_dashboard_in_chromium() {
    if walk().is_none() {
        return;
    }
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
    through(&stack, "exec", ADMIN, (EVERYTHING, ""));
    through(
        &stack,
        "analyst",
        (analyst, PASSWORD),
        (ANALYST, "/exec/view/runway"),
    );
}

fn walk() -> Option<Walk> {
    Walk::of(top().join("tests/browser/signed.mjs"))
}

/// Looks at pages as somebody; those of `refused` are meant to be 403.
fn through(
    stack: &Stack,
    name: &str,
    (email, password): (&str, &str),
    (pages, refused): (&str, &str),
) {
    let Some(walk) = walk() else { return };
    let seen = walk
        .with("url", &stack.url)
        .with("email", email)
        .with("password", password)
        .with("pages", pages)
        .with("refused", refused)
        .with("name", name)
        .seen(stack.folder());
    let pages = pages.split(',').count() + 1;
    assert_eq!(seen.len(), 4 * pages, "{name}: four looks at each page");
}
