//! The OpenAPI document is true: its paths, parameters and schemas are those of the running service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Server;

/// Addresses that the service answers and the description should name, found by asking.
const SERVED: [&str; 20] = [
    "/api/changes",
    "/api/changes/live",
    "/api/entities",
    "/api/entities/{id}",
    "/api/export",
    "/api/graph",
    "/api/graph/path",
    "/api/healthz",
    "/api/history",
    "/api/history/{path}",
    "/api/lint",
    "/api/notes/{path}",
    "/api/openapi.json",
    "/api/projects/{id}",
    "/api/query",
    "/api/readyz",
    "/api/search",
    "/api/stats",
    "/api/status",
    "/api/vault/scan",
];

/// Addresses whose answers, good and bad, are held against the document.
const ASKED: [&str; 37] = [
    "/api/entities",
    "/api/entities?limit=1",
    "/api/entities?type=Nothing",
    "/api/entities/tsk-1",
    "/api/entities/tsk-broken",
    "/api/entities/nobody",
    "/api/notes/notes/한글 노트.md",
    "/api/notes/broken.md",
    "/api/notes/nowhere.md",
    "/api/search?q=결제",
    "/api/search",
    "/api/stats",
    "/api/status",
    "/api/lint?level=warning&limit=1",
    "/api/lint?level=bad",
    "/api/changes",
    "/api/changes?since=x",
    "/api/changes?since=eyJsb2ciOiJ4Iiwib3BlbiI6dHJ1ZSwibWFyayI6MX0",
    "/api/changes/live?since=x",
    "/api/history?from=2026-01-01&to=2026-01-02",
    "/api/history/nowhere.md",
    "/api/entities?as_of=2026-01-01",
    "/api/export?format=xml",
    "/api/export?q=status",
    "/api/graph?id=prj-pay&depth=3",
    "/api/graph?id=nobody",
    "/api/graph/path?from=tsk-1&to=tsk-2",
    "/api/graph/path?from=tsk-1&to=person-kim",
    "/api/projects/prj-pay",
    "/api/projects/tsk-1",
    "/api/projects/nobody",
    "/api/query?q=status exists",
    "/api/query?q=group by status",
    "/api/query?q=due <",
    "/api/healthz",
    "/api/readyz",
    "/api/openapi.json",
];

async fn document(server: &Server) -> Value {
    server.json("/api/openapi.json").await
}

fn filled(path: &str) -> String {
    path.replace("{id}", "tsk-1")
        .replace("{path}", "tasks/tsk-1.md")
}

/// A schema of the document, with what it refers to.
fn schema(document: &Value, schema: &Value) -> Value {
    let mut whole =
        json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema] });
    whole["components"] = document["components"].clone();
    whole
}

fn assert_fits(document: &Value, wanted: &Value, answer: &Value, what: &str) {
    let validator = jsonschema::validator_for(&schema(document, wanted)).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(answer)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

#[tokio::test]
async fn the_documented_paths_are_the_served_ones() {
    let server = Server::start();
    let document = document(&server).await;
    let documented: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(documented, SERVED.into_iter().collect());
    for path in documented {
        let query = match path {
            "/api/search" => "?q=a",
            "/api/graph" => "?id=tsk-1",
            "/api/history" => "?from=2026-01-01&to=2026-01-02",
            "/api/graph/path" => "?from=tsk-1&to=tsk-2",
            _ => "",
        };
        let answer = server
            .get(&format!("{}{query}", filled(path)))
            .send()
            .await
            .unwrap();
        // Without a git checkout there is no history, which is said.
        let expected = if path.starts_with("/api/history") {
            400
        } else {
            200
        };
        assert_eq!(answer.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn the_documented_parameters_are_the_known_ones() {
    let server = Server::start();
    let document = document(&server).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        if operation["security"] == json!([]) {
            continue;
        }
        let parameters = operation["parameters"].as_array().unwrap();
        let named = |place: &str| {
            let here = parameters
                .iter()
                .filter(|parameter| parameter["in"] == place);
            here.map(|parameter| parameter["name"].as_str().unwrap())
                .collect::<Vec<_>>()
        };
        let in_path: Vec<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(named("path"), in_path, "{path}");
        // The service names every parameter that it knows when it is sent one that it does not.
        let refused: Value = server
            .get(&format!("{}?no-such=1", filled(path)))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let known = match named("query").join(", ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        };
        let said = refused["detail"].as_str().unwrap();
        assert!(
            said.ends_with(&format!("Known: {known}.")),
            "{path}: {said}"
        );
        for parameter in parameters {
            let example = &parameter["example"];
            if !example.is_null() {
                assert_fits(
                    &document,
                    &parameter["schema"],
                    example,
                    &format!("example of {}", parameter["name"]),
                );
            }
            assert!(
                parameter["description"].is_string() && parameter["x-ko"].is_string(),
                "{}",
                parameter["name"]
            );
        }
    }
}

#[tokio::test]
async fn real_answers_fit_the_documented_schemas() {
    let server = Server::start();
    let document = document(&server).await;
    for path in ASKED {
        let template = SERVED.into_iter().rev().find(|template| {
            let prefix = template.split('{').next().unwrap();
            let plain = path.split('?').next().unwrap();
            plain == *template || (template.contains('{') && plain.starts_with(prefix))
        });
        let answer = server.get(path).send().await.unwrap();
        let operation = &document["paths"][template.unwrap()]["get"];
        let described = &operation["responses"][answer.status().as_str()];
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let wanted = &described["content"][&kind]["schema"];
        assert!(
            wanted.is_object(),
            "{path}: {} {kind} is not described",
            answer.status()
        );
        assert_fits(&document, wanted, &answer.json().await.unwrap(), path);
    }
    let lines = server
        .get("/api/vault/scan")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let wanted = &document["paths"]["/api/vault/scan"]["get"]["responses"]["200"]["content"]["application/x-ndjson"]
        ["schema"];
    for line in lines.lines() {
        assert_fits(
            &document,
            wanted,
            &serde_json::from_str(line).unwrap(),
            line,
        );
    }
    let refused = server
        .http
        .get(server.url("/api/stats"))
        .send()
        .await
        .unwrap();
    let wanted = &document["paths"]["/api/stats"]["get"]["responses"]["401"]["content"]["application/problem+json"]
        ["schema"];
    assert_fits(&document, wanted, &refused.json().await.unwrap(), "401");
}

#[tokio::test]
async fn a_schema_refuses_an_answer_of_another_shape() {
    let server = Server::start();
    let document = document(&server).await;
    let wanted = &document["paths"]["/api/entities"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"];
    let validator = jsonschema::validator_for(&schema(&document, wanted)).unwrap();
    for wrong in [
        json!({}),
        json!({ "results": 1, "total": 0 }),
        json!({ "results": [{ "path": 1 }], "total": 1 }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[tokio::test]
async fn the_document_points_at_the_issuer_and_asks_for_the_scope() {
    let server = Server::start();
    let document = document(&server).await;
    let flow = &document["components"]["securitySchemes"]["loop"]["flows"]["authorizationCode"];
    assert_eq!(
        flow["authorizationUrl"],
        format!("{}/authorize", server.issuer.url())
    );
    assert_eq!(
        document["paths"]["/api/stats"]["get"]["security"],
        json!([{ "loop": ["mcp:read"] }])
    );
    assert_eq!(document["openapi"], "3.1.0");
}
