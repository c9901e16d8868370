//! The figures of the sample vault against values computed by hand, over REST and MCP alike.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Server;

#[tokio::test]
async fn the_sample_vault_lasts_as_long_as_computed_by_hand() {
    let server = Server::start();
    // (as of, months, answer): balance * months / sum of (burn - income), in millions, rounded down
    for (as_of, months, left, month, average) in [
        // 1361 * 3 / (210 + 208 + 206) = 4083 / 624 = 6.54
        ("2026-11-21", 3, "6.5", "2026-10", 208_000_000),
        // 1361 * 1 / 206 = 6.60
        ("2026-11-21", 1, "6.6", "2026-10", 206_000_000),
        // 1361 * 6 / (206 + 213 + 212 + 210 + 208 + 206) = 8166 / 1255 = 6.50; 1255 / 6 = 209.166666…
        ("2026-11-21", 6, "6.5", "2026-10", 209_166_667),
        // closed on 2026-11-04, so on the 3rd September is the latest: 1567 * 3 / (212 + 210 + 208) = 4701 / 630 = 7.46
        ("2026-11-03", 3, "7.4", "2026-09", 210_000_000),
        ("2026-11-04", 3, "6.5", "2026-10", 208_000_000),
    ] {
        let query = format!("as_of={as_of}&months={months}");
        let got = server.json(&format!("/exec/runway?{query}")).await;
        assert_eq!(got["months_left"], left, "{query}: {got}");
        assert_eq!(got["cash_month"], month, "{query}");
        assert_eq!(got["average_net_burn"], average, "{query}");
        assert_eq!(got["reason"], Value::Null, "{query}");
    }
}

#[tokio::test]
async fn the_answer_names_units_sources_and_what_is_missing() {
    let server = Server::start();
    let got = server.json("/exec/runway?as_of=2026-12-31&months=9").await;
    assert_eq!(
        (&got["currency"], &got["as_of"]),
        (&json!("KRW"), &json!("2026-12-31"))
    );
    assert_eq!(got["cash_balance"], 1_361_000_000);
    assert_eq!(
        got["missing_months"],
        json!(["2026-02", "2026-03", "2026-04"])
    );
    assert_eq!(got["open_months"], json!(["2026-11", "2026-12"]));
    assert_eq!(got["sources"][5], "cash/2026-10.md");
    assert_eq!(got["warnings"], json!([]));
    let before = server.json("/exec/runway?as_of=2026-01-01").await;
    assert_eq!(
        (&before["months_left"], &before["reason"]),
        (&Value::Null, &json!("no closed month"))
    );
}

#[tokio::test]
async fn the_tool_says_what_rest_says_and_fits_its_schema() {
    let server = Server::start();
    let token = server.token("mcp:exec", "exec");
    let arguments = json!({ "as_of": "2026-11-21", "months": 6 });
    let result = server.tool(arguments, &token).await;
    let rest = server.json("/exec/runway?as_of=2026-11-21&months=6").await;
    assert_eq!(result["structuredContent"], rest);
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, rest);
    let listed: Value = server
        .rpc("tools/list", json!({}), &token)
        .await
        .json()
        .await
        .unwrap();
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 1);
    assert!(jsonschema::is_valid(&tools[0]["outputSchema"], &rest));
    assert!(!jsonschema::is_valid(
        &tools[0]["outputSchema"],
        &json!({ "months_left": 6.5 })
    ));
    assert_eq!(tools[0]["annotations"]["readOnlyHint"], true);
    let empty = server.json("/exec/runway?as_of=2026-01-01").await;
    assert!(jsonschema::is_valid(&tools[0]["outputSchema"], &empty));
}

#[tokio::test]
async fn bad_questions_are_refused_with_what_to_write() {
    let server = Server::start();
    let token = server.token("mcp:exec", "exec");
    for (query, arguments, expected) in [
        (
            "months=0",
            json!({ "months": 0 }),
            "a whole number from 1 to 24",
        ),
        (
            "as_of=tomorrow",
            json!({ "as_of": "tomorrow" }),
            "a day such as 2026-06-30",
        ),
        (
            "currency=USD",
            json!({ "currency": "USD" }),
            "Known: as_of, months.",
        ),
    ] {
        let answer = server.get(&format!("/exec/runway?{query}"), &token).await;
        assert_eq!(answer.status(), 400, "{query}");
        let body: Value = answer.json().await.unwrap();
        assert!(
            body["error_description"]
                .as_str()
                .unwrap()
                .contains(expected),
            "{body}"
        );
        let result = server.tool(arguments, &token).await;
        assert_eq!(result["isError"], true);
        assert!(
            result["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains(expected),
            "{result}"
        );
    }
    let unknown = server
        .rpc("tools/call", json!({ "name": "other" }), &token)
        .await;
    assert_eq!(
        unknown.json::<Value>().await.unwrap()["error"]["code"],
        -32602
    );
}

#[tokio::test]
async fn broken_notes_are_warnings_and_never_a_wrong_total() {
    let folder = tempfile::tempdir().unwrap();
    let note = |name: &str, fields: &str| {
        let text = format!("---\nentity_type: CashMonth\nentity_id: {name}\n{fields}---\n");
        fs::write(folder.path().join(format!("{name}.md")), text).unwrap();
    };
    note(
        "a",
        "month: \"2026-01\"\ncash_balance: 100\nincome: 0\nburn: 10\nclosed: 2026-02-01\n",
    );
    note(
        "b",
        "month: \"2026-02\"\ncash_balance: 9.5\nincome: 0\nburn: 10\nclosed: 2026-03-01\n",
    );
    note(
        "c",
        "month: \"2026-03\"\ncurrency: USD\ncash_balance: 9\nincome: 0\nburn: 10\nclosed: 2026-04-01\n",
    );
    note("d", "month: \"2026-04\ncash_balance: [\n");
    let server = Server::over(folder.path().to_str().unwrap(), |_| ());
    let got = server.json("/exec/runway?as_of=2026-05-15&months=1").await;
    assert_eq!(
        (&got["months_left"], &got["cash_month"]),
        (&json!("10.0"), &json!("2026-01"))
    );
    let codes: Vec<_> = got["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"bad_amount") && codes.contains(&"other_currency"),
        "{got}"
    );
    assert_eq!(got["open_months"], json!(["2026-02", "2026-03", "2026-04"]));
}
