//! Who reaches what of the exec side, through nginx: role × scope × route × status.

use chrono::Utc;
use loop_testkit::TestIssuer;
use serde_json::{Value, json};

use crate::support::mcp::McpClient;
use crate::support::oauth::http;
use crate::support::stack::{Options, Stack};

const EXEC: [&str; 7] = [
    "/exec/runway",
    "/exec/cashflow?format=csv",
    "/exec/people",
    "/exec/people?detail=salary",
    "/exec/search?q=cash",
    "/exec/notes/decisions/cash-policy.md",
    "/exec/schema",
];
const KPI: [&str; 3] = ["/exec/kpi", "/exec/kpi/mrr", "/exec/kpi/health"];

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: it owns its clock"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[test]
fn every_role_and_scope_reaches_exactly_its_part_of_the_exec_side() {
    let issuer = TestIssuer::start();
    let options = Options {
        issuer: Some(&issuer),
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let door = stack.exec_mcp();
    let run = tokio::runtime::Runtime::new().expect("a runtime");
    run.block_on(async {
        // Roles open nothing by themselves; what the issuer put into the token decides.
        for role in ["member", "analyst", "exec", "admin"] {
            for (scope, exec, kpi) in [
                ("", 403, 403),
                ("mcp:read", 403, 403),
                ("kpi:read", 403, 200),
                ("mcp:exec", 200, 403),
                ("mcp:exec kpi:read", 200, 200),
                ("mcp:read mcp:exec kpi:read", 200, 200),
            ] {
                let token = issuer.token(&door, now()).scope(scope).claim("roles", json!([role]));
                let token = token.sign(issuer.signing_key());
                let rows = EXEC.map(|path| (path, exec, "mcp:exec"));
                let rows = rows.into_iter().chain(KPI.map(|path| (path, kpi, "kpi:read")));
                for (path, expected, needed) in rows {
                    let request = http().get(format!("{}{path}", stack.url)).bearer_auth(&token);
                    let answer = request.send().await.expect("an answer");
                    let what = format!("{role}, {scope:?}, {path}");
                    assert_eq!(answer.status(), expected, "{what}");
                    if expected == 403 {
                        let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
                        assert!(challenge.contains("insufficient_scope"), "{what}: {challenge}");
                        assert!(challenge.contains(needed), "{what}: {challenge}");
                    }
                }
                for (tool, expected) in [("runway", exec), ("kpi_list", kpi)] {
                    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
                    let request = http().post(&door).bearer_auth(&token).json(&body);
                    let request = request.header("Accept", "application/json, text/event-stream");
                    let answer = request.header("MCP-Protocol-Version", "2025-06-18").send().await;
                    let answer = answer.expect("an answer");
                    assert_eq!(answer.status(), expected, "{role}, {scope:?}, tool {tool}");
                    if expected == 200 {
                        let body: Value = answer.json().await.expect("JSON");
                        assert_eq!(body["result"]["isError"], false, "{body}");
                    }
                }
            }
        }
        for path in EXEC.iter().chain(&KPI) {
            let url = format!("{}{path}", stack.url);
            let nobody = http().get(&url).send().await.expect("an answer");
            assert_eq!(nobody.status(), 401, "{path}");
            let crossed = issuer.mint(&stack.mcp(), "mcp:exec kpi:read", now());
            let answer = http().get(&url).bearer_auth(&crossed).send().await;
            assert_eq!(answer.expect("an answer").status(), 401, "{path}: another resource's token");
        }
    });
}

#[test]
fn the_python_sdk_asks_what_an_executive_asks() {
    let Some(stack) = Stack::start() else { return };
    let Some(mut client) = McpClient::new(&stack.exec_mcp()) else {
        return;
    };
    client.connect("auto");
    let listed = client.must(&json!({ "op": "tools" }));
    let tools = listed["tools"].as_array().expect("tools");
    for needed in [
        "runway",
        "cashflow",
        "people",
        "search",
        "fetch",
        "kpi_list",
        "kpi_get",
        "kpi_health",
    ] {
        assert!(
            tools.iter().any(|tool| tool["name"] == needed),
            "{needed} in {listed}"
        );
    }
    let base = client.call("runway", &json!({ "as_of": "2026-11-21" }));
    assert_eq!(base["base"]["months_left"], "7.2", "{base}");
    let hiring = client.call(
        "runway",
        &json!({ "as_of": "2026-11-21", "hires": 3, "hire_cost": "8000000" }),
    );
    assert_eq!(hiring["scenario"]["months_left"], "6.4", "{hiring}");
    let flow = client.call(
        "cashflow",
        &json!({ "as_of": "2026-11-21", "currency": "KRW" }),
    );
    assert!(
        flow["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
        "{flow}"
    );
    let people = client.call("people", &json!({ "as_of": "2026-11-21" }));
    assert_eq!(
        (&people["headcount"]["total"], &people["people"]),
        (&json!(8), &Value::Null)
    );
    let found = client.call("search", &json!({ "query": "board" }));
    let note = client.call("fetch", &json!({ "id": found["results"][0]["id"] }));
    assert_eq!(note["id"], found["results"][0]["id"]);
    let kpis = client.call("kpi_list", &json!({}));
    assert!(
        kpis["kpis"].as_array().is_some_and(|kpis| kpis.len() >= 10),
        "{kpis}"
    );
    let unconfigured = client.call("kpi_get", &json!({ "name": "mrr" }));
    assert!(
        unconfigured["problem"]
            .as_str()
            .is_some_and(|why| why.contains("not configured")),
        "{unconfigured}"
    );
}
