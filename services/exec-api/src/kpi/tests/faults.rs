//! The fault matrix.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::fake::{Rig, Say};
use crate::kpi::History;
use crate::kpi::provider::revenuecat::RevenueCat;

const ASK: &str = "name=active_users&from=2026-11-27&to=2026-11-27";

fn good() -> Say {
    Say::Json(
        json!({ "data": { "series": [[100, 110]], "xValues": ["2026-11-26", "2026-11-27"] } }),
    )
}

fn status(status: u16) -> Say {
    Say::Status(status, Vec::new(), "")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table may be longer")]
async fn every_fault_gives_the_last_good_value_marked_stale_with_its_age() {
    let faults = [
        (
            "slow",
            vec![Say::Slow, Say::Slow, Say::Slow],
            "cannot be reached (too slow)",
        ),
        (
            "500",
            vec![status(500), status(502), status(503)],
            "answered 503",
        ),
        (
            "truncated",
            vec![Say::Truncated, Say::Truncated, Say::Truncated],
            "cannot be reached (the answer broke off)",
        ),
        (
            "malformed",
            vec![Say::Text("{\"data\": [1")],
            "answered in an unknown shape: the answer is no JSON",
        ),
        (
            "changed field",
            vec![Say::Json(
                json!({ "data": { "seriez": [[1]], "xValues": ["2026-11-27"] } }),
            )],
            "/data/series/0 is no list",
        ),
        (
            "changed type",
            vec![Say::Json(
                json!({ "data": { "series": [["a", "b"]], "xValues": ["2026-11-26", "2026-11-27"] } }),
            )],
            "holds no number",
        ),
        (
            "other length",
            vec![Say::Json(
                json!({ "data": { "series": [[1]], "xValues": ["2026-11-26", "2026-11-27"] } }),
            )],
            "is not as long as",
        ),
        ("denied", vec![status(401)], "does not accept the key (401)"),
        ("refused", vec![status(400)], "refused the question (400)"),
        (
            "redirect",
            vec![Say::Status(
                302,
                vec![("location", "http://127.0.0.1:1/")],
                "",
            )],
            "refused the question (302)",
        ),
        (
            "429",
            vec![Say::Status(429, vec![("retry-after", "600")], "")],
            "wants to be asked again in 600 seconds",
        ),
    ];
    for (what, said, problem) in faults {
        let rig = Rig::start();
        rig.say([good()]);
        assert!(!rig.get(ASK).await.stale, "{what}");
        rig.clock.advance(3_601);
        let count = said.len();
        rig.say(said);
        let got = rig.get(ASK).await;
        assert!(got.stale, "{what}");
        assert_eq!(got.value.as_deref(), Some("110"), "{what}");
        assert_eq!(got.age_seconds, Some(3_601), "{what}");
        let said = got.problem.unwrap();
        assert!(said.contains(problem), "{what}: {said}");
        assert!(
            !said.contains("the-secret") && !said.contains("http"),
            "{what}: {said}"
        );
        assert_eq!(
            rig.asked().len(),
            1 + count,
            "{what}: asked as often as is wise"
        );
        assert!(!rig.get(ASK).await.points.is_empty());
        assert_eq!(
            rig.asked().len(),
            1 + count,
            "{what}: and not at once again"
        );
    }
}

#[tokio::test]
async fn what_passes_is_asked_again_and_answered() {
    for first in [
        Say::Slow,
        status(500),
        Say::Truncated,
        Say::Status(429, vec![("retry-after", "0")], ""),
    ] {
        let rig = Rig::start();
        rig.say([first.clone(), good()]);
        let got = rig.get(ASK).await;
        assert_eq!(
            (got.value.as_deref(), got.stale, rig.asked().len()),
            (Some("110"), false, 2),
            "{first:?}"
        );
    }
}

#[tokio::test]
async fn without_any_good_value_the_answer_is_empty_and_says_why() {
    let rig = Rig::start();
    rig.say([status(401)]);
    let got = rig.get(ASK).await;
    assert!(got.points.is_empty() && got.value.is_none() && got.fetched_at.is_none());
    assert!(got.problem.unwrap().contains("does not accept the key"));
}

#[tokio::test]
async fn history_survives_a_restart_without_the_provider() {
    let rig = Rig::start();
    rig.say([good()]);
    rig.get(ASK).await;
    // Another range of the same days: nothing in memory, everything in the history.
    rig.say([status(401)]);
    let got = rig
        .get("name=active_users&from=2026-11-26&to=2026-11-27")
        .await;
    assert!(got.stale);
    assert_eq!(got.points.len(), 2);
}

#[tokio::test]
async fn a_history_that_cannot_be_reached_costs_the_history_alone() {
    let nowhere = History::Postgres("postgres://loop:hunter2@127.0.0.1:1/loop".into());
    let rig = Rig::keeping(Some(nowhere), |_| ());
    rig.say([good()]);
    let trend = rig.get(ASK).await;
    assert_eq!(
        (trend.value.as_deref(), trend.stale),
        (Some("110"), false),
        "{trend:?}"
    );
}

#[tokio::test]
async fn a_hundred_callers_at_once_are_one_request() {
    let rig = Arc::new(Rig::start());
    rig.say([good()]);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.get(ASK).await.value })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().as_deref(), Some("110"));
    }
    assert_eq!(rig.asked().len(), 1);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_left_alone_and_then_tried_once() {
    let rig = Rig::with(|policy| {
        policy.attempts = 1;
        policy.circuit = (2, TimeDelta::seconds(60));
    });
    let ask = |day: u32| format!("name=active_users&from=2026-11-{day:02}&to=2026-11-{day:02}");
    rig.say([status(500), status(500)]);
    for day in [10, 11, 12, 13] {
        rig.get(&ask(day)).await;
    }
    assert_eq!(rig.asked().len(), 2, "the circuit is open");
    let health = rig.kpis.health();
    assert_eq!(
        (health.providers[0].circuit, health.providers[0].reachable),
        ("open", Some(false))
    );
    assert_eq!(
        health.providers[1].reachable, None,
        "the other provider is another matter"
    );
    rig.clock.advance(61);
    rig.say([good()]);
    rig.get(&ask(14)).await;
    assert_eq!(rig.kpis.health().providers[0].circuit, "closed");
}

#[tokio::test]
async fn the_budget_bounds_what_is_asked_and_is_told() {
    let rig = Rig::with(|policy| policy.budget = (3, TimeDelta::seconds(60)));
    rig.say([good()]);
    rig.get(ASK).await; // two days
    let got = rig
        .get("name=new_users&from=2026-11-27&to=2026-11-27")
        .await;
    assert!(
        got.problem
            .unwrap()
            .contains("has no budget left for 60 seconds")
    );
    assert_eq!(rig.asked().len(), 1);
    let health = &rig.kpis.health().providers[0];
    assert_eq!(
        (health.budget_left, health.budget, health.circuit),
        (1, 3, "closed")
    );
}

#[tokio::test]
async fn a_limit_of_the_provider_uses_up_the_budget_for_as_long_as_it_says() {
    let rig = Rig::start();
    rig.say([Say::Status(
        429,
        Vec::new(),
        "{\"type\": \"rate_limit_error\", \"backoff_ms\": 30000}",
    )]);
    rig.get("name=mrr&from=2026-11-27&to=2026-11-27").await;
    let health = &rig.kpis.health().providers[1];
    assert_eq!(
        (health.budget_left, health.budget_resets_in_seconds),
        (0, 30)
    );
    rig.get("name=revenue&from=2026-11-27&to=2026-11-27").await;
    assert_eq!(rig.asked().len(), 1, "not asked while the limit holds");
}

#[tokio::test]
async fn the_only_project_is_found_over_all_pages_and_never_on_another_host() {
    use crate::kpi::provider::http::Http;
    use crate::kpi::provider::revenuecat;
    use loop_shared::service::SystemClock;
    use tokio::sync::OnceCell;
    let rig = Rig::start();
    let fresh = |base: &str| RevenueCat {
        http: Http::new("revenuecat", revenuecat::POLICY, Arc::new(SystemClock)).unwrap(),
        base: base.to_owned(),
        key: "sk_verysecret".into(),
        project: None,
        currency: "USD".into(),
        found: OnceCell::new(),
    };
    let base = rig.base();
    let page = |items: serde_json::Value, next: serde_json::Value| {
        Say::Json(json!({ "object": "list", "items": items, "next_page": next }))
    };
    let today = "2026-11-28".parse().unwrap();
    let overview = Say::Json(json!({ "metrics": [{ "id": "mrr", "value": 5 }] }));
    rig.say([
        page(json!([]), json!("/v2/projects?starting_after=a")),
        page(json!([{ "id": "proj9" }]), json!(null)),
        overview,
    ]);
    fresh(&base).overview("mrr", today).await.unwrap();
    assert!(
        rig.asked()[1]
            .0
            .starts_with("/v2/projects?starting_after=a")
    );
    assert!(
        rig.asked()[2]
            .0
            .starts_with("/v2/projects/proj9/metrics/overview")
    );
    rig.say([page(
        json!([{ "id": "proj9" }]),
        json!("https://evil.example/v2/projects?x"),
    )]);
    assert!(fresh(&base).overview("mrr", today).await.is_err());
    rig.say([page(json!([{ "id": "a" }, { "id": "b" }]), json!(null))]);
    let error = fresh(&base).overview("mrr", today).await.unwrap_err();
    assert!(
        error.to_string().contains("REVENUECAT_PROJECT_ID"),
        "{error}"
    );
}
