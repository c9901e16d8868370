//! The past over REST and MCP.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Server, write};
use crate::mcp::structured;

fn commit(vault: &Path, day: u32) {
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "work"],
    ] {
        let date = format!("2026-03-{day:02}T12:00:00Z");
        let mut git = Command::new("git");
        git.args(["-c", "user.email=kim@example.com", "-c", "user.name=Kim"]);
        git.arg("-C").arg(vault).args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.env("GIT_AUTHOR_DATE", &date);
        let status = git.env("GIT_COMMITTER_DATE", &date).status();
        assert!(status.unwrap().success());
    }
}

fn task(status: &str, day: u32) -> String {
    format!(
        "---\nentity_type: Task\nentity_id: tsk-1\nproject_id: prj\nstatus: {status}\ndue: 2026-03-{day:02}\n---\n결제 {status}\n"
    )
}

fn server() -> Server {
    Server::over(|vault| {
        let project = "---\nentity_type: Project\nentity_id: prj\n---\n";
        write(vault, "prj.md", project);
        write(vault, "t.md", &task("todo", 10));
        write(vault, "secret.md", "---\nvisibility: private\n---\n결제");
        write(
            vault,
            "bad.md",
            "---\ncreated: 2026-02-31\nentity_type: Note\nentity_id: bad\n---\n",
        );
        commit(vault, 1);
        write(vault, "t.md", &task("doing", 3));
        write(
            vault,
            "bad.md",
            "---\ncreated: 2026-02-28\nentity_type: Note\nentity_id: bad\n---\n",
        );
        commit(vault, 5);
        write(vault, "t.md", &task("done", 3));
        write(vault, "u.md", "결제");
        commit(vault, 9);
    })
}

#[tokio::test]
async fn every_question_can_be_asked_of_a_day() {
    let server = server();
    for (address, day, pointer, expected) in [
        ("/api/entities?status=doing", 6, "/total", json!(1)),
        ("/api/entities?status=doing", 2, "/total", json!(0)),
        ("/api/entities/tsk-1?", 2, "/entity/status", json!("todo")),
        ("/api/notes/t.md?", 6, "/frontmatter/status", json!("doing")),
        ("/api/search?q=결제", 6, "/total", json!(1)),
        ("/api/search?q=결제", 9, "/total", json!(2)),
        ("/api/query?q=due < today", 2, "/total", json!(0)),
        ("/api/query?q=due < today", 6, "/total", json!(1)),
        ("/api/graph?id=prj", 2, "/total", json!(2)),
        ("/api/graph/path?from=tsk-1&to=prj", 2, "/length", json!(1)),
        ("/api/projects/prj?", 6, "/rollup/overdue", json!(1)),
        ("/api/projects/prj?", 9, "/rollup/done", json!(1)),
        ("/api/lint?code=bad-date", 2, "/total", json!(1)),
        ("/api/lint?code=bad-date", 6, "/total", json!(0)),
    ] {
        let address = format!("{address}&as_of=2026-03-{day:02}");
        let answer: Value = server.json(&address).await;
        assert_eq!(
            answer.pointer(pointer),
            Some(&expected),
            "{address}: {answer}"
        );
    }
    let arguments = json!({ "status": "doing", "as_of": "2026-03-06" });
    let tool = server.tool("query_entities", arguments).await;
    assert_eq!(structured(&tool)["total"], 1);
    let arguments = json!({ "id": "prj", "as_of": "2026-03-06" });
    let tool = server.tool("project_overview", arguments).await;
    assert_eq!(structured(&tool)["rollup"]["overdue"], 1);
    for (name, mut arguments, pointer, expected) in [
        (
            "search",
            json!({ "query": "결제", "limit": 5 }),
            "/total",
            json!(1),
        ),
        (
            "get_entity",
            json!({ "id": "tsk-1" }),
            "/entity/status",
            json!("doing"),
        ),
        ("graph", json!({ "id": "prj" }), "/around/total", json!(2)),
        ("lint", json!({ "code": "bad-date" }), "/total", json!(0)),
    ] {
        arguments["as_of"] = json!("2026-03-06");
        let tool = server.tool(name, arguments).await;
        assert_eq!(
            structured(&tool).pointer(pointer),
            Some(&expected),
            "{name}: {tool}"
        );
    }
    for as_of in ["2026-02-01", "x", "--all", "0000000", "HEAD"] {
        let address = format!("/api/entities?as_of={as_of}");
        let answer = server.get(&address).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{as_of}");
    }
}

#[tokio::test]
async fn a_notes_history_and_what_changed_between_days_say_who_and_what() {
    let server = server();
    let found = server.json("/api/history/t.md").await;
    let newest = &found["results"][0];
    assert_eq!(found["results"].as_array().unwrap().len(), 3);
    let field = &newest["fields"][0];
    assert_eq!(
        (&newest["who"], &field["after"]),
        (&json!("Kim"), &json!("done"))
    );
    let address = "/api/history?from=2026-03-01&to=2026-03-09";
    let found = server.json(address).await;
    assert_eq!(found["by_kind"], json!({ "added": 1, "changed": 2 }));
    assert_eq!(found["results"][0]["who"], json!(["Kim"]));
    for hidden in [
        "/api/history/secret.md",
        "/api/history/nowhere.md",
        "/api/notes/secret.md?as_of=2026-03-01",
    ] {
        let answer = server.get(hidden).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{hidden}");
    }
}
