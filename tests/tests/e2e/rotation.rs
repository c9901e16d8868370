//! Codes are used once, refresh tokens rotate, and no answered token is ever lost.

use loop_testkit::{Browser, Decision, Outcome};
use url::Url;

use crate::support::oauth::{Answer, CALLBACK, Client, VERIFIER, http, read};
use crate::support::stack::{ADMIN, Stack};

fn run(test: impl AsyncFnOnce(&mut Stack)) {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(test(&mut stack));
}

async fn api_status(stack: &Stack, token: &str) -> u16 {
    let url = format!("{}/api/stats", stack.url);
    read(http().get(url).bearer_auth(token)).await.status
}

#[test]
fn two_refreshes_at_once_get_the_same_successor_and_both_go_on() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let tokens = client.login(&stack.mcp(), "mcp:read").await;
        let old = tokens.text("refresh_token");
        for _round in 0..5 {
            let (one, two) = tokio::join!(client.refresh(&old), client.refresh(&old));
            for answer in [&one, &two] {
                assert_eq!(answer.status, 200, "{answer:?}");
                assert_eq!(api_status(stack, &answer.text("access_token")).await, 200);
            }
            assert_eq!(one.text("refresh_token"), two.text("refresh_token"));
            assert_ne!(one.text("refresh_token"), old);
        }
        let next = client.refresh(&old).await.text("refresh_token");
        assert_eq!(client.refresh(&next).await.status, 200);
    });
}

#[test]
fn a_refresh_whose_answer_was_lost_is_asked_again() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let tokens = client.login(&stack.mcp(), "mcp:read").await;
        let old = tokens.text("refresh_token");
        let lost = client.refresh(&old).await;
        let again = client.refresh(&old).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(again.text("refresh_token"), lost.text("refresh_token"));
    });
}

#[test]
fn an_old_token_after_its_successor_was_used_ends_the_family() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let tokens = client.login(&stack.mcp(), "mcp:read").await;
        let first = tokens.text("refresh_token");
        let second = client.refresh(&first).await.text("refresh_token");
        let third = client.refresh(&second).await.text("refresh_token");

        let replay = client.refresh(&first).await;
        assert_eq!((replay.status, replay.error()), (400, "invalid_grant"));
        let heir = client.refresh(&third).await;
        assert_eq!((heir.status, heir.error()), (400, "invalid_grant"));

        let other = client.login(&stack.mcp(), "mcp:read").await;
        assert_eq!(
            client.refresh(&other.text("refresh_token")).await.status,
            200
        );
    });
}

#[test]
fn a_code_used_twice_revokes_what_it_had_issued() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let code = client.code(&stack.mcp(), "mcp:read").await;
        let tokens = client.exchange(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let again = client.exchange(&code).await;
        assert_eq!((again.status, again.error()), (400, "invalid_grant"));
        let refresh = client.refresh(&tokens.text("refresh_token")).await;
        assert_eq!((refresh.status, refresh.error()), (400, "invalid_grant"));
    });
}

#[test]
fn a_wrong_verifier_or_redirect_gets_nothing() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let wrong = "x".repeat(43);
        for (redirect, verifier) in [
            (CALLBACK, wrong.as_str()),
            (CALLBACK, ""),
            ("http://localhost:8765/other", VERIFIER),
            ("http://localhost:9999/callback", VERIFIER),
            ("", VERIFIER),
        ] {
            let code = client.code(&stack.mcp(), "mcp:read").await;
            let answer = client.exchange_with(&code, redirect, verifier).await;
            assert_eq!(answer.status, 400, "{redirect:?} {verifier:?}: {answer:?}");
            let expected = if verifier.is_empty() || redirect.is_empty() {
                ["invalid_grant", "invalid_request"].as_slice()
            } else {
                ["invalid_grant"].as_slice()
            };
            assert!(expected.contains(&answer.error()), "{answer:?}");
        }
    });
}

#[test]
fn another_client_cannot_use_a_code_or_a_refresh_token() {
    run(async |stack: &mut Stack| {
        let (one, two) = (
            Client::register_as(stack, "one").await,
            Client::register_as(stack, "two").await,
        );
        assert_ne!(one.id, two.id);
        let code = one.code(&stack.mcp(), "mcp:read").await;
        let stolen = two.exchange(&code).await;
        assert_eq!((stolen.status, stolen.error()), (400, "invalid_grant"));
        let tokens = one.login(&stack.mcp(), "mcp:read").await;
        let stolen = two.refresh(&tokens.text("refresh_token")).await;
        assert_eq!((stolen.status, stolen.error()), (400, "invalid_grant"));
        let own = one.refresh(&tokens.text("refresh_token")).await;
        assert_eq!(own.status, 200, "the theft did not harm the owner");
    });
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

/// Refreshes a chain of tokens as fast as it can; whatever was answered is kept.
async fn chain(
    client: &Client,
    mut token: String,
    rounds: usize,
    answered: &std::sync::atomic::AtomicUsize,
) -> String {
    for _ in 0..rounds {
        // A connection that broke, or a 503 of the gateway, is no answer: ask again with the same token.
        let answer = loop {
            match client.refresh_request(&token).send().await {
                Ok(response) if response.status() == 503 || response.status() == 504 => {}
                Ok(response) => {
                    let status = response.status().as_u16();
                    if let Ok(body) = response.json().await {
                        break Answer { status, body };
                    }
                }
                Err(_) => {}
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(answer.status, 200, "an answered token was lost: {answer:?}");
        token = answer.text("refresh_token");
        answered.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
    token
}

#[test]
fn killing_loop_auth_in_the_middle_of_1000_refreshes_loses_no_answered_token() {
    run(async |stack: &mut Stack| {
        let client = Client::register(stack).await;
        let answered = std::sync::atomic::AtomicUsize::new(0);
        let mut first = Vec::new();
        for _ in 0..4 {
            first.push(
                client
                    .login(&stack.mcp(), "mcp:read")
                    .await
                    .text("refresh_token"),
            );
        }
        let chains = first
            .into_iter()
            .map(|token| chain(&client, token, 250, &answered));
        let killer = async {
            for kill_at in [120, 400, 700] {
                while answered.load(std::sync::atomic::Ordering::SeqCst) < kill_at {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
                let auth = stack.auth();
                tokio::task::block_in_place(|| {
                    auth.kill_9();
                    auth.restart();
                });
            }
        };
        let mut chains = Box::pin(futures_util::future::join_all(chains));
        let (last, ()) = tokio::join!(&mut chains, killer);
        drop(chains);
        assert_eq!(answered.load(std::sync::atomic::Ordering::SeqCst), 1000);
        for token in last {
            let answer = client.refresh(&token).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(api_status(stack, &answer.text("access_token")).await, 200);
        }
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
