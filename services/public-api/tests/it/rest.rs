//! REST: lists, lookups, search, stats, errors.

use serde_json::Value;

use crate::harness::Server;

/// What is asked wrongly, the status, and a part of the sentence that says what to do.
const REFUSED: [(&str, u16, &str); 17] = [
    (
        "/api/entities?colour=red",
        400,
        "Known: type, status, assignee, project, tag, q, sort, limit, cursor, as_of.",
    ),
    (
        "/api/entities?limit=0",
        400,
        "must be a whole number from 1 to 200.",
    ),
    (
        "/api/entities?sort=colour",
        400,
        "updated, created, due, priority, name, id or status",
    ),
    (
        "/api/entities?cursor=abc",
        400,
        "leave it out to begin again",
    ),
    ("/api/search", 400, "`q` is required"),
    ("/api/search?q=%22%22", 400, "Write at least one"),
    (
        "/api/search?q=a&cursor=abc",
        400,
        "leave it out to begin again",
    ),
    ("/api/stats?x=1", 400, "Known: none."),
    ("/api/search?q=%FF", 400, "Encode it as UTF-8."),
    ("/api/entities/tsk-11", 404, "Near: \"tsk-1\""),
    ("/api/notes/tasks/tsk-3.md", 404, "Near: \"tasks/tsk-"),
    ("/api/notes/..%2Fsecret.md", 404, "leaves its folder"),
    ("/api/notes/.obsidian/app.md", 404, "hidden"),
    ("/api/notes/", 404, "empty"),
    ("/api/notes/%FF%FE.md", 404, "There is no note"),
    ("/api/nowhere", 404, "/api/openapi.json"),
    ("/api", 404, "/api/openapi.json"),
];

fn ids(page: &Value) -> Vec<&str> {
    page["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_counted() {
    let server = Server::start();
    for (query, expected) in [
        ("type=Task&sort=id", vec!["tsk-1", "tsk-2", "tsk-broken"]),
        (
            "type=Task,Project&status=doing&sort=-updated",
            vec!["tsk-1", "prj-pay"],
        ),
        (
            "type=Task&type=Person&sort=-id",
            vec!["tsk-broken", "tsk-2", "tsk-1", "person-kim"],
        ),
        ("assignee=%EA%B9%80%EC%9D%80%ED%96%A5", vec!["tsk-1"]),
        ("project=prj-pay&status=done", vec!["tsk-2"]),
        ("tag=payments", vec!["prj-pay"]),
        ("tag=ops&tag=web", vec!["tsk-2"]),
        ("q=%EA%B0%84%ED%8E%B8", vec!["prj-pay"]),
        ("type=Nothing", vec![]),
    ] {
        let page = server.json(&format!("/api/entities?{query}")).await;
        assert_eq!(ids(&page), expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
        assert_eq!(page.get("next_cursor"), None, "{query}");
    }
}

#[tokio::test]
async fn one_entity_answers_to_id_and_alias_with_relations_and_backlinks() {
    let server = Server::start();
    let by_id = server.json("/api/entities/tsk-1").await;
    assert_eq!(by_id, server.json("/api/entities/ROLLBACK").await);
    assert_eq!(
        by_id["relations"]["outgoing"]["project"][0]["note"]["title"],
        "결제 개편"
    );
    assert_eq!(by_id["backlinks"][0]["id"], "prj-pay");
    let project = server.json("/api/entities/prj-pay").await;
    assert_eq!(
        project["relations"]["incoming"]["project"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn one_note_answers_to_its_path_in_any_spelling() {
    let server = Server::start();
    for path in [
        "notes/한글 노트.md",
        "notes/%ED%95%9C%EA%B8%80%20%EB%85%B8%ED%8A%B8.md",
        "notes%2F%ED%95%9C%EA%B8%80%20%EB%85%B8%ED%8A%B8.md",
        "notes/%E1%84%92%E1%85%A1%E1%86%AB%E1%84%80%E1%85%B3%E1%86%AF%20%E1%84%82%E1%85%A9%E1%84%90%E1%85%B3.md",
        "Notes/한글 노트",
    ] {
        let note = server.json(&format!("/api/notes/{path}")).await;
        assert_eq!(note["title"], "한글 노트", "{path}");
    }
    let broken = server.json("/api/notes/broken.md").await;
    assert_eq!(broken["defects"][0]["code"], "yaml-syntax");
    assert!(
        broken["body"]
            .as_str()
            .unwrap()
            .contains("깨진 노트도 보인다.")
    );
}

#[tokio::test]
async fn search_finds_korean_inside_words_and_counts_truly() {
    let server = Server::start();
    for (query, expected) in [
        ("결제", vec!["projects/prj-pay.md"]),
        ("롤백", vec!["tasks/tsk-1.md"]),
        ("nginx 100%", vec!["notes/한글 노트.md"]),
        ("\"the project\"", vec!["tasks/tsk-2.md"]),
        ("없는말", vec![]),
    ] {
        let request = server.get("/api/search").query(&[("q", query)]);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let found: Vec<_> = page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["path"].as_str().unwrap())
            .collect();
        assert_eq!(
            (found, &page["total"]),
            (expected.clone(), &Value::from(expected.len())),
            "{query}"
        );
    }
}

#[tokio::test]
async fn stats_count_and_list_what_is_wrong() {
    let server = Server::start();
    let stats = server.json("/api/stats").await;
    assert_eq!(
        (&stats["notes"], &stats["entities"]),
        (&6.into(), &5.into())
    );
    assert_eq!(stats["by_type"]["Task"], 3);
    let broken = stats["defects"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["code"] == "yaml-syntax")
        .unwrap();
    assert_eq!(broken["examples"][0]["path"], "broken.md");
}

#[tokio::test]
async fn every_error_is_a_problem_that_says_what_to_do() {
    let server = Server::start();
    for (path, status, expected) in REFUSED {
        let answer = server.get(path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{path}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        let body: Value = answer.json().await.unwrap();
        let said = body["detail"].as_str().unwrap();
        assert!(said.contains(expected), "{path}: {said}");
        assert_eq!(body["status"], status, "{path}");
        let kind = format!(
            "http://localhost:8082/api/docs#problem-{}",
            body["error"].as_str().unwrap()
        );
        assert_eq!(body["type"], kind, "{path}");
        assert!(body["title"].is_string(), "{path}");
    }
    let post = server
        .http
        .post(server.url("/api/entities"))
        .bearer_auth(server.token("mcp:read"));
    let answer = post.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"GET, HEAD".parse().unwrap())
    );
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"],
        "method_not_allowed"
    );
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let server = Server::start();
    for path in [
        "/api/entities",
        "/api/vault/scan",
        "/api/docs",
        "/api/openapi.json",
        "/readyz",
    ] {
        let head = server
            .http
            .head(server.url(path))
            .bearer_auth(server.token("mcp:read"))
            .send()
            .await
            .unwrap();
        let get = server.get(path).send().await.unwrap();
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!(
            head.headers().get("etag"),
            get.headers().get("etag"),
            "{path}"
        );
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn answers_are_private_and_vary_by_caller() {
    let server = Server::start();
    let answer = server.get("/api/entities").send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "private, no-cache");
    let vary: Vec<_> = answer
        .headers()
        .get_all("vary")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert!(vary.join(",").contains("Authorization"), "{vary:?}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}
