//! The full scan.

use serde_json::Value;

use crate::harness::{Server, write};

#[tokio::test]
async fn every_note_is_one_line_of_a_stream() {
    let server = Server::over(|vault| {
        for n in 0..5_000 {
            let text =
                format!("---\nentity_type: Task\nentity_id: t-{n}\nnote: 한글 {n}\n---\nbody\n");
            write(vault, &format!("{:02}/t-{n:04}.md", n / 100), &text);
        }
        write(
            vault,
            "zz/bad.md",
            "---\nentity_type: Task\nstatus: [\n---\n[[nowhere]]\n",
        );
    });
    let mut answer = server.get("/api/vault/scan").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(
        answer.headers().get("content-length"),
        None,
        "streamed, not gathered"
    );
    let (mut text, mut chunks) = (Vec::new(), 0);
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
        chunks += 1;
    }
    assert!(chunks > 1, "one chunk of {} bytes", text.len());
    let lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5_001);
    let paths: Vec<_> = lines
        .iter()
        .map(|line| line["path"].as_str().unwrap())
        .collect();
    assert!(paths.is_sorted());
    assert_eq!(lines[7]["frontmatter"]["note"], "한글 7");
    assert_eq!(lines[7].get("defects"), None);
    let codes = lines[5_000]["defects"].as_array().unwrap();
    assert!(
        codes.contains(&"yaml-syntax".into()) && codes.contains(&"dangling-link".into()),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_reader_who_goes_away_harms_nobody() {
    let server = Server::start();
    for _ in 0..20 {
        drop(server.get("/api/vault/scan").send().await.unwrap());
    }
    assert_eq!(server.get("/api/stats").send().await.unwrap().status(), 200);
}
