//! A device without a browser logs in, through nginx and over restarts (RFC 8628); clients for themselves; registrations.

use std::time::{Duration, Instant};

use loop_testkit::html::forms;
use loop_testkit::{Browser, Decision, Outcome};
use serde_json::{Value, json};
use url::Url;

use crate::support::oauth::{Answer, CALLBACK, claims, http, read};
use crate::support::stack::{ADMIN, Stack};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// One look of an API at the revocation list (5 s), and patience.
const SECONDS: Duration = Duration::from_secs(8);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

pub(crate) async fn post(stack: &Stack, path: &str, form: &[(&str, &str)]) -> Answer {
    read(http().post(format!("{}{path}", stack.url)).form(form)).await
}

async fn register(stack: &Stack, metadata: Value) -> Answer {
    let answer = read(
        http()
            .post(format!("{}/register", stack.url))
            .json(&metadata),
    )
    .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

/// The identifier of a device's client.
pub(crate) async fn tv(stack: &Stack) -> String {
    let metadata = json!({
        "client_name": "Loop on the TV", "grant_types": [DEVICE_CODE, "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    register(stack, metadata).await.text("client_id")
}

pub(crate) async fn poll(stack: &Stack, client: &str, code: &str) -> Answer {
    let form = [
        ("grant_type", DEVICE_CODE),
        ("client_id", client),
        ("device_code", code),
    ];
    post(stack, "/token", &form).await
}

/// Logs the admin in at the address that the device shows, types its code and presses a button.
pub(crate) async fn answer(address: &str, code: &str, decision: &str) {
    let browser = Browser::new();
    let url: Url = address.parse().expect("an address");
    let reached = browser
        .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
        .await;
    let Outcome::Page { url, html, .. } = reached else {
        panic!("{reached:?}");
    };
    let mut form = forms(&html).remove(0);
    form.set("user_code", code);
    let asked = browser.submit(&url, &form, None).await;
    let html = asked.text().await.expect("a page");
    let form = forms(&html).remove(0);
    let done = browser
        .submit(&url, &form, Some(("decision", decision)))
        .await;
    assert_eq!(done.status(), 200, "{html}");
}

async fn opens(stack: &Stack, token: &str) -> u16 {
    let stats = format!("{}/api/stats", stack.url);
    read(http().get(stats).bearer_auth(token)).await.status
}

async fn ends(stack: &Stack, token: &str) {
    let started = Instant::now();
    while opens(stack, token).await != 401 {
        assert!(started.elapsed() < SECONDS, "the token still opens the API");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_device_logs_in_over_restarts_of_loop_auth() {
    let Some(mut stack) = Stack::start() else {
        return;
    };
    let runtime = runtime();
    let client = runtime.block_on(tv(&stack));
    let form = [("client_id", client.as_str()), ("scope", "mcp:read")];
    let codes = runtime.block_on(post(&stack, "/device_authorization", &form));
    assert_eq!(codes.status, 200, "{codes:?}");
    let (code, shown) = (codes.text("device_code"), codes.text("user_code"));
    assert_eq!(
        codes.text("verification_uri"),
        format!("{}/oauth/device", stack.url)
    );
    let pending = runtime.block_on(poll(&stack, &client, &code));
    assert_eq!(pending.error(), "authorization_pending");

    stack.auth().kill_9();
    stack.auth().restart();
    let hasty = runtime.block_on(poll(&stack, &client, &code));
    let error = hasty.error();
    assert!(
        ["slow_down", "authorization_pending"].contains(&error),
        "{hasty:?}"
    );
    runtime.block_on(answer(
        &codes.text("verification_uri_complete"),
        &shown,
        "allow",
    ));

    stack.auth().kill_9();
    stack.auth().restart();
    let tokens = runtime.block_on(poll(&stack, &client, &code));
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(
        runtime.block_on(poll(&stack, &client, &code)).error(),
        "invalid_grant"
    );
    runtime.block_on(async {
        let token = tokens.text("access_token");
        assert_eq!(opens(&stack, &token).await, 200);
        let refresh = tokens.text("refresh_token");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &client),
            ("refresh_token", &refresh),
        ];
        let next = post(&stack, "/token", &form).await;
        assert_eq!(next.status, 200, "{next:?}");
        let form = [("client_id", client.as_str()), ("token", &refresh)];
        assert_eq!(post(&stack, "/revoke", &form).await.status, 200);
        ends(&stack, &token).await;
    });
}

#[test]
fn a_job_reads_the_vault_for_itself_until_its_client_is_removed() {
    let everybody = [("ROLE_BYPASS", "member,analyst,exec,admin")];
    let options = crate::support::stack::Options {
        apis: &everybody,
        ..Default::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let add = |scope: &str| {
        let grant = [
            "client",
            "add",
            "Job",
            "--grant",
            "client_credentials",
            "--scope",
            scope,
        ];
        let said = stack.loop_auth(&grant);
        let after = |label: &str| {
            let rest = said.split(label).nth(1).expect(label);
            rest.split_whitespace().next().expect(label).to_owned()
        };
        (after("client_id: "), after("client_secret: "))
    };
    let (reader, other) = (add("mcp:read"), add("kpi:read"));
    runtime().block_on(async {
        let ask = async |(id, secret): &(String, String), resource: &str| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret),
                ("resource", resource),
            ];
            post(&stack, "/token", &form).await
        };
        let tokens = ask(&reader, &stack.mcp()).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let token = tokens.text("access_token");
        assert_eq!(claims(&token)["sub"], json!(reader.0));
        assert_eq!(opens(&stack, &token).await, 200);
        assert_eq!(ask(&other, &stack.mcp()).await.error(), "invalid_scope");
        stack.loop_auth(&["client", "remove", &reader.0]);
        assert_eq!(ask(&reader, &stack.mcp()).await.error(), "invalid_client");
        ends(&stack, &token).await;
    });
}

#[test]
fn a_registration_is_managed_where_it_says() {
    let Some(stack) = Stack::start() else { return };
    runtime().block_on(async {
        let metadata = json!({"client_name": "App", "redirect_uris": [CALLBACK]});
        let client = register(&stack, metadata).await;
        let (uri, token) = (
            client.text("registration_client_uri"),
            client.text("registration_access_token"),
        );
        let shown = read(http().get(&uri).bearer_auth(&token)).await;
        assert_eq!((shown.status, shown.text("client_name").as_str()), (200, "App"));
        assert_eq!(read(http().get(&uri).bearer_auth("wrong")).await.status, 401);
        let update = json!({
            "client_id": client.text("client_id"), "client_name": "New", "redirect_uris": [CALLBACK],
        });
        let done = read(http().put(&uri).bearer_auth(&token).json(&update)).await;
        assert_eq!((done.status, done.text("client_name").as_str()), (200, "New"));
        let gone = read(http().delete(&uri).bearer_auth(&token)).await;
        assert_eq!(gone.status, 204);
        assert_eq!(read(http().get(&uri).bearer_auth(&token)).await.status, 401);
    });
}
