//! Who reaches what of the exec side, through nginx: role × scope × route × status.

use chrono::Utc;
use loop_testkit::{Browser, Decision, Outcome, TestIssuer};
use serde_json::{Value, json};
use url::Url;

use crate::support::mcp::McpClient;
use crate::support::oauth::http;
use crate::support::stack::{Options, Stack};

/// Routes of `mcp:exec`.
const EXEC: [&str; 11] = [
    "/exec/runway",
    "/exec/runway?hires=3&hire_cost=6000000&revenue_change=-10",
    "/exec/runway?format=csv",
    "/exec/cashflow",
    "/exec/cashflow?format=csv",
    "/exec/people",
    "/exec/people?detail=salary",
    "/exec/people?format=csv",
    "/exec/search?q=cash",
    "/exec/notes/decisions/cash-policy.md",
    "/exec/schema",
];
/// Routes of `kpi:read`.
const KPI: [&str; 4] = [
    "/exec/kpi",
    "/exec/kpi/mrr",
    "/exec/kpi/mrr?format=csv",
    "/exec/kpi/health",
];
/// Tools and their arguments, of `mcp:exec` and of `kpi:read`.
const EXEC_TOOLS: [(&str, &str); 6] = [
    ("runway", "{}"),
    ("runway", r#"{"chart":"ko"}"#),
    ("cashflow", "{}"),
    ("people", "{}"),
    ("search", r#"{"query":"cash"}"#),
    ("fetch", r#"{"id":"decisions/cash-policy.md"}"#),
];
const KPI_TOOLS: [(&str, &str); 3] = [
    ("kpi_list", "{}"),
    ("kpi_health", "{}"),
    ("kpi_get", r#"{"name":"mrr"}"#),
];
/// Scopes of a token, then what it gets from the routes and tools of `mcp:exec`, and from those of `kpi:read`.
const SCOPES: [(&str, u16, u16); 6] = [
    ("", 403, 403),
    ("mcp:read", 403, 403),
    ("kpi:read", 403, 200),
    ("mcp:exec", 200, 403),
    ("mcp:exec kpi:read", 200, 200),
    ("mcp:read mcp:exec kpi:read", 200, 200),
];
const ROLES: [&str; 4] = ["member", "analyst", "exec", "admin"];
const PASSWORD: &str = "a password of theirs";

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
    let run = tokio::runtime::Runtime::new().expect("a runtime");
    run.block_on(async {
        // Roles open nothing by themselves; what the issuer put into the token decides.
        for role in ROLES {
            for (scope, exec, kpi) in SCOPES {
                let token = issuer.token(&stack.exec_mcp(), now()).scope(scope);
                let token = token
                    .claim("roles", json!([role]))
                    .sign(issuer.signing_key());
                let row = Row {
                    stack: &stack,
                    token,
                    what: format!("{role}, {scope:?}"),
                };
                for (paths, expected, needed) in
                    [(&EXEC[..], exec, "mcp:exec"), (&KPI, kpi, "kpi:read")]
                {
                    for path in paths {
                        row.route(path, expected, needed).await;
                    }
                }
                let either = if exec == 200 || kpi == 200 { 200 } else { 403 };
                row.route("/exec/openapi.json", either, "").await;
                for (tools, expected) in [(&EXEC_TOOLS[..], exec), (&KPI_TOOLS, kpi)] {
                    for (name, arguments) in tools {
                        row.tool(name, arguments, expected).await;
                    }
                }
                if either == 200 {
                    row.lists(exec == 200, kpi == 200).await;
                }
            }
        }
        for path in EXEC.iter().chain(&KPI) {
            let url = format!("{}{path}", stack.url);
            let nobody = http().get(&url).send().await.expect("an answer");
            assert_eq!(nobody.status(), 401, "{path}");
            let crossed = issuer.mint(&stack.mcp(), "mcp:exec kpi:read", now());
            let answer = http().get(&url).bearer_auth(&crossed).send().await;
            assert_eq!(
                answer.expect("an answer").status(),
                401,
                "{path}: another resource's token"
            );
        }
    });
}

/// One token of the table.
struct Row<'a> {
    stack: &'a Stack,
    token: String,
    what: String,
}

impl Row<'_> {
    async fn route(&self, path: &str, expected: u16, needed: &str) {
        let request = http().get(format!("{}{path}", self.stack.url));
        let answer = request
            .bearer_auth(&self.token)
            .send()
            .await
            .expect("an answer");
        let what = format!("{}, {path}", self.what);
        assert_eq!(answer.status(), expected, "{what}");
        if expected == 403 {
            let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
            assert!(
                challenge.contains("insufficient_scope"),
                "{what}: {challenge}"
            );
            assert!(challenge.contains(needed), "{what}: {challenge}");
        } else if path.contains("format=csv") {
            let kind = answer.headers()["content-type"].to_str().expect("text");
            assert!(kind.starts_with("text/csv"), "{what}: {kind}");
        }
    }

    async fn rpc(&self, method: &str, params: Value) -> reqwest::Response {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = http()
            .post(self.stack.exec_mcp())
            .bearer_auth(&self.token)
            .json(&body);
        let request = request.header("Accept", "application/json, text/event-stream");
        let answer = request
            .header("MCP-Protocol-Version", "2025-11-25")
            .send()
            .await;
        answer.expect("an answer")
    }

    async fn tool(&self, name: &str, arguments: &str, expected: u16) {
        let arguments: Value = serde_json::from_str(arguments).expect("JSON");
        let params = json!({ "name": name, "arguments": arguments });
        let answer = self.rpc("tools/call", params).await;
        assert_eq!(answer.status(), expected, "{}, tool {name}", self.what);
        if expected == 200 {
            let body: Value = answer.json().await.expect("JSON");
            assert_eq!(body["result"]["isError"], false, "{body}");
        }
    }

    /// What is listed is what may be used.
    async fn lists(&self, exec: bool, kpi: bool) {
        let of = |may: bool, names: &[&str]| {
            if may {
                names.iter().map(ToString::to_string).collect()
            } else {
                Vec::new()
            }
        };
        for (method, list, exec_names, kpi_names) in [
            (
                "tools/list",
                "tools",
                &["runway", "cashflow", "people", "search", "fetch"][..],
                &["kpi_list", "kpi_health", "kpi_get"][..],
            ),
            (
                "prompts/list",
                "prompts",
                &["cash_if_we_hire", "month_in_cash", "headcount_review"],
                &["weekly_kpi_review"],
            ),
        ] {
            let body: Value = self
                .rpc(method, json!({}))
                .await
                .json()
                .await
                .expect("JSON");
            let listed = body["result"][list].as_array().expect("a list");
            let mut listed: Vec<String> = listed
                .iter()
                .filter_map(|one| Some(one["name"].as_str()?.to_owned()))
                .collect();
            let mut expected: Vec<String> = [of(exec, exec_names), of(kpi, kpi_names)].concat();
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{}, {method}", self.what);
        }
    }
}

#[test]
fn every_role_sees_its_part_of_the_dashboard_after_a_real_login() {
    let Some(stack) = Stack::start() else { return };
    let file = stack.file("people.password");
    std::fs::write(&file, PASSWORD).expect("a password file");
    let file = file.display().to_string();
    let run = tokio::runtime::Runtime::new().expect("a runtime");
    for (role, home, exec, kpi) in [
        ("member", 403, 403, 403),
        ("analyst", 200, 403, 200),
        ("exec", 200, 200, 200),
        ("admin", 200, 200, 200),
    ] {
        let email = format!("{role}@people.example");
        stack.loop_auth(&[
            "user",
            "add",
            &email,
            "--roles",
            role,
            "--password-file",
            &file,
        ]);
        let browser = Browser::new();
        let url = |path: &str| Url::parse(&format!("{}{path}", stack.url)).expect("a URL");
        run.block_on(async {
            let person = (email.as_str(), PASSWORD);
            let outcome = browser
                .authorize_to(&url("/exec/"), None, person, Decision::Allow)
                .await;
            let Outcome::Page { status, .. } = outcome else {
                panic!("{role}: no page");
            };
            assert_eq!(status, home, "{role}: the overview");
            if home == 403 {
                return;
            }
            for (path, expected) in [
                ("/exec/view/runway", exec),
                ("/exec/view/cashflow", exec),
                ("/exec/view/people?detail=salary", exec),
                ("/exec/view/notes/decisions/cash-policy.md", exec),
                ("/exec/view/kpi", kpi),
                // A session is no token: the API wants one.
                ("/exec/runway", 401),
                ("/exec/kpi", 401),
            ] {
                let answer = browser.get(&url(path)).await;
                assert_eq!(answer.status(), expected, "{role}: {path}");
            }
        });
    }
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
    asks_for_kpis_and_a_picture(&mut client);
}

fn asks_for_kpis_and_a_picture(client: &mut McpClient) {
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
    let picture = client.must(&json!({ "op": "call", "tool": "runway", "arguments": { "as_of": "2026-11-21", "chart": "ko" } }));
    let kinds: Vec<_> = picture["content"]
        .as_array()
        .expect("content")
        .iter()
        .map(|one| one["type"].clone())
        .collect();
    assert_eq!(kinds, ["text", "image"], "{kinds:?}");
}

#[test]
fn the_python_sdk_finds_the_recurring_questions_as_prompts_and_their_tools_answer() {
    let Some(stack) = Stack::start() else { return };
    let Some(mut client) = McpClient::new(&stack.exec_mcp()) else {
        return;
    };
    for mode in ["auto", "legacy"] {
        client.connect(mode);
        let listed = client.must(&json!({ "op": "prompts" }));
        let tools = client.must(&json!({ "op": "tools" }));
        for (name, arguments, says, named) in [
            (
                "weekly_kpi_review",
                json!({}),
                "Review last week's KPIs",
                &["kpi_list", "kpi_get"][..],
            ),
            (
                "cash_if_we_hire",
                json!({ "people": "3" }),
                "How long does our cash last if we hire 3 more people?",
                &["runway"],
            ),
            (
                "month_in_cash",
                json!({ "month": "2026-10" }),
                "2026-10",
                &["cashflow"],
            ),
            (
                "headcount_review",
                json!({}),
                "all teams",
                &["people", "runway"],
            ),
        ] {
            let known = listed["prompts"].as_array().expect("prompts");
            assert!(
                known.iter().any(|prompt| prompt["name"] == name),
                "{name} in {listed}"
            );
            let got =
                client.must(&json!({ "op": "prompt", "prompt": name, "arguments": arguments }));
            let text = got["messages"][0]["content"]["text"]
                .as_str()
                .expect("a text");
            assert!(text.contains(says), "{name}: {text}");
            for tool in named {
                assert!(
                    text.contains(&format!("`{tool}`")),
                    "{name} names {tool}: {text}"
                );
                let there = tools["tools"].as_array().expect("tools");
                assert!(there.iter().any(|one| one["name"] == *tool), "{tool}");
            }
        }
        does_what_the_prompts_ask_for(&mut client);
    }
}

fn does_what_the_prompts_ask_for(client: &mut McpClient) {
    // What the second prompt asks for: the hires alone, and on top of the hiring plan.
    let hires = json!({ "as_of": "2026-11-21", "hires": 3 });
    let hires = client.call("runway", &hires);
    let planned = json!({ "as_of": "2026-11-21", "hires": 3, "hiring": "plan" });
    let planned = client.call("runway", &planned);
    let left = |answer: &Value, outlook: &str| {
        let months = answer[outlook]["months_left"].as_str().expect("months");
        months.parse::<f64>().expect("a number")
    };
    assert!(left(&hires, "scenario") < left(&hires, "base"), "{hires}");
    assert!(
        left(&planned, "scenario") < left(&hires, "scenario"),
        "{planned}"
    );
    // What the first one asks for, where nothing is connected: it says so.
    let kpis = client.call("kpi_list", &json!({}));
    let kpis = kpis["kpis"].as_array().expect("KPIs");
    assert!(kpis.iter().all(|kpi| kpi["configured"] == false));
}
