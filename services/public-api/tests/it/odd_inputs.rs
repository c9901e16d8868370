//! Whatever is sent, the answer is never ours to be ashamed of.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::Server;

const PATHS: [&str; 14] = [
    "/api/entities",
    "/api/search",
    "/api/stats",
    "/api/vault/scan",
    "/api/entities/x",
    "/api/notes/x",
    "/api/query",
    "/api/graph",
    "/api/graph/path",
    "/api/projects/x",
    "/api/changes",
    "/api/history",
    "/api/lint",
    "/api/export",
];
const NAMES: [&str; 24] = [
    "type",
    "status",
    "assignee",
    "project",
    "tag",
    "q",
    "sort",
    "limit",
    "cursor",
    "as_of",
    "",
    "query",
    "select",
    "columns",
    "format",
    "id",
    "from",
    "to",
    "since",
    "level",
    "code",
    "depth",
    "direction",
    "relation",
];

/// How many cases: as many as `make fuzz` asks for, else a few.
pub(crate) fn cases(few: u32) -> u32 {
    std::env::var("LOOP_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(few)
}

fn runner(few: u32) -> TestRunner {
    TestRunner::new(Config {
        cases: cases(few),
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn no_query_string_makes_a_server_error() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = {
        let _inside = runtime.enter();
        Server::start()
    };
    let token = server.token("mcp:read");
    let value = prop_oneof![
        "\\PC{0,40}",
        "[-a-zA-Z0-9_%+&=;,.\"\u{0}-\u{1f}가-힣]{0,60}",
        "-?[0-9]{1,25}",
        "eyJ[A-Za-z0-9_-]{0,80}",
        "(not |\\(){0,30}(status|due|tags) (=|!=|<|in \\(|contains|between|exists|missing) ?[a-z0-9\"+-]{0,12}( and | or |\\)| sort by | group by |,){0,5}",
        "(\\[|\\{\"and\":\\[|\\{\"not\":){0,40}[a-z\":\\]\\}]{0,20}"
    ];
    let pairs = prop::collection::vec((prop::sample::select(&NAMES[..]), value), 0..4);
    let raw = any::<bool>();
    let path = prop::sample::select(&PATHS[..]);
    runner(300)
        .run(&(path, pairs, raw), |(path, pairs, raw)| {
            let text = |value: &str| {
                if raw {
                    value
                        .chars()
                        .filter(|c| c.is_ascii_graphic() && *c != '#')
                        .collect()
                } else {
                    url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
                }
            };
            let query: Vec<_> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect();
            let url = server.url(&format!("{path}?{}", query.join("&")));
            let answer = runtime
                .block_on(server.http.get(url).bearer_auth(&token).send())
                .unwrap();
            prop_assert!(answer.status().as_u16() < 500, "{:?}", query);
            if !answer.status().is_success() {
                let body: Value = runtime.block_on(answer.json()).unwrap();
                prop_assert!(body["detail"].is_string(), "{:?}", query);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_path_makes_a_server_error_or_leaves_the_vault() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = {
        let _inside = runtime.enter();
        Server::start()
    };
    let token = server.token("mcp:read");
    let part = prop_oneof![
        "\\.\\.",
        "%2e%2e",
        "%2F",
        "%00",
        "%FF",
        "[a-z]{1,4}",
        "%EA%B0%80",
        "etc",
        "passwd",
        "%25"
    ];
    let parts = prop::collection::vec(part, 1..6);
    runner(200)
        .run(&parts, |parts| {
            let url = server.url(&format!("/api/notes/{}", parts.join("/")));
            // Clients take dots away by themselves; pages for people are tested elsewhere.
            let left = reqwest::Url::parse(&url).unwrap().path().to_owned();
            if !left.starts_with("/api/") {
                return Ok(());
            }
            let answer = runtime
                .block_on(server.http.get(url).bearer_auth(&token).send())
                .unwrap();
            prop_assert!(answer.status().is_client_error(), "{:?}", parts);
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_arguments_make_a_tool_fail_as_a_protocol() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = {
        let _inside = runtime.enter();
        Server::start()
    };
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,30}".prop_map(Value::from),
        prop::collection::vec("\\PC{0,5}", 0..4).prop_map(Value::from),
        Just(json!({ "a": [1] })),
    ];
    let name = prop::sample::select(
        &[
            "query", "id", "offset", "type", "sort", "limit", "cursor", "x",
        ][..],
    );
    let tool = prop::sample::select(&["search", "fetch", "query_entities", "get_entity"][..]);
    let arguments = prop::collection::vec((name, value), 0..3);
    runner(200)
        .run(&(tool, arguments), |(tool, arguments)| {
            let arguments: serde_json::Map<_, _> = arguments
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let result = runtime.block_on(server.tool(tool, Value::Object(arguments)));
            prop_assert!(result["content"][0]["text"].is_string(), "{}", result);
            Ok(())
        })
        .unwrap();
}
