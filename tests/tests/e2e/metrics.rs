//! What an operator's Prometheus sees: on an address of its own, never through the front door.

use std::time::{Duration, Instant};

use loop_testkit::Service;

use crate::support::oauth::{CALLBACK, Client, http};
use crate::support::stack::{Options, Stack};

const PATIENCE: Duration = Duration::from_secs(30);

/// Where a service's metrics are: it picked a free port and said which.
pub(crate) fn metrics_url(service: &Service) -> String {
    let logs = service.logs();
    let line = logs
        .lines()
        .find(|line| line.contains("metrics are at /metrics"))
        .unwrap_or_else(|| panic!("no metrics: {logs}"));
    let address = line.split("address=").nth(1).expect("an address");
    let address = address.split_whitespace().next().expect("an address");
    format!("http://{address}/metrics")
}

pub(crate) async fn scrape(url: &str) -> String {
    let answer = http().get(url).send().await.expect("it answers");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("text")
}

/// The value of a series, written as Prometheus does.
pub(crate) fn value(text: &str, series: &str) -> Option<i64> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

pub(crate) async fn until(url: &str, series: &str, enough: impl Fn(i64) -> bool) {
    let started = Instant::now();
    loop {
        let text = scrape(url).await;
        if value(&text, series).is_some_and(&enough) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{series} in {text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_operator_sees_what_the_next_pkce_phase_would_refuse_and_a_stale_revocation_list() {
    let listen = ("METRICS_LISTEN", "127.0.0.1:0");
    let options = Options {
        auth: &[listen, ("PKCE_ENFORCEMENT", "optional")],
        apis: &[
            listen,
            ("REVOCATION_POLL_SECONDS", "1"),
            ("REVOCATION_MAX_STALE_SECONDS", "10"),
        ],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let (of_api, of_auth) = (metrics_url(&stack.api), metrics_url(stack.auth()));

    let client = Client::register(&stack).await;
    let old_style = [
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", CALLBACK),
        ("scope", "mcp:read"),
    ];
    for _ in 0..2 {
        let url = format!("{}/authorize", stack.url);
        let sent = http().get(url).query(&old_style).send().await;
        assert!(sent.expect("an answer").status().as_u16() < 400);
    }
    let text = scrape(&of_auth).await;
    let series = r#"loop_pkce_next_phase_would_refuse_total{phase="public"}"#;
    assert_eq!(value(&text, series), Some(2), "{text}");
    let requests = r#"loop_http_requests_total{route="/authorize",status="3xx"}"#;
    assert_eq!(value(&text, requests), Some(2), "{text}");
    assert!(!text.contains(&client.id), "a client's id is no label");

    until(&of_api, "loop_revocation_list_grants", |listed| listed == 0).await;
    until(&of_api, "loop_revocation_list_stale", |stale| stale == 0).await;
    stack.auth().kill_9();
    until(&of_api, "loop_revocation_list_stale", |stale| stale == 1).await;
    until(&of_api, "loop_revocation_list_failures_total", |n| n >= 1).await;

    let front = http().get(format!("{}/metrics", stack.url)).send().await;
    assert_eq!(front.expect("nginx answers").status(), 404);
}
