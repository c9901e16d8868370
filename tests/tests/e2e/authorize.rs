//! Authorization requests through nginx: what is refused, what comes back, who may go on.

use loop_testkit::{Browser, Decision, Outcome};
use url::Url;

use crate::support::oauth::{Client, http};
use crate::support::stack::{ADMIN, Stack};

fn run(test: impl AsyncFnOnce(&mut Stack)) {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(test(&mut stack));
}

#[test]
fn a_wrong_redirect_at_authorize_is_a_page_and_never_a_redirect() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        for hostile in [
            "https://evil.example/",
            "http://localhost:8765/callback/../evil",
            "http://localhost:8765@evil.example/callback",
            "http://localhost.evil.example/callback",
            "http://localhost:8765/callback#fragment",
            "http://localhost:8765/callback?more=1",
            "http://localhost:8765\\@evil.example/callback",
            "//evil.example/callback",
        ] {
            let url = with_parameter(
                &client.authorize_url(&stack.mcp(), "mcp:read"),
                "redirect_uri",
                hostile,
            );
            let response = http().get(url).send().await.expect("an answer");
            assert_eq!(response.status(), 400, "{hostile}");
            assert!(response.headers().get("location").is_none(), "{hostile}");
        }
    });
}

#[test]
fn the_state_comes_back_to_the_letter_with_the_issuer_beside_it() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let state = "a b&c=d%20é\"'<script>+/?#";
        let url = with_parameter(
            &client.authorize_url(&stack.mcp(), "mcp:read"),
            "state",
            state,
        );
        for decision in [Decision::Allow, Decision::Deny] {
            let outcome = Browser::new()
                .authorize(&url, ADMIN.0, ADMIN.1, decision)
                .await;
            let landed = outcome.redirect();
            let get = |name: &str| {
                let mut pairs = landed.query_pairs();
                pairs
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            };
            assert_eq!(get("state").as_deref(), Some(state));
            assert_eq!(get("iss"), Some(stack.url.clone()));
        }
    });
}

#[test]
fn a_consent_whose_state_was_changed_on_the_way_is_refused() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let browser = Browser::new();
        let url = client.authorize_url(&stack.mcp(), "mcp:read");
        // Log in, stop at the consent page, change what it carries.
        let mut page = url.clone();
        let mut response = browser.get(&page).await;
        let form = loop {
            if let Some(location) = response.headers().get("location") {
                page = page.join(location.to_str().expect("text")).expect("a URL");
                response = browser.get(&page).await;
                continue;
            }
            let html = response.text().await.expect("a page");
            let mut form = loop_testkit::html::forms(&html).remove(0);
            if !form.has("password") {
                break form;
            }
            form.set("email", ADMIN.0);
            form.set("password", ADMIN.1);
            response = browser.submit(&page, &form, None).await;
        };
        let mut changed = form.clone();
        let request = form.value("request").expect("the form carries the request");
        assert!(request.contains("state=s-1"), "{request}");
        changed.set("request", &request.replace("state=s-1", "state=s-2"));
        let refused = browser
            .submit(&page, &changed, Some(("decision", "allow")))
            .await;
        assert!(refused.status().is_client_error(), "{}", refused.status());
        assert!(refused.headers().get("location").is_none());
        let allowed = browser
            .submit(&page, &form, Some(("decision", "allow")))
            .await;
        assert!(allowed.status().is_redirection(), "{}", allowed.status());
    });
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_alike() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let url = client.authorize_url(&stack.mcp(), "mcp:read");
        let mut pages = Vec::new();
        for email in [ADMIN.0, "nobody@example.com"] {
            let outcome = Browser::new()
                .authorize(&url, email, "wrong", Decision::Allow)
                .await;
            let Outcome::Page { status, html, .. } = outcome else {
                panic!("a wrong password opened the door")
            };
            let alert = html.split("role=\"alert\"").nth(1).expect("an alert");
            let said = alert.split('<').next().unwrap_or_default().to_owned();
            pages.push((status, said));
        }
        assert_eq!(pages[0], pages[1]);
    });
}

#[test]
fn a_disabled_user_cannot_refresh_or_log_in() {
    run(async |stack: &mut Stack| {
        let password = "a long enough password";
        let path = stack.file("password");
        std::fs::write(&path, password).expect("a file can be written");
        let path = path.display().to_string();
        stack.loop_auth(&[
            "user",
            "add",
            "kim@example.com",
            "--roles",
            "member",
            "--password-file",
            &path,
        ]);
        let client = Client::register(stack).await;
        let code = client
            .code_for("kim@example.com", password, &stack.mcp(), "mcp:read")
            .await;
        let tokens = client.exchange(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");

        stack.loop_auth(&["user", "disable", "kim@example.com"]);
        let refresh = client.refresh(&tokens.text("refresh_token")).await;
        assert_eq!((refresh.status, refresh.error()), (400, "invalid_grant"));
        let url = client.authorize_url(&stack.mcp(), "mcp:read");
        let outcome = Browser::new()
            .authorize(&url, "kim@example.com", password, Decision::Allow)
            .await;
        assert!(matches!(outcome, Outcome::Page { .. }), "{outcome:?}");
    });
}

#[test]
fn the_longest_state_survives_nginx_and_the_login() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let state = "\"".repeat(2_000);
        let url = with_parameter(
            &client.authorize_url(&stack.mcp(), "mcp:read"),
            "state",
            &state,
        );
        let outcome = Browser::new()
            .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
            .await;
        assert_eq!(outcome.parameter("state"), Some(state));
    });
}

/// The URL with one parameter replaced.
fn with_parameter(url: &Url, name: &str, value: &str) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, old)| {
            let new = if key == name {
                value.to_owned()
            } else {
                old.into_owned()
            };
            (key.into_owned(), new)
        })
        .collect();
    let mut changed = url.clone();
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    changed
}
