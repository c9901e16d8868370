//! `docs/migrating-to-oauth-2.1.md`: every named snippet is run as it stands in the document.

use std::process::Command;

use loop_testkit::{Browser, Decision};
use serde_json::Value;
use url::Url;

use crate::support::oauth::{CALLBACK, Client, VERIFIER};
use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::{tool, top};

/// A fenced snippet of the guide: ` ```language name=name `.
fn snippet(language: &str, name: &str) -> String {
    let guide = std::fs::read_to_string(top().join("docs/migrating-to-oauth-2.1.md"));
    let guide = guide.expect("the guide");
    let fence = format!("\n```{language} name={name}\n");
    let (_, rest) = guide
        .split_once(&fence)
        .unwrap_or_else(|| panic!("no {language} snippet {name}"));
    rest.split_once("\n```").expect("its end").0.to_owned()
}

/// Runs a snippet of the guide; its JSON. `None` without its interpreter.
fn run(stack: &Stack, language: &str, name: &str, env: &[(&str, &str)]) -> Option<Value> {
    let (program, suffix) = match language {
        "python" => (tool("LOOP_PYTHON")?, "py"),
        "typescript" => (tool("LOOP_NODE")?, "mts"),
        "sh" => ("sh".into(), "sh"),
        other => panic!("nothing runs {other}"),
    };
    let file = stack.file(&format!("snippet-{name}.{suffix}"));
    std::fs::write(&file, snippet(language, name)).expect("a file");
    let output = Command::new(program)
        .arg(&file)
        .env("NO_PROXY", "*")
        .env("ISSUER", &stack.url)
        .env("REDIRECT_URI", CALLBACK)
        .envs(env.iter().copied())
        .output()
        .expect("the snippet starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language} {name}: {said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = serde_json::from_str(&text);
    Some(json.unwrap_or_else(|_| panic!("{language} {name}: {text}{said}")))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    let value = body[name].as_str();
    value.unwrap_or_else(|| panic!("no {name} in {body}"))
}

/// Sends the admin to `url`; a parameter of the answer.
async fn answered(url: &Url, name: &str) -> Option<String> {
    let outcome = Browser::new()
        .authorize(url, ADMIN.0, ADMIN.1, Decision::Allow)
        .await;
    outcome.parameter(name)
}

/// Adds a client as the guide says: its identifier and secret.
fn added(stack: &Stack, more: &[&str]) -> (String, String) {
    let add = ["client", "add", "Old dashboard", "--redirect-uri", CALLBACK];
    let said = stack.loop_auth(&[&add[..], more].concat());
    let value = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_ascii_whitespace().next())
            .unwrap_or_else(|| panic!("no {name} in {said}"))
            .to_owned()
    };
    (value("client_id: "), value("client_secret: "))
}

/// An authorization request of OAuth 2.0.
fn old_request(stack: &Stack, client: &str) -> Url {
    let parameters = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", "mcp:read"),
    ];
    Url::parse_with_params(&format!("{}/authorize", stack.url), parameters).expect("a URL")
}

#[tokio::test]
async fn the_new_snippets_log_in_in_every_phase() {
    for phase in ["optional", "public", "all"] {
        let auth = [("PKCE_ENFORCEMENT", phase)];
        let options = Options {
            auth: &auth,
            ..Options::default()
        };
        let Some(stack) = Stack::start_with(&options) else {
            return;
        };
        let client = Client::register(&stack).await;
        for language in ["python", "typescript", "sh"] {
            let id = [("CLIENT_ID", &*client.id)];
            let Some(asked) = run(&stack, language, "authorize", &id) else {
                return;
            };
            let url = Url::parse(text(&asked, "url")).expect("a URL");
            let code = answered(&url, "code").await.expect("a code");
            let env = [
                id[0],
                ("CODE", &code),
                ("VERIFIER", text(&asked, "verifier")),
            ];
            let tokens = run(&stack, language, "token", &env).expect("its interpreter");
            assert_eq!(
                tokens["token_type"], "Bearer",
                "{phase} {language}: {tokens}"
            );
        }
        assert!(
            !stack.logs().contains("pkce.next_phase_would_refuse"),
            "{phase}"
        );
    }
}

#[tokio::test]
async fn an_old_client_works_with_a_phase_of_its_own_and_is_told_of_in_the_audit_log() {
    let Some(stack) = Stack::start() else { return };
    let (client, secret) = added(&stack, &["--pkce", "public"]);
    let code = answered(&old_request(&stack, &client), "code").await;
    let code = code.expect("a code");
    let who = [("CLIENT_ID", &*client), ("CLIENT_SECRET", &*secret)];
    let env = [who[0], who[1], ("CODE", &*code)];
    let tokens = run(&stack, "sh", "optional-token", &env).expect("a shell");
    assert_eq!(tokens["token_type"], "Bearer", "{tokens}");

    let logs = stack.logs();
    let event = logs
        .lines()
        .find(|line| line.contains("pkce.next_phase_would_refuse"))
        .unwrap_or_else(|| panic!("no such event in {logs}"));
    for part in ["audit", &client, "all", "count"] {
        assert!(event.contains(part), "no {part} in {event}");
    }

    let env = [who[0], who[1], ("TOKEN", text(&tokens, "access_token"))];
    let told = run(&stack, "sh", "introspect", &env).expect("a shell");
    assert_eq!(told["active"], true, "{told}");
    assert_eq!(told["client_id"], *client, "{told}");
    assert!(!told.to_string().contains(ADMIN.0), "{told}");

    // The server's own phase is the strict one.
    let (strict, _) = added(&stack, &[]);
    let error = answered(&old_request(&stack, &strict), "error").await;
    assert_eq!(error.as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn a_challenge_taken_out_on_its_way_makes_a_code_that_nobody_can_use() {
    let auth = [("PKCE_ENFORCEMENT", "optional")];
    let options = Options {
        auth: &auth,
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let client = Client::register(&stack).await;
    let stripped = old_request(&stack, &client.id);
    let code = answered(&stripped, "code").await.expect("a code");
    let refused = client.exchange_with(&code, CALLBACK, VERIFIER).await;
    assert_eq!((refused.status, refused.error()), (400, "invalid_grant"));
}
