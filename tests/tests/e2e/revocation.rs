//! Somebody leaves, or hands a token back: within seconds no API knows them, and nobody else notices.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::oauth::{Client, http, read};
use crate::support::stack::{ADMIN, Stack};

/// One look (5 s), one signature's worth of patience.
const SECONDS: Duration = Duration::from_secs(6);
const PASSWORD: &str = "a second password";

fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(test);
}

/// The doors of a stack: a resource, a scope that opens it, and a call.
fn doors(stack: &Stack) -> Vec<(String, &'static str, String)> {
    let mut doors = vec![(stack.mcp(), "mcp:read", format!("{}/api/stats", stack.url))];
    // private:begin
    if stack.exec.is_some() {
        doors.push((stack.exec_mcp(), "mcp:exec", stack.exec_mcp()));
    }
    // private:end
    doors
}

/// Whether a call with this token gets past the bearer check, whatever the route makes of it.
async fn opens(url: &str, token: &str) -> bool {
    ![401, 403, 503].contains(&call(url, token).await.0)
}

/// Status and description of a call with this token.
async fn call(url: &str, token: &str) -> (u16, String) {
    let answer = read(http().get(url).bearer_auth(token)).await;
    let said = &answer.body;
    let why = said["detail"]
        .as_str()
        .or(said["error_description"].as_str());
    let why = why.unwrap_or("");
    (answer.status, why.to_owned())
}

async fn ends(url: &str, token: &str, what: &str) {
    let started = Instant::now();
    loop {
        let (status, why) = call(url, token).await;
        if status == 401 {
            assert_eq!(why, "The access token has been revoked", "{what}");
            return;
        }
        assert!(
            started.elapsed() < SECONDS,
            "{what}: {url} still answers {status}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn add_user(stack: &Stack, email: &str, roles: &str) {
    let mut add = Command::new(loop_testkit::cargo_binary("loop-auth", "loop-auth"))
        .args(["user", "add", email, "--roles", roles])
        .env("OAUTH_DB_PATH", stack.file("loop-auth.db"))
        .env("BCRYPT_COST", "10")
        .stdin(Stdio::piped())
        .spawn()
        .expect("loop-auth runs");
    let mut input = add.stdin.take().expect("an input");
    writeln!(input, "{PASSWORD}").expect("it reads");
    drop(input);
    assert!(add.wait().expect("it ends").success());
}

/// A token of `email` for each door.
async fn tokens(
    stack: &Stack,
    client: &Client,
    email: &str,
    password: &str,
) -> Vec<(String, String)> {
    let mut tokens = Vec::new();
    for (resource, scope, url) in doors(stack) {
        let code = client.code_for(email, password, &resource, scope).await;
        let token = client.exchange(&code).await.text("access_token");
        assert!(opens(&url, &token).await, "{email} {url}");
        tokens.push((url, token));
    }
    tokens
}

#[test]
fn a_user_who_is_disabled_or_demoted_by_a_command_is_out_within_seconds_everywhere() {
    let Some(stack) = Stack::start() else { return };
    run(async {
        let client = Client::register(&stack).await;
        let (admin, password) = ADMIN;
        let staying = tokens(&stack, &client, admin, password).await;
        for (email, command) in [
            (
                "leaver@example.com",
                &["user", "disable", "leaver@example.com"][..],
            ),
            (
                "mover@example.com",
                &["user", "roles", "mover@example.com", "--roles", "member"],
            ),
        ] {
            add_user(&stack, email, "exec");
            let leaving = tokens(&stack, &client, email, PASSWORD).await;
            stack.loop_auth(command);
            for (url, token) in &leaving {
                ends(url, token, email).await;
            }
            for (url, token) in &staying {
                assert!(opens(url, token).await, "others: {url}");
            }
        }
        // Who was demoted logs in again, with less.
        let mcp = stack.mcp();
        let code = client.code_for("mover@example.com", PASSWORD, &mcp, "mcp:read");
        let token = client.exchange(&code.await).await.text("access_token");
        let url = format!("{}/api/stats", stack.url);
        assert!(opens(&url, &token).await);
    });
}

#[test]
fn a_token_that_is_handed_back_is_dead_within_seconds_and_stays_dead_after_a_restart() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let (url, token) = (
        format!("{}/api/stats", stack.url),
        std::cell::RefCell::new(String::new()),
    );
    run(async {
        let client = Client::register(&stack).await;
        let kept = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token");
        let back = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token");
        assert!(opens(&url, &back).await);
        let form = [("client_id", &client.id), ("token", &back)];
        let revoked = read(http().post(format!("{}/revoke", stack.url)).form(&form)).await;
        assert_eq!(revoked.status, 200);
        ends(&url, &back, "handed back").await;
        assert!(opens(&url, &kept).await, "another login of the same user");
        token.replace(back);
    });
    stack.api.kill_9();
    stack.api.restart();
    run(async {
        let token = token.take();
        let (status, _) = call(&url, &token).await;
        assert_eq!(status, 401, "an API is not ready before it has looked");
    });
}

#[test]
fn while_loop_auth_is_down_good_tokens_work_and_revoked_ones_do_not() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let url = format!("{}/api/stats", stack.url);
    let (kept, back) = runtime.block_on(async {
        let client = Client::register(&stack).await;
        let kept = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token");
        let back = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("access_token");
        let form = [("client_id", &client.id), ("token", &back)];
        read(http().post(format!("{}/revoke", stack.url)).form(&form)).await;
        ends(&url, &back, "handed back").await;
        (kept, back)
    });
    stack.auth().kill_9();
    std::thread::sleep(SECONDS);
    runtime.block_on(async {
        assert!(opens(&url, &kept).await);
        assert_eq!(call(&url, &back).await.0, 401);
    });
    let words = "the revocation list cannot be fetched";
    let told = stack.api.logs().matches(words).count();
    assert_eq!(told, 1, "said once, not at every look");
}
