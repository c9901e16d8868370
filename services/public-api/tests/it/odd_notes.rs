//! Notes that nobody would write: every one of them is listed, and no door fails over it.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::odd_inputs::cases;

/// Pieces of properties, links and headings, whole, broken and nested, between bytes of any kind.
fn note() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(&[
            "---\n", "entity_type: Task\n", "entity_id: tsk-1\n", "due: 2026-13-40\n", "tags: [a, [b]]\n", "parent_id: [[x]]\n",
            "aliases: &a [*a]\n", "x: !!binary |\n", "status: {a: {b: ", "\t- ", "\"unclosed\n", "? : ?\n", "visibility: priv\u{e1}te\n",
            "[[", "]]", "![[a#b^c|d]]", "[[a|b|c]]", "[[\u{0}]]", "[[../../x]]", "[a](b.md)", "```\n", "# ", "^block\n", "#tag/\u{200d}x ", "\r\n", "\u{feff}",
            "<script>", "결제", "\u{1112}\u{1161}\u{11ab}", "\u{202e}",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => (1..200_usize).prop_map(|deep| "[".repeat(deep).into_bytes()),
        1 => (1..200_usize).prop_map(|deep| "[[".repeat(deep).into_bytes()),
        1 => "\\PC{0,20}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Names that a file can have.
fn name() -> impl Strategy<Value = String> {
    "[a-z가-힣 .,#%&?+'\"\\[\\](){}|^~!@$;=\u{7f}\n\t\u{301}\u{200d}\u{202e}]{1,24}"
}

#[tokio::test]
async fn no_note_makes_a_door_fail_and_none_vanishes() {
    let mut runner = TestRunner::deterministic();
    let mut notes = Vec::new();
    for at in 0..cases(200).min(20_000) {
        let (name, text) = (name(), note()).new_tree(&mut runner).unwrap().current();
        notes.push((format!("n{at}-{name}.md"), text));
    }
    // In doubt a note is private; here everybody reads those.
    let server = Server::with(
        |vault| {
            for (name, text) in &notes {
                std::fs::write(vault.join(name), text).unwrap();
            }
        },
        |cli| cli.vault_private_readers = Some("scope:mcp:read".to_owned()),
    );
    for path in [
        "/api/entities?limit=200",
        "/api/lint?limit=200",
        "/api/stats",
        "/api/export?format=csv",
        "/api/query?q=status%20exists",
        "/api/search?q=tsk",
    ] {
        assert_eq!(
            server.get(path).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    let scan = server.get("/api/vault/scan").send().await.unwrap();
    let scan = scan.text().await.unwrap();
    let stats = server.json("/api/stats").await;
    assert_eq!(scan.lines().count() as u64, stats["notes"]);
    let mut seen = 0;
    for line in scan.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let path = line["path"].as_str().unwrap();
        let encoded =
            percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
        let rest = server.get(&format!("/api/notes/{encoded}"));
        assert_eq!(rest.send().await.unwrap().status(), 200, "{path:?}");
        let graph = server.get(&format!("/api/graph?id={encoded}&depth=2"));
        assert!(
            graph.send().await.unwrap().status().as_u16() < 500,
            "{path:?}"
        );
        let uri = json!({ "uri": format!("vault://note/{encoded}") });
        let read = server.legacy("resources/read", uri).await;
        assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
        let fetched = server.tool("fetch", json!({ "id": path })).await;
        assert_eq!(fetched["isError"], false, "{path:?}: {fetched}");
        seen += 1;
    }
    let named = notes
        .iter()
        .filter(|(name, _)| !name.chars().any(|c| c.is_control() || c == '\\'));
    assert_eq!(seen, named.count());
    let defects = stats["defects"].as_array().unwrap();
    let bad = defects.iter().find(|group| group["code"] == "bad-name");
    let bad = bad.map_or(0, |group| group["count"].as_u64().unwrap());
    assert_eq!(seen as u64 + bad, notes.len() as u64, "the others are told");
}
