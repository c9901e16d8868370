//! Codes are used once, refresh tokens rotate, and no answered token is ever lost.

use crate::support::oauth::{Answer, CALLBACK, Client, VERIFIER, http, read};
use crate::support::stack::Stack;

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
