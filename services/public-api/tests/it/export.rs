//! Notes to take along.

use serde_json::Value;

use crate::harness::{Server, write};

fn server() -> Server {
    Server::over(|vault| {
        let evil = "---\nentity_type: Task\nentity_id: tsk-1\ntitle: =HYPERLINK(\"http://evil\")\nstatus: doing\nassignee: \"@SUM(A1)\"\ntags: [a, b]\n---\n본문 \"따옴표\"\n";
        write(vault, "a.md", evil);
        write(vault, "b.md", "---\nstatus: done\n---\ntext");
        write(vault, "s.md", "---\nvisibility: private\n---\nsecret");
    })
}

#[tokio::test]
async fn every_note_is_a_line_with_its_text() {
    let server = server();
    let answer = server.get("/api/export").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let etag = answer.headers()["etag"].clone();
    let text = answer.text().await.unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["body"], "본문 \"따옴표\"\n");
    assert_eq!(lines[0]["frontmatter"]["assignee"], "@SUM(A1)");
    let again = server.get("/api/export").header("if-none-match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    let some = server
        .get("/api/export?q=status = done")
        .send()
        .await
        .unwrap();
    assert_eq!(some.text().await.unwrap().lines().count(), 1);
}

#[tokio::test]
async fn a_table_has_its_columns_and_no_cell_is_a_formula() {
    let server = server();
    let answer = server
        .get("/api/export?format=csv&columns=assignee,tags")
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"vault.csv\""
    );
    let text = answer.text().await.unwrap();
    let expected = "\u{feff}\"path\",\"id\",\"title\",\"entity_type\",\"assignee\",\"tags\"\r\n\
        \"a.md\",\"tsk-1\",\"'=HYPERLINK(\"\"http://evil\"\")\",\"Task\",\"'@SUM(A1)\",\"a, b\"\r\n\
        \"b.md\",\"\",\"b\",\"\",\"\",\"\"\r\n";
    // The client takes the mark at the beginning for what it is.
    assert_eq!(
        text.trim_start_matches('\u{feff}'),
        expected.trim_start_matches('\u{feff}')
    );
    for wrong in [
        "/api/export?format=xml",
        "/api/export?q=status",
        "/api/export?x=1",
    ] {
        assert_eq!(
            server.get(wrong).send().await.unwrap().status(),
            400,
            "{wrong}"
        );
    }
}
