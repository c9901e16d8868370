//! Lint: the route, and the command for a vault's own CI.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{Server, write};

const BAD: &str =
    "---\nentity_type: Task\nentity_id: bad\nstatus: 진행중?!\ndue: 2026-13-45\n---\n[[bad]]\n";
const GOOD: &str =
    "---\nentity_type: Task\nentity_id: good\nstatus: done\nparent_id: good\n---\n[[bad]]\n";

#[actix_web::test]
async fn findings_are_given_by_level_and_kind_in_pages_with_true_totals() {
    let server = Server::over(|vault| {
        write(vault, "bad.md", BAD);
        write(vault, "good.md", GOOD);
        write(vault, "plain.md", "no properties, no links");
    });
    let all = server.json("/api/lint").await;
    assert_eq!(all["total"], 4);
    assert_eq!(
        all["by_level"],
        json!({ "advice": 1, "warning": 1, "error": 2 })
    );
    assert_eq!(all["by_code"]["orphan"], 1);
    let first = server.json("/api/lint?level=error&limit=1").await;
    assert_eq!(
        (&first["total"], first["results"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert_eq!(
        (&first["results"][0]["code"], &first["results"][0]["line"]),
        (&json!("unknown-status"), &json!(4))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = server
        .json(&format!("/api/lint?level=error&limit=1&cursor={cursor}"))
        .await;
    assert_eq!(
        (&second["results"][0]["code"], second.get("next_cursor")),
        (&json!("bad-date"), None)
    );
    let one = server.json("/api/lint?code=no-properties").await;
    assert_eq!(one["results"][0]["path"], "plain.md");
}

fn lint(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_public-api");
    Command::new(program)
        .arg("lint")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_command_tells_by_its_exit_status_and_writes_every_format_outside_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault");
    fs::create_dir(&vault).unwrap();
    fs::write(vault.join("good.md"), GOOD.replace("[[bad]]", "[[good]]")).unwrap();
    let place = vault.to_str().unwrap();
    assert_eq!(lint(&[place]).status.code(), Some(0));
    fs::write(vault.join("bad.md"), BAD).unwrap();
    let text = lint(&[place]);
    assert_eq!(text.status.code(), Some(1));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("bad.md:4: error unknown-status")
            && text.ends_with("2 notes: 2 errors, 0 warnings, 0 pieces of advice\n"),
        "{text}"
    );
    assert_eq!(
        lint(&[place, "--fail-on", "nothing"]).status.code(),
        Some(0)
    );

    let sarif: Value = serde_json::from_slice(&lint(&[place, "--format", "sarif"]).stdout).unwrap();
    assert_eq!(
        (
            &sarif["version"],
            sarif["runs"][0]["results"].as_array().unwrap().len()
        ),
        (&json!("2.1.0"), 2)
    );
    let file = folder.path().join("report.xml");
    assert_eq!(
        lint(&[
            place,
            "--format",
            "junit",
            "--output",
            file.to_str().unwrap()
        ])
        .status
        .code(),
        Some(1)
    );
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("failures=\"1\"")
    );
    let inside = vault.join("report.xml");
    assert_eq!(
        lint(&[place, "--output", inside.to_str().unwrap()])
            .status
            .code(),
        Some(2)
    );
    assert!(!inside.exists());
    assert_eq!(lint(&["/no/such/vault"]).status.code(), Some(2));
}

#[test]
fn a_vault_is_held_against_its_own_rules() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.md"), BAD).unwrap();
    let place = folder.path().to_str().unwrap();
    let own = folder.path().join("loop.schema.json");
    fs::write(&own, r#"{"properties": {"status": {"type": "string"}}}"#).unwrap();
    assert_eq!(lint(&[place]).status.code(), Some(0));
    fs::write(&own, "{").unwrap();
    let broken = lint(&[place]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(
        String::from_utf8(broken.stderr)
            .unwrap()
            .contains("loop.schema.json: the schema is no JSON")
    );
}
