//! The figures of the sample vault against values computed by hand, over REST and MCP alike.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Server;

#[tokio::test]
async fn the_sample_vault_lasts_as_long_as_computed_by_hand() {
    let server = Server::start();
    // Cash on 2026-10-31: 1,361,000,000 won and 61,250.40 dollars at 1385.20 = 84,844,054 won.
    // Net burn, dollars at the rate of each month's end, in won:
    //   October   334,000,000 - 128,000,000 +  8,082,434 - 17,107,220 = 196,975,214
    //   September 329,000,000 - 121,000,000 +  6,502,577 - 15,579,200 = 198,923,377
    //   August    322,000,000 - 112,000,000 +  8,532,915 - 12,957,900 = 205,575,015
    for (as_of, months, left, total, net) in [
        // 1,445,844,054 * 3 / 601,473,606 = 7.21
        ("2026-11-21", 3, "7.2", "1445844054", "200491202"),
        // 1,445,844,054 / 196,975,214 = 7.34
        ("2026-11-21", 1, "7.3", "1445844054", "196975214"),
        // Closed on 2026-11-04: on the 3rd September is the latest, and October's balances are known.
        ("2026-11-03", 1, "7.2", "1445844054", "198923377"),
        ("2026-11-04", 1, "7.3", "1445844054", "196975214"),
    ] {
        let query = format!("as_of={as_of}&months={months}");
        let got = server.json(&format!("/exec/runway?{query}")).await;
        assert_eq!(got["base"]["months_left"], left, "{query}: {got}");
        assert_eq!(got["cash"]["total"]["amount"], total, "{query}");
        let burn = got["burn"].as_array().unwrap();
        let burn = burn.iter().find(|burn| burn["months"] == months).unwrap();
        assert_eq!(burn["net"]["amount"], net, "{query}");
    }
    let dollars = server
        .json("/exec/runway?as_of=2026-11-21&currency=USD&months=1")
        .await;
    // 61,250.40 + 1,361,000,000 / 1385.20 = 61,250.40 + 982,529.60
    assert_eq!(dollars["cash"]["total"]["amount"], "1043780.00");
}

#[tokio::test]
async fn the_answer_names_accounts_days_sources_and_what_could_not_be_counted() {
    let server = Server::start();
    let got = server.json("/exec/runway?as_of=2026-12-31").await;
    let accounts = got["cash"]["accounts"].as_array().unwrap();
    let named: Vec<_> = accounts
        .iter()
        .map(|account| account["account"].as_str().unwrap())
        .collect();
    assert_eq!(
        named,
        ["acc-main", "acc-reserve", "acc-usd"],
        "the closed account is not there"
    );
    assert_eq!(accounts[2]["balance"]["amount"], "61250.40");
    assert_eq!(accounts[2]["balance"]["as_of"], "2026-10-31");
    assert_eq!(
        accounts[2]["balance"]["sources"],
        json!(["balances/2026-10-usd.md"])
    );
    assert_eq!(got["open_months"], json!(["2026-11", "2026-12"]));
    let codes: Vec<_> = got["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect();
    for code in ["bad_amount", "bad_currency", "contradiction", "open_months"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    let before = server.json("/exec/runway?as_of=2026-01-01").await;
    assert_eq!(
        (&before["base"]["months_left"], &before["base"]["reason"]),
        (&Value::Null, &json!("no cash total"))
    );
}

#[tokio::test]
async fn hiring_three_people_and_losing_a_fifth_of_sales_shorten_it() {
    let server = Server::start();
    let left = |query: &str| {
        let path = format!("/exec/runway?as_of=2026-11-21&{query}");
        let server = &server;
        async move {
            let got = server.json(&path).await;
            (
                got["base"]["months_left"].as_str().unwrap().to_owned(),
                got["scenario"]["months_left"].as_str().unwrap().to_owned(),
            )
        }
    };
    // 1,445,844,054 / (200,491,202 + 3 * 8,000,000) = 6.44
    assert_eq!(
        left("hires=3&hire_cost=8000000").await,
        ("7.2".into(), "6.4".into())
    );
    // Average income 135,548,107, a fifth less: 1,445,844,054 / (200,491,202 + 27,109,621) = 6.35
    assert_eq!(
        left("revenue_change=-20").await,
        ("7.2".into(), "6.3".into())
    );
    let (base, plan) = left("hiring=plan").await;
    assert!(plan < base, "{plan} < {base}");
}

#[tokio::test]
async fn cash_flow_stands_beside_its_plan_and_looks_ahead() {
    let server = Server::start();
    let got = server
        .json("/exec/cashflow?as_of=2026-11-21&from=2026-10&to=2027-01&currency=KRW")
        .await;
    let states: Vec<_> = got["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| month["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["closed", "open", "forecast", "forecast"]);
    assert_eq!(got["months"][0]["net"], "-206000000");
    assert_eq!(got["months"][0]["planned_income"], "110000000");
    let rows = got["rows"].as_array().unwrap();
    let row = |month: &str, key: &str| {
        rows.iter()
            .find(|row| row["month"] == month && row["key"] == key)
            .unwrap()
    };
    assert_eq!(row("2026-10", "payroll")["difference"], "-4000000");
    assert_eq!(row("2026-12", "payroll")["basis"], "plan");
    // (112 + 121 + 128) / 3 million = 120,333,333
    assert_eq!(
        (
            &row("2027-01", "sales")["basis"],
            &row("2027-01", "sales")["amount"]
        ),
        (&json!("average"), &json!("120333333"))
    );
}

#[tokio::test]
async fn people_are_counted_and_single_salaries_told_only_when_asked_for() {
    let server = Server::start();
    let got = server.json("/exec/people?as_of=2026-11-21").await;
    assert_eq!(got["headcount"]["total"], 8);
    assert_eq!(got["people"], Value::Null);
    // 14.5 + 13.2 + 9.6 + 8.7 + 8.3 + 6.2 + 5.9 + 5.4 million
    assert_eq!(got["cost"][0]["amount"], "71800000");
    assert_eq!(got["leaves"][0]["person"], "최예준");
    assert_eq!(got["hiring_plan"].as_array().unwrap().len(), 3);
    let text = got.to_string();
    for salary in ["14500000", "13200000", "8300000"] {
        assert!(!text.contains(salary), "{salary}");
    }
    let asked = server
        .json("/exec/people?as_of=2026-11-21&detail=salary")
        .await;
    assert!(asked.to_string().contains("14500000"));
}

#[tokio::test]
async fn tables_come_as_csv_that_no_spreadsheet_runs() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = "---\nentity_type: Ledger\nmonth: \"2026-01\"\ncurrency: KRW\nlines:\n  - {date: 2026-01-09, direction: in, amount: 10, category: \"=HYPERLINK(1)\"}\n---\n";
    fs::write(folder.path().join("l.md"), ledger).unwrap();
    let server = Server::over(folder.path().to_str().unwrap(), |_| ());
    let token = server.token("mcp:exec", "exec");
    let path = "/exec/cashflow?as_of=2026-01-31&from=2026-01&to=2026-01";
    let answer = server.get(&format!("{path}&format=csv"), &token).await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"cashflow.csv\""
    );
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("\"'=HYPERLINK(1)\",\"actual\",\"10\""),
        "{text}"
    );
    let accepted = server
        .http
        .get(server.url(path))
        .bearer_auth(&token)
        .header("Accept", "text/csv");
    assert_eq!(accepted.send().await.unwrap().text().await.unwrap(), text);
    assert_eq!(
        server
            .get(&format!("{path}&format=xml"), &token)
            .await
            .status(),
        400
    );
}

#[tokio::test]
async fn tools_say_what_rest_says_and_fit_their_schemas() {
    let server = Server::start();
    let token = server.token("mcp:exec", "exec");
    let tools = server.tools(&token).await;
    let schema =
        |name: &str| &tools.iter().find(|tool| tool["name"] == name).unwrap()["outputSchema"];
    for (name, query, arguments) in [
        (
            "runway",
            "as_of=2026-11-21&months=6&hires=3",
            json!({ "as_of": "2026-11-21", "months": 6, "hires": 3 }),
        ),
        (
            "runway",
            "as_of=2026-01-01",
            json!({ "as_of": "2026-01-01" }),
        ),
        (
            "cashflow",
            "as_of=2026-11-21",
            json!({ "as_of": "2026-11-21" }),
        ),
        (
            "cashflow",
            "as_of=2026-11-21&group=counterparty",
            json!({ "as_of": "2026-11-21", "group": "counterparty" }),
        ),
        (
            "people",
            "as_of=2026-11-21",
            json!({ "as_of": "2026-11-21" }),
        ),
        (
            "people",
            "as_of=2026-11-21&detail=salary",
            json!({ "as_of": "2026-11-21", "detail": "salary" }),
        ),
    ] {
        let result = server.tool(name, arguments, &token).await;
        let rest = server.json(&format!("/exec/{name}?{query}")).await;
        assert_eq!(result["structuredContent"], rest, "{name}?{query}");
        let text: Value =
            serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, rest);
        assert!(jsonschema::is_valid(schema(name), &rest), "{name}?{query}");
        assert!(
            !jsonschema::is_valid(schema(name), &json!({ "as_of": 1 })),
            "{name}"
        );
    }
}

#[tokio::test]
async fn notes_are_found_and_read() {
    let server = Server::start();
    let token = server.token("mcp:exec", "exec");
    let found = server
        .json("/exec/search?q=%ED%98%84%EA%B8%88&limit=2")
        .await;
    assert_eq!(found["results"].as_array().unwrap().len(), 2);
    let cursor = found["next_cursor"].as_str().unwrap();
    let next = server
        .json(&format!(
            "/exec/search?q=%ED%98%84%EA%B8%88&limit=2&cursor={cursor}"
        ))
        .await;
    assert_ne!(found["results"][0]["path"], next["results"][0]["path"]);
    let note = server.json("/exec/notes/decisions/cash-policy.md").await;
    assert_eq!(note["frontmatter"]["entity_type"], "Condition");
    let missing = server
        .get("/exec/notes/decisions/cash-polcy.md", &token)
        .await;
    assert_eq!(missing.status(), 404);
    assert!(
        missing
            .text()
            .await
            .unwrap()
            .contains("decisions/cash-policy.md")
    );
    let hits = server
        .tool("search", json!({ "query": "board" }), &token)
        .await;
    let id = hits["structuredContent"]["results"][0]["id"].clone();
    let read = server.tool("fetch", json!({ "id": id }), &token).await;
    assert_eq!(read["structuredContent"]["id"], id);
    let schema = server.json("/exec/schema").await;
    assert_eq!(schema["entities"].as_array().unwrap().len(), 10);
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
            "scope=USD",
            json!({ "scope": "USD" }),
            "Known: as_of, currency, months",
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
        let result = server.tool("runway", arguments, &token).await;
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
async fn the_description_describes_every_route_and_its_references_lead_somewhere() {
    let server = Server::start();
    let document = server.json("/exec/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/exec/runway",
        "/exec/cashflow",
        "/exec/people",
        "/exec/search",
        "/exec/notes/{path}",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    let text = document.to_string();
    for reference in text.split("\"#/").skip(1) {
        let pointer = format!("/{}", &reference[..reference.find('"').unwrap()]);
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
}
