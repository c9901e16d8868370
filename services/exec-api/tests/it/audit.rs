//! Every exec answer is in the hash-chained audit log, and what cannot be recorded is not told.

use loop_shared::audit::{Record, verify_files};
use serde_json::json;

use crate::harness::Server;

const VAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vault");

#[tokio::test]
async fn every_answer_is_recorded_with_who_what_and_which_notes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("exec-audit.jsonl");
    let file = path.display().to_string();
    let server = Server::over(VAULT, |cli| cli.exec_audit_path = Some(file));
    let token = server.token("mcp:exec kpi:read", "exec");
    server.get("/exec/runway?as_of=2026-11-21", &token).await;
    server
        .get("/exec/people?as_of=2026-11-21&detail=salary", &token)
        .await;
    server
        .tool("fetch", json!({ "id": "pay/ceo-2023-02.md" }), &token)
        .await;
    server.get("/exec/kpi", &token).await;
    // Neither is an answer: nothing was told.
    server.get("/exec/runway?months=0", &token).await;
    server
        .get("/exec/runway", &server.token("kpi:read", "analyst"))
        .await;
    let mut records: Vec<Record> = Vec::new();
    let verified = verify_files(&path, None, |record| records.push(record.clone()))
        .unwrap()
        .unwrap();
    assert_eq!(verified.head.seq, 4);
    let said: Vec<_> = records
        .iter()
        .map(|record| {
            let entry = &record.entry;
            (
                entry.event.as_ref(),
                entry.details["operation"].as_str(),
                entry.details["via"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("exec.answer", "runway", "rest"),
            ("exec.answer.salaries", "people", "rest"),
            ("exec.answer.salaries", "fetch", "mcp"),
            ("exec.answer", "kpi_list", "rest"),
        ]
    );
    let first = &records[0].entry;
    assert!(first.actor.as_deref().unwrap().starts_with("user:"));
    assert!(first.client.is_some());
    assert!(
        first.details["notes_1"].contains("balances/2026-10-main.md"),
        "{first:?}"
    );
    assert_eq!(records[2].entry.details["notes_1"], "pay/ceo-2023-02.md");
    let text = std::fs::read_to_string(&path).unwrap();
    for told in ["14500000", "윤서진", "1445844054"] {
        assert!(!text.contains(told), "the log holds {told}");
    }
}

#[tokio::test]
async fn a_log_that_is_in_use_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("exec-audit.jsonl").display().to_string();
    let _running = Server::over(VAULT, |cli| cli.exec_audit_path = Some(path.clone()));
    let second = std::panic::catch_unwind(|| {
        Server::over(VAULT, |cli| cli.exec_audit_path = Some(path.clone()))
    });
    assert!(second.is_err());
}
