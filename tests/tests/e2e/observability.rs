//! The dashboard and the alerts name nothing that the services do not show; the docs name everything that they do.

use std::collections::{BTreeMap, BTreeSet};

use loop_testkit::{Browser, Decision};
use serde_json::Value;

use crate::metrics::{metrics_url, scrape};
use crate::support::oauth::Client;
use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::top;

/// Labels that Prometheus itself adds, or that belong to a histogram.
const ADDED: [&str; 3] = ["job", "instance", "le"];

type Shown = BTreeMap<String, BTreeSet<String>>;

/// Series and their labels, as a service shows them.
fn shown(text: &str) -> Shown {
    let mut all = Shown::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(series) = line.rsplit_once(' ').map(|(series, _)| series) else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels
            .split("\",")
            .filter_map(|pair| pair.split_once("=\""));
        let of = all.entry(name.to_owned()).or_default();
        of.extend(labels.map(|(name, _)| name.to_owned()));
    }
    all
}

/// The words of a Prometheus expression that are series, each with the labels that it is asked by.
fn asked(expression: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if !word.starts_with("loop_") && !word.starts_with("process_") {
            continue;
        }
        let inside = after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'));
        let labels = inside.map_or("", |(inside, _)| inside).split(',');
        let names = labels.filter_map(|label| label.split(['=', '!', '~']).next());
        let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
        found.push((word.to_owned(), names.collect()));
    }
    found
}

/// What is between the parentheses of every `by (…)`.
fn grouped(expression: &str) -> impl Iterator<Item = &str> {
    let groups = expression.split("by (").skip(1);
    groups.flat_map(|rest| rest.split(')').next().unwrap_or("").split(", "))
}

fn dashboard() -> Vec<String> {
    let text = std::fs::read_to_string(top().join("deploy/observability/loop.json"));
    let dashboard: Value = serde_json::from_str(&text.expect("the dashboard")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().expect("targets");
        targets
            .iter()
            .map(|it| it["expr"].as_str().expect("an expression").to_owned())
    });
    targets.collect()
}

/// The expressions of the alerts; each alert has what whoever is woken needs.
fn alerts() -> Vec<String> {
    let text = std::fs::read_to_string(top().join("deploy/observability/alerts.yml"));
    let text = text.expect("the alerts");
    let mut expressions = Vec::new();
    for alert in text.split("      - alert: ").skip(1) {
        for part in ["for: ", "severity: ", "summary: \"", "description: \""] {
            assert!(alert.contains(part), "no {part} in {alert}");
        }
        let line = alert
            .lines()
            .find_map(|line| line.trim().strip_prefix("expr: '"));
        let line = line.and_then(|line| line.strip_suffix('\''));
        expressions.push(line.unwrap_or_else(|| panic!("{alert}")).to_owned());
    }
    assert!(expressions.len() >= 10, "{expressions:?}");
    expressions
}

/// Where Prometheus' own tool is at hand, it reads the files as well.
fn promtool() {
    for (check, file) in [("rules", "alerts.yml"), ("config", "prometheus.yml")] {
        let path = top().join("deploy/observability").join(file);
        let ran = std::process::Command::new("promtool")
            .args(["check", check])
            .arg(path)
            .output();
        let Ok(ran) = ran else { return };
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

async fn traffic(stack: &Stack) {
    let client = Client::register(stack).await;
    let tokens = client.login(&stack.mcp(), "mcp:read").await;
    let again = client.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(again.status, 200, "{again:?}");
    let api = format!("{}/api/stats", stack.url);
    let request = crate::support::oauth::http().get(api);
    let answer = request.bearer_auth(again.text("access_token")).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    // Someone who mistypes, and a client of before PKCE.
    let url = client.authorize_url(&stack.mcp(), "mcp:read");
    let _ = Browser::new()
        .authorize(&url, ADMIN.0, "wrong", Decision::Allow)
        .await;
    let bare = format!(
        "{}/authorize?response_type=code&client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A8765%2Fcallback",
        stack.url, client.id
    );
    let answer = crate::support::oauth::http().get(bare).send().await;
    assert!(answer.expect("an answer").status().as_u16() < 500);
}

#[tokio::test]
async fn dashboard_alerts_and_docs_name_exactly_what_the_services_show() {
    let listen = ("METRICS_LISTEN", "127.0.0.1:0");
    let options = Options {
        auth: &[listen, ("PKCE_ENFORCEMENT", "optional")],
        apis: &[listen, ("REVOCATION_POLL_SECONDS", "1")],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    traffic(&stack).await;
    let of_auth = metrics_url(stack.auth());
    let of_api = metrics_url(&stack.api);
    // A failed fetch of the revocation list is seen at the API once loop-auth is away.
    let auth = scrape(&of_auth).await;
    stack.auth().kill_9();
    crate::metrics::until(&of_api, "loop_revocation_list_failures_total", |n| n >= 1).await;
    let mut all = shown(&auth);
    all.extend(shown(&scrape(&of_api).await));

    let docs = std::fs::read_to_string(top().join("docs/operations.md")).expect("the docs");
    for name in all.keys().filter(|name| name.starts_with("loop_")) {
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(
            docs.contains(&format!("`{base}")),
            "{base} is not in docs/operations.md"
        );
    }
    let every: BTreeSet<&str> = all.values().flatten().map(String::as_str).collect();
    let expressions = [dashboard(), alerts()].concat();
    for expression in &expressions {
        for (series, labels) in asked(expression) {
            let has = all
                .get(&series)
                .unwrap_or_else(|| panic!("nobody shows {series}: {expression}"));
            for label in labels {
                assert!(
                    has.contains(&label) || ADDED.contains(&&*label),
                    "{series} has no label {label}: {has:?}"
                );
            }
        }
        for label in grouped(expression) {
            assert!(
                every.contains(label) || ADDED.contains(&label),
                "{label}: {expression}"
            );
        }
    }
    let named: BTreeSet<String> = expressions
        .iter()
        .flat_map(|it| asked(it))
        .map(|(n, _)| n)
        .collect();
    assert!(named.len() >= 20, "{named:?}");
    // What strangers choose is in no label: each series has few of them.
    assert!(auth.lines().count() < 1_000, "too many series");
    assert!(!auth.contains(ADMIN.0), "a person is in a label");
    promtool();
}
