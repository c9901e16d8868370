//! The documented shapes, and what becomes of them.

use serde_json::json;

use super::fake::{Rig, Say};

fn series(days: &[&str], values: &[i64]) -> Say {
    Say::Json(json!({ "data": { "series": [values], "seriesMeta": ["Active"], "xValues": days } }))
}

#[tokio::test]
async fn active_users_are_asked_for_with_the_range_before_and_compared_with_it() {
    let rig = Rig::start();
    rig.say([series(
        &["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"],
        &[100, 110, 120, 130],
    )]);
    let got = rig
        .get("name=active_users&from=2026-11-26&to=2026-11-27")
        .await;
    let (url, key) = rig.asked().remove(0);
    assert_eq!(url, "/api/2/users?start=20261124&end=20261127&i=1&m=active");
    assert_eq!(key, "Basic dGhlLWtleTp0aGUtc2VjcmV0");
    // (120 + 130) / 2 = 125 against (100 + 110) / 2 = 105: 19.05 %
    assert_eq!(
        (
            got.value.as_deref(),
            got.previous.as_deref(),
            got.change_percent.as_deref()
        ),
        (Some("125"), Some("105"), Some("19"))
    );
    assert_eq!(got.points.len(), 2);
    assert!(!got.stale && got.age_seconds == Some(0));
}

#[tokio::test]
async fn a_period_that_is_not_over_is_shown_and_not_compared() {
    let rig = Rig::start();
    let days = ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"];
    rig.say([series(&days, &[10, 20, 40, 3])]);
    let got = rig
        .get("name=new_users&from=2026-11-27&to=2026-11-28")
        .await;
    assert_eq!(
        (got.value.as_deref(), got.previous.as_deref()),
        (Some("40"), Some("10"))
    );
    let complete: Vec<_> = got.points.iter().map(|point| point.complete).collect();
    assert_eq!(complete, [true, false]);
}

#[tokio::test]
async fn events_are_encoded_and_weeks_are_asked_for_as_weeks() {
    let rig = Rig::start();
    rig.say([series(&["2026-11-16", "2026-11-23"], &[7, 9])]);
    let got = rig
        .get("name=key_event_total&interval=week&from=2026-11-23&to=2026-11-28")
        .await;
    let (url, _) = rig.asked().remove(0);
    assert!(
        url.contains("i=7")
            && url.contains("Play+Song")
            && url.contains("start=20261116&end=20261128"),
        "{url}"
    );
    assert_eq!(
        got.value.as_deref(),
        Some("9"),
        "the running week is all there is"
    );
}

#[tokio::test]
async fn retention_and_funnels_are_shares_in_percent() {
    let rig = Rig::start();
    let day = |count: i64, incomplete: bool| json!({ "count": count, "outof": 40, "incomplete": incomplete });
    let mut days = vec![day(40, false); 7];
    days.push(day(13, false));
    rig.say([Say::Json(json!({ "data": { "series": [{ "dates": ["2026-11-10"], "values": { "2026-11-10": days, "2026-11-25": [day(40, true)] }, "combined": [] }], "seriesMeta": [] } }))]);
    let got = rig
        .get("name=retention_day7&from=2026-11-10&to=2026-11-10")
        .await;
    assert_eq!(got.value.as_deref(), Some("32.5"));
    rig.say([Say::Json(json!({ "data": [{ "cumulative": [1.0, 0.25], "dayFunnels": { "xValues": ["2026-11-10", "2026-11-11"], "series": [[200, 50], [0, 0]] } }] }))]);
    let got = rig
        .get("name=funnel_conversion&from=2026-11-10&to=2026-11-11")
        .await;
    assert_eq!(
        (got.value.as_deref(), got.points.len()),
        (Some("25"), 1),
        "a share of nobody is none"
    );
    assert_eq!(rig.asked()[1].0.matches("e=%7B%22event_type%22").count(), 2);
}

#[tokio::test]
async fn charts_are_read_in_both_documented_shapes() {
    let rig = Rig::start();
    let objects = json!({ "object": "chart_data", "resolution": "day", "values": [
        { "cohort": 1_795_651_200, "measure": 0, "value": 1000.5, "incomplete": false },
        { "cohort": 1_795_651_200, "measure": 1, "value": 7, "incomplete": false },
        { "cohort": 1_795_737_600, "measure": 0, "value": 1100.25, "incomplete": true },
    ] });
    rig.say([Say::Json(objects)]);
    let got = rig.get("name=mrr&from=2026-11-27&to=2026-11-27").await;
    let (url, key) = rig.asked().remove(0);
    assert_eq!(
        url,
        "/v2/projects/proj1/charts/mrr?resolution=day&start_date=2026-11-26&end_date=2026-11-27&currency=USD"
    );
    assert_eq!(key, "Bearer sk_verysecret");
    assert_eq!(
        (
            got.value.as_deref(),
            got.previous.as_deref(),
            got.currency.as_deref()
        ),
        (Some("1100.25"), Some("1000.5"), Some("USD"))
    );
    rig.say([Say::Json(
        json!({ "object": "chart_data", "values": [[1_795_651_200, 5], [1_795_737_600, 6]] }),
    )]);
    let got = rig.get("name=churn&from=2026-11-27&to=2026-11-27").await;
    assert_eq!(
        (got.value.as_deref(), got.change_percent.as_deref()),
        (Some("6"), Some("20"))
    );
}

#[tokio::test]
async fn an_overview_metric_gets_its_history_here() {
    let rig = Rig::start();
    let overview = |value: i64| {
        Say::Json(
            json!({ "object": "overview_metrics", "metrics": [{ "object": "overview_metric", "id": "revenue", "name": "Revenue", "unit": "$", "period": "P28D", "value": value }] }),
        )
    };
    rig.say([overview(500)]);
    rig.get("name=revenue_28d").await;
    rig.clock.advance(86_400);
    rig.say([overview(530)]);
    let got = rig.get("name=revenue_28d").await;
    let values: Vec<_> = got
        .points
        .iter()
        .map(|point| (point.start.to_string(), point.value.clone()))
        .collect();
    assert_eq!(
        values,
        [
            ("2026-11-28".into(), "500".into()),
            ("2026-11-29".into(), "530".into())
        ]
    );
}
