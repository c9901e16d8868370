//! Notes as MCP resources, completion and prompts, in both eras.

use serde_json::{Value, json};

use crate::harness::{Server, eventually};

async fn modern(server: &Server, method: &str, params: Value) -> Value {
    let answer = server.modern(method, params).await;
    assert_eq!(answer.status(), 200, "{method}");
    answer.json::<Value>().await.unwrap()["result"].take()
}

#[tokio::test]
async fn every_note_is_listed_and_read_in_both_eras() {
    let server = Server::start();
    let listed = server.legacy("resources/list", json!({})).await["result"].take();
    let resources = listed["resources"].as_array().unwrap();
    assert_eq!((resources.len(), listed.get("nextCursor")), (6, None));
    assert_eq!(listed.get("ttlMs"), None);
    for resource in resources {
        let uri = &resource["uri"];
        let old = server.legacy("resources/read", json!({ "uri": uri })).await["result"].take();
        let new = modern(&server, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(old["contents"], new["contents"], "{uri}");
        assert_eq!(old["contents"][0]["uri"], *uri);
        assert_eq!(old["contents"][0]["mimeType"], "text/markdown");
        assert_eq!(
            (&new["ttlMs"], &new["cacheScope"]),
            (&json!(0), &json!("private"))
        );
    }
    let templates = modern(&server, "resources/templates/list", json!({})).await;
    let templates: Vec<_> = templates["resourceTemplates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["uriTemplate"])
        .collect();
    assert_eq!(templates, ["vault://note/{+path}", "vault://entity/{id}"]);
    let by_id = server
        .legacy("resources/read", json!({ "uri": "vault://entity/tsk-1" }))
        .await;
    let text = by_id["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("priority: \"high\"") && text.ends_with("롤백한다.\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_note_that_changes_is_read_as_it_is_now() {
    let server = Server::start();
    let uri = "vault://note/people/lee.md";
    let missing = server.legacy("resources/read", json!({ "uri": uri })).await;
    assert_eq!(missing["error"]["code"], -32002, "{missing}");
    server.write("people/lee.md", "이도윤");
    eventually("the new note is a resource", || async {
        let read = server.legacy("resources/read", json!({ "uri": uri })).await;
        read["result"]["contents"][0]["text"] == "이도윤"
    })
    .await;
}

#[tokio::test]
async fn arguments_are_completed_from_the_vault_in_both_eras() {
    let server = Server::start();
    for (reference, argument, typed, expected) in [
        (
            json!({ "type": "ref/prompt", "name": "project_status" }),
            "project",
            "",
            json!(["prj-pay"]),
        ),
        (
            json!({ "type": "ref/prompt", "name": "list_work" }),
            "status",
            "doi",
            json!(["doing"]),
        ),
        (
            json!({ "type": "ref/prompt", "name": "weekly_review" }),
            "tag",
            "OP",
            json!(["ops"]),
        ),
        (
            json!({ "type": "ref/resource", "uri": "vault://entity/{id}" }),
            "id",
            "tsk-2",
            json!(["tsk-2"]),
        ),
        (
            json!({ "type": "ref/resource", "uri": "vault://note/{+path}" }),
            "path",
            "한글",
            json!(["notes/한글 노트.md"]),
        ),
    ] {
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": typed } });
        let old = server.legacy("completion/complete", params.clone()).await["result"].take();
        let new = modern(&server, "completion/complete", params).await;
        assert_eq!(old["completion"], new["completion"]);
        assert_eq!(old["completion"]["values"], expected, "{reference}");
    }
}

#[tokio::test]
async fn nothing_is_read_without_the_scope() {
    let server = Server::start();
    for (method, params) in [
        ("resources/list", json!({})),
        ("resources/read", json!({ "uri": "vault://note/broken.md" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "list_work" }, "argument": { "name": "status", "value": "" } }),
        ),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let with = |token: Option<String>| {
            let request = server
                .http
                .post(server.url("/mcp"))
                .json(&body)
                .header("Accept", "application/json, text/event-stream");
            match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            }
        };
        assert_eq!(with(None).send().await.unwrap().status(), 401, "{method}");
        let other = with(Some(server.token("kpi:read"))).send().await.unwrap();
        assert_eq!(other.status(), 403, "{method}");
    }
}
