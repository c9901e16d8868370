//! Graphs and projects over REST and MCP: the same answers.

use serde_json::json;

use crate::harness::Server;
use crate::mcp::structured;

#[tokio::test]
async fn what_is_around_a_note_is_the_same_over_rest_and_mcp() {
    let server = Server::start();
    let rest = server.json("/api/graph?id=prj-pay&depth=1").await;
    let paths: Vec<_> = rest["results"].as_array().unwrap().iter().collect();
    assert_eq!(rest["total"], 3);
    assert_eq!(paths[0]["path"], "projects/prj-pay.md");
    assert_eq!(paths[0]["distance"], 0);
    let edge = json!({ "from": "tasks/tsk-1.md", "to": "projects/prj-pay.md", "kind": "project" });
    assert!(rest["edges"].as_array().unwrap().contains(&edge), "{rest}");
    let tool = server.tool("graph", json!({ "id": "prj-pay" })).await;
    assert_eq!(structured(&tool)["around"], rest);
    let only = server
        .json("/api/graph?id=prj-pay&relation=project&direction=out")
        .await;
    assert_eq!(only["total"], 1);
}

#[tokio::test]
async fn ways_between_notes_are_told_and_a_missing_end_names_near_ones() {
    let server = Server::start();
    let found = server.json("/api/graph/path?from=tsk-1&to=tsk-2").await;
    assert_eq!((&found["length"], &found["total"]), (&json!(2), &json!(1)));
    assert_eq!(found["results"][0]["steps"][0]["note"]["id"], "prj-pay");
    let apart = server
        .json("/api/graph/path?from=tsk-1&to=person-kim")
        .await;
    assert_eq!((apart.get("length"), &apart["total"]), (None, &json!(0)));
    let missing = server
        .get("/api/graph/path?from=tsk-1&to=prj-pya")
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.unwrap().contains("prj-pay"));
    let tool = server
        .tool("graph", json!({ "id": "tsk-1", "to": "tsk-2" }))
        .await;
    assert_eq!(structured(&tool)["ways"], found);
    for wrong in [
        "/api/graph",
        "/api/graph?id=tsk-1&direction=up",
        "/api/graph?id=tsk-1&depth=7",
        "/api/graph?id=tsk-1&cursor=x",
    ] {
        assert_eq!(
            server.get(wrong).send().await.unwrap().status(),
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_project_adds_up_what_is_below_it() {
    let server = Server::start();
    let found = server.json("/api/projects/prj-pay").await;
    let sums = &found["rollup"];
    assert_eq!(
        (&sums["total"], &sums["open"], &sums["done"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(sums["by_status"], json!({ "doing": 1, "done": 1 }));
    assert_eq!(found["results"][0]["path"], "tasks/tsk-1.md");
    let tool = server
        .tool("project_overview", json!({ "id": "prj-pay" }))
        .await;
    assert_eq!(structured(&tool), &found);
    let page = server.json("/api/projects/prj-pay?limit=1").await;
    let next = page["next_cursor"].as_str().unwrap();
    let rest = server
        .json(&format!("/api/projects/prj-pay?limit=1&cursor={next}"))
        .await;
    assert_eq!(rest["results"][0]["path"], "tasks/tsk-2.md");
    assert_eq!(rest.get("next_cursor"), None);
    let other = server
        .get(&format!("/api/projects/tsk-1?cursor={next}"))
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 400);
}
