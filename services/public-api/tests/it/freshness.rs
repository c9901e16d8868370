//! Edits are seen, tags change with them, pages stay whole while notes are edited.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{Server, eventually, write};

#[tokio::test]
async fn a_note_edited_added_renamed_and_deleted_is_seen() {
    let server = Server::start();
    let found = |q: &'static str| {
        let request = server.get(&format!("/api/search?q={q}"));
        async move {
            let page: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
            page["total"].as_u64().unwrap()
        }
    };
    server.write("tasks/tsk-1.md", "zebra");
    eventually("the edit", || async { found("zebra").await == 1 }).await;
    server.write("new/place.md", "zebra too");
    eventually("the addition", || async { found("zebra").await == 2 }).await;
    fs::rename(server.path("new/place.md"), server.path("new/elsewhere.md")).unwrap();
    eventually("the rename", || async {
        server
            .get("/api/notes/new/elsewhere.md")
            .send()
            .await
            .unwrap()
            .status()
            == 200
            && server
                .get("/api/notes/new/place.md")
                .send()
                .await
                .unwrap()
                .status()
                == 404
    })
    .await;
    fs::remove_file(server.path("new/elsewhere.md")).unwrap();
    eventually("the deletion", || async { found("zebra").await == 1 }).await;
}

#[tokio::test]
async fn an_unchanged_answer_is_304_until_a_note_changes() {
    let server = Server::start();
    for path in [
        "/api/entities?type=Task",
        "/api/notes/tasks/tsk-1.md",
        "/api/search?q=a",
        "/api/vault/scan",
        "/api/stats",
    ] {
        let tag = server.get(path).send().await.unwrap().headers()["etag"].clone();
        let again = server
            .get(path)
            .header("if-none-match", &tag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], tag, "{path}");
        assert!(again.bytes().await.unwrap().is_empty(), "{path}");
        let other = server
            .get("/api/entities?type=Person")
            .header("if-none-match", &tag);
        assert_eq!(
            other.send().await.unwrap().status(),
            200,
            "the tag of {path} is no other answer's"
        );
        server.write("edited.md", path);
        eventually("a new tag", || async {
            server
                .get(path)
                .header("if-none-match", &tag)
                .send()
                .await
                .unwrap()
                .status()
                == 200
        })
        .await;
    }
}

#[tokio::test]
async fn a_walk_through_pages_meets_every_note_that_did_not_change_once() {
    let task = |n: usize, day: usize| {
        format!(
            "---\nentity_type: Task\nentity_id: t-{n}\nupdated: 2026-01-{:02}\n---\n",
            day % 28 + 1
        )
    };
    let server = Server::over(|vault| {
        for n in 0..200 {
            write(vault, &format!("t/{n}.md"), &task(n, n));
        }
    });
    for (sort, limit) in [("-updated", 7), ("id", 33), ("due", 200)] {
        let (mut met, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server
                .json(&format!("/api/entities?sort={sort}&limit={limit}{cursor}"))
                .await;
            met.extend(
                page["results"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            // Notes 190 to 199 move about while the others stand still.
            let n = 190 + met.len() % 10;
            server.write(&format!("t/{n}.md"), &task(n, met.len()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let still: Vec<_> = met
            .iter()
            .filter(|id| id[2..].parse::<usize>().unwrap() < 190)
            .collect();
        let unique: BTreeSet<_> = still.iter().collect();
        assert_eq!((still.len(), unique.len()), (190, 190), "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_may_hold_a_long_korean_name() {
    let server = Server::over(|vault| {
        for n in 0..3 {
            let name = "긴 이름 ".repeat(150);
            let text = format!(
                "---\nentity_type: Task\nentity_id: t-{n}\nentity_name: \"{name}{n}\"\n---\n"
            );
            write(vault, &format!("{n}.md"), &text);
        }
    });
    let first = server.json("/api/entities?sort=name&limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    assert!(cursor.len() > 2_000, "{}", cursor.len());
    let rest = server
        .json(&format!("/api/entities?sort=name&limit=2&cursor={cursor}"))
        .await;
    assert_eq!(rest["results"][0]["id"], "t-2");
}
