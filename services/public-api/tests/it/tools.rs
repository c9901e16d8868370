//! What clients see of the tools: names, schemas, hints.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::Server;
use crate::mcp::structured;

#[tokio::test]
async fn the_list_of_tools_is_the_one_reviewed() {
    let server = Server::start();
    let listed = server.legacy("tools/list", json!({})).await;
    let tools = &listed["result"]["tools"];
    assert!(
        tools.to_string().len() < 12_000,
        "{} bytes",
        tools.to_string().len()
    );
    for tool in tools.as_array().unwrap() {
        let hints = &tool["annotations"];
        let expected = json!({ "title": tool["title"], "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false });
        assert_eq!(hints, &expected);
        for (name, property) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(
                property["description"].is_string(),
                "{name} of {}",
                tool["name"]
            );
        }
    }
    let snapshot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tools.json");
    let text = format!("{}\n", serde_json::to_string_pretty(tools).unwrap());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(snapshot, &text).unwrap();
    }
    let reviewed: Value =
        serde_json::from_str(&std::fs::read_to_string(snapshot).unwrap()).unwrap();
    assert_eq!(
        *tools, reviewed,
        "run with UPDATE_SNAPSHOTS=1 and review the difference"
    );
}

#[tokio::test]
async fn every_answer_fits_the_output_schema_of_its_tool() {
    let server = Server::start();
    let listed = server.legacy("tools/list", json!({})).await;
    for (name, arguments) in [
        ("search", json!({ "query": "결제" })),
        ("search", json!({ "query": "nothing has this" })),
        ("fetch", json!({ "id": "tasks/tsk-1.md" })),
        ("fetch", json!({ "id": "broken.md" })),
        ("query_entities", json!({})),
        ("query_entities", json!({ "limit": 1 })),
        ("get_entity", json!({ "id": "prj-pay" })),
        ("get_entity", json!({ "id": "tsk-broken" })),
        ("search", json!({ "query": "결제", "limit": 1 })),
        ("graph", json!({ "id": "prj-pay", "depth": 2 })),
        ("graph", json!({ "id": "tsk-1", "to": "tsk-2" })),
        ("project_overview", json!({ "id": "prj-pay" })),
        ("lint", json!({ "limit": 3 })),
        ("vault_info", json!({})),
        ("recent_changes", json!({})),
    ] {
        let tool = listed["result"]["tools"]
            .as_array()
            .unwrap()
            .iter()
            .find(|tool| tool["name"] == name)
            .unwrap();
        let result = server.tool(name, arguments.clone()).await;
        jsonschema::validate(&tool["inputSchema"], &arguments)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        jsonschema::validate(&tool["outputSchema"], structured(&result))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The sample vault that the end-to-end tests use too.
fn sample(vault: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vault");
    copy(&from, vault);
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&there).unwrap();
            copy(&entry.path(), &there);
        } else {
            std::fs::copy(entry.path(), &there).unwrap();
        }
    }
}

#[tokio::test]
async fn ten_hits_of_a_search_fit_into_two_kilobytes_and_more_come_on_request() {
    let server = Server::over(sample);
    for query in ["sori", "결제", "login", "task", "회의", "김은향"] {
        let found = server.tool("search", json!({ "query": query })).await;
        let text = found["content"][0]["text"].as_str().unwrap();
        let hits = structured(&found)["results"].as_array().unwrap().len();
        assert!((1..=10).contains(&hits), "{query}: {hits}");
        assert!(text.len() <= 200 * hits, "{query}: {} bytes", text.len());
    }
    let more = json!({ "query": "sori", "limit": 50 });
    let more = server.tool("search", more).await;
    let more = structured(&more);
    assert!(more["results"].as_array().unwrap().len() > 10);
    assert!(more["total"].as_u64().unwrap() > 10);
}
