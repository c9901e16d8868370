//! MCP in both eras, by raw JSON-RPC.

use serde_json::{Value, json};

use crate::harness::{Server, write};

/// The JSON of a tool's answer, the same as structure and as the one text item.
pub(crate) fn structured(result: &Value) -> &Value {
    assert_eq!(result["isError"], false, "{result}");
    let content = result["content"].as_array().unwrap();
    assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")));
    let text: Value = serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    &result["structuredContent"]
}

fn error_of(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_legacy_client_initializes_and_lists_without_a_session() {
    let server = Server::start();
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let answer = server.legacy("initialize", hello).await;
    let result = &answer["result"];
    assert_eq!(result["protocolVersion"], "2025-11-25");
    assert_eq!(result["serverInfo"]["name"], "loop-public-api");
    assert_eq!(result["serverInfo"]["title"], "Loop vault");
    assert!(
        result["instructions"]
            .as_str()
            .unwrap()
            .contains("`search`")
    );
    let listed = server.legacy("tools/list", json!({})).await;
    assert_eq!(listed["result"].get("ttlMs"), None);
    assert_eq!(listed["result"].get("resultType"), None);
}

#[tokio::test]
async fn a_modern_client_discovers_and_may_keep_the_list() {
    let server = Server::start();
    let answer: Value = server
        .modern("server/discover", json!({}))
        .await
        .json()
        .await
        .unwrap();
    let result = &answer["result"];
    assert!(
        result["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!("2026-07-28"))
    );
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(300_000), &json!("private"))
    );
    assert!(result["instructions"].is_string());
    let listed: Value = server
        .modern("tools/list", json!({}))
        .await
        .json()
        .await
        .unwrap();
    let result = &listed["result"];
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(300_000), &json!("private"))
    );
    assert_eq!(result["resultType"], "complete");
    let call = json!({ "name": "search", "arguments": { "query": "롤백" } });
    let called: Value = server
        .modern("tools/call", call)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        structured(&called["result"])["results"][0]["id"],
        "tasks/tsk-1.md"
    );
}

#[tokio::test]
async fn search_and_fetch_have_exactly_the_shape_that_chatgpt_reads() {
    let server = Server::start();
    let found = server.tool("search", json!({ "query": "nginx" })).await;
    let url = "http://localhost:8082/api/notes/notes/%ED%95%9C%EA%B8%80%20%EB%85%B8%ED%8A%B8.md";
    let expected =
        json!({ "results": [{ "id": "notes/한글 노트.md", "title": "한글 노트", "url": url }] });
    assert_eq!(*structured(&found), expected);
    let fetched = server
        .tool("fetch", json!({ "id": "notes/한글 노트.md" }))
        .await;
    let document = structured(&fetched);
    let keys: Vec<_> = document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["id", "metadata", "text", "title", "url"]);
    assert_eq!(document["url"], url);
    assert!(
        document["text"]
            .as_str()
            .unwrap()
            .contains("about nginx, 100%")
    );
    let by_alias = server.tool("fetch", json!({ "id": "rollback" })).await;
    assert_eq!(structured(&by_alias)["id"], "tasks/tsk-1.md");
}

#[tokio::test]
async fn a_huge_note_is_fetched_in_pieces_that_make_the_whole() {
    let lines: Vec<String> = (0..20_000).map(|n| format!("줄 {n}\n")).collect();
    let body = lines.concat();
    let server = Server::over(|vault| write(vault, "huge.md", &body));
    let (mut whole, mut offset, mut pieces) = (String::new(), json!(0), 0);
    while offset.is_u64() {
        let result = server
            .tool("fetch", json!({ "id": "huge.md", "offset": offset }))
            .await;
        let document = structured(&result);
        let text = document["text"].as_str().unwrap();
        assert!(text.len() < 61_000);
        whole.push_str(text.split("\n\n[Cut here").next().unwrap());
        if document["metadata"]["next_offset"].is_u64() {
            assert!(text.contains(&format!("offset {}", document["metadata"]["next_offset"])));
        }
        offset = document["metadata"]["next_offset"].clone();
        pieces += 1;
    }
    assert!(pieces > 3, "{pieces}");
    assert_eq!(whole, body);
    let past = server
        .tool("fetch", json!({ "id": "huge.md", "offset": 9_999_999 }))
        .await;
    assert!(error_of(&past).contains("past the end"));
}

#[tokio::test]
async fn query_entities_says_what_rest_says() {
    let server = Server::start();
    let rest = server.json("/api/entities?type=Task&sort=id&limit=2").await;
    let arguments = json!({ "type": ["Task"], "sort": "id", "limit": 2 });
    let tool = server.tool("query_entities", arguments).await;
    assert_eq!(*structured(&tool), rest);
    let cursor = rest["next_cursor"].as_str().unwrap();
    let next = json!({ "type": "Task", "sort": "id", "limit": 2, "cursor": cursor });
    let tool = server.tool("query_entities", next).await;
    assert_eq!(
        *structured(&tool),
        server
            .json(&format!(
                "/api/entities?type=Task&sort=id&limit=2&cursor={cursor}"
            ))
            .await
    );
}

#[tokio::test]
async fn get_entity_gives_relations_both_ways() {
    let server = Server::start();
    let result = server.tool("get_entity", json!({ "id": "prj-pay" })).await;
    let card = structured(&result);
    assert_eq!(card["incoming"]["project"].as_array().unwrap().len(), 2);
    assert_eq!(card["backlinks_total"], 1);
    assert!(card["excerpt"].as_str().unwrap().starts_with("# 결제 개편"));
}

#[tokio::test]
async fn bad_input_is_a_tool_error_that_says_what_to_try() {
    let server = Server::start();
    for (name, arguments, expected) in [
        ("search", json!({}), "`query` is required"),
        (
            "search",
            json!({ "query": "\"\"" }),
            "`query` holds no word",
        ),
        ("search", json!({ "query": 7 }), "`query` must be a text"),
        ("search", json!({ "q": "x" }), "Known: query, limit"),
        (
            "fetch",
            json!({ "id": "tasks/tsk-9.md" }),
            "Near: \"tasks/tsk-",
        ),
        (
            "fetch",
            json!({ "id": "../../etc/passwd" }),
            "leaves its folder",
        ),
        ("query_entities", json!({ "limit": 51 }), "from 1 to 50"),
        (
            "query_entities",
            json!({ "cursor": "x" }),
            "leave it out to begin again",
        ),
        ("query_entities", json!({ "sort": "x" }), "updated, created"),
        ("get_entity", json!({ "id": "tsk-11" }), "Near: \"tsk-1\""),
        ("graph", json!({ "id": "tsk-11" }), "Near: \"tsk-1\""),
        (
            "graph",
            json!({ "id": "tsk-1", "direction": "up" }),
            "out, in or both",
        ),
        ("project_overview", json!({}), "`id` is required"),
        (
            "lint",
            json!({ "level": "bad" }),
            "advice, warning or error",
        ),
        ("vault_info", json!({ "x": 1 }), "There is no parameter"),
    ] {
        let result = server.tool(name, arguments.clone()).await;
        let said = error_of(&result);
        assert!(said.contains(expected), "{name} {arguments}: {said}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    let server = Server::start();
    let answer = server
        .legacy(
            "tools/call",
            json!({ "name": "drop_table", "arguments": {} }),
        )
        .await;
    assert_eq!(answer["error"]["code"], -32602);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("search, fetch, query_entities, get_entity")
    );
    let unknown = server.modern("no/such", json!({})).await;
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn an_edit_is_seen_by_the_next_search() {
    let server = Server::start();
    server.write("tasks/new.md", "얼룩말");
    crate::harness::eventually("the edit", || async {
        let result = server.tool("search", json!({ "query": "얼룩말" })).await;
        structured(&result)["results"].as_array().unwrap().len() == 1
    })
    .await;
}
