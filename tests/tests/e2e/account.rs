//! The account pages in a real Chromium, behind a real nginx (`tests/browser/account.mjs`).

use loop_testkit::{Walk, free_port};

use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::top;

#[test]
fn people_look_after_their_account_in_chromium() {
    let Some(walk) = Walk::of(top().join("tests/browser/account.mjs")) else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let seen = walk
        .with("base", &stack.url)
        .with("resource", stack.mcp())
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .with(
            "callback",
            format!("http://localhost:{}/callback", free_port()),
        )
        .seen(stack.folder());
    assert_eq!(seen.len(), 4 * 21, "twenty-one states, four looks");
}
