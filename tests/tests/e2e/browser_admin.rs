//! The admin pages and the invitation in a real Chromium, in both languages, by keyboard alone where it hurts
//! (`tests/browser/admin.mjs`).

use loop_testkit::Walk;

use crate::support::oauth::Client;
use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::top;

#[test]
fn administrators_work_in_chromium_in_both_languages() {
    let Some(walk) = Walk::of(top().join("tests/browser/admin.mjs")) else {
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
    let seen = walk
        .with("url", &stack.url)
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .seen(stack.folder());
    assert_eq!(seen.len(), 48, "twenty-four pages in two languages");
}
