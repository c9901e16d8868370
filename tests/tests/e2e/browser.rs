//! Login, consent, devices and logout in a real Chromium, in both languages (`tests/browser/pages.mjs`).

use loop_testkit::Walk;

use crate::support::oauth::{CALLBACK, Client};
use crate::support::stack::{ADMIN, Stack};
use crate::support::tools::top;

#[test]
fn people_log_in_consent_and_log_out_in_chromium() {
    let Some(walk) = Walk::of(top().join("tests/browser/pages.mjs")) else {
        return;
    };
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(Client::register(&stack));
    let device = runtime.block_on(super::device::tv(&stack));
    let seen = walk
        .with(
            "url",
            client.authorize_url(&stack.mcp(), "mcp:read").as_str(),
        )
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .with(
            "openid",
            client.identity_url("openid profile email").as_str(),
        )
        .with("logout", format!("{}/oauth/logout", stack.url))
        .with("device", format!("{}/device_authorization", stack.url))
        .with("device-client", &device)
        .with("callback", CALLBACK)
        .seen(stack.folder());
    assert_eq!(seen.len(), 24, "twelve pages in two languages");
    for page in seen {
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
