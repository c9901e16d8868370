//! The sample vault: its planted mistakes are found, and nothing else is.

use std::path::PathBuf;

use crate::common::{contents, paths};
use loop_vault::{
    Vault, VaultConfig,
    query::{EntityAnswer, EntityFilter, NoteAnswer, Page, Sort, entities, entity, note},
    search::search,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vault")
}

fn vault() -> Vault {
    Vault::open(VaultConfig {
        watch: false,
        ..VaultConfig::new(root())
    })
    .unwrap()
}

#[test]
fn exactly_the_planted_mistakes_are_listed() {
    let snapshot = vault().snapshot();
    let found: Vec<(&str, &str, Option<u32>)> = snapshot
        .defects()
        .iter()
        .map(|found| {
            let code = found.defect.code.as_str();
            (found.path.as_str(), code, found.defect.line)
        })
        .collect();
    let task = |name: &str| format!("50_Projects/{name}.md");
    assert_eq!(
        found,
        [
            (
                "01_North_Star/Program/pgm-beta.md",
                "dangling-link",
                Some(33)
            ),
            (
                task("prj-sori-onboarding/Tasks/tsk-sori-17").as_str(),
                "dangling-relation",
                Some(15)
            ),
            (
                task("prj-sori-onboarding/Tasks/tsk-sori-17").as_str(),
                "bad-date",
                Some(24)
            ),
            (
                task("prj-sori-search/Tasks/tsk-sori-08 사본").as_str(),
                "duplicate-id",
                Some(3)
            ),
            (
                task("prj-sori-search/Tasks/tsk-sori-19").as_str(),
                "yaml-syntax",
                Some(4)
            ),
            (
                "70_Meetings/2025/12/mtg-2025-12-08.md",
                "dangling-link",
                Some(27)
            ),
            (
                "70_Meetings/2026/01/mtg-2026-01-20.md",
                "entity-id-missing",
                Some(2)
            ),
        ]
    );
}

#[test]
fn every_markdown_file_is_a_note_and_none_is_touched() {
    let before = contents(&root());
    let vault = vault();
    let mut files: Vec<String> = before
        .iter()
        .filter(|(path, bytes)| {
            bytes.is_some() && path.extension().is_some_and(|suffix| suffix == "md")
        })
        .map(|(path, _)| {
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    files.sort();
    assert_eq!(paths(&vault.snapshot()), files);
    drop(vault);
    assert_eq!(contents(&root()), before);
}

#[test]
fn the_note_with_broken_yaml_is_still_found_by_id_text_and_list() {
    let snapshot = vault().snapshot();
    let EntityAnswer::Found(found) = entity(&snapshot, "tsk-sori-19") else {
        panic!("not found")
    };
    assert_eq!(found.entity.status.as_deref(), Some("todo"));
    assert!(found.note.body.contains("노란 밑줄"));
    assert_eq!(
        search(&snapshot, "노란 밑줄", &Page::default())
            .unwrap()
            .total,
        1
    );
    let filter = EntityFilter {
        assignee: Some("이서연".to_owned()),
        ..EntityFilter::default()
    };
    let listed = entities(&snapshot, &filter, Sort::default(), &Page::default()).unwrap();
    let ids: Vec<_> = listed
        .items
        .iter()
        .filter_map(|item| item.note.id.as_deref())
        .collect();
    assert!(ids.contains(&"tsk-sori-19"), "{ids:?}");
}

#[test]
fn questions_about_the_sample_vault_are_answered() {
    let snapshot = vault().snapshot();
    let EntityAnswer::Found(project) = entity(&snapshot, "로그인 분리") else {
        panic!("not found")
    };
    assert_eq!(
        project.entity.entity_id.as_ref().unwrap().as_str(),
        "prj-sori-login"
    );
    assert_eq!(project.note.relations.incoming["project"].len(), 4);
    assert!(
        project
            .note
            .backlinks
            .iter()
            .any(|link| link.note.path == "00_Home/Home.md")
    );

    let filter = EntityFilter {
        types: vec!["Task".to_owned()],
        project: Some("공개 베타".to_owned()),
        statuses: vec!["todo".to_owned()],
        ..EntityFilter::default()
    };
    let open = entities(
        &snapshot,
        &filter,
        Sort::parse("id").unwrap(),
        &Page::default(),
    )
    .unwrap();
    let ids: Vec<_> = open
        .items
        .iter()
        .filter_map(|item| item.note.id.as_deref())
        .collect();
    assert_eq!(ids, ["tsk-sori-05", "tsk-sori-21"]);

    let NoteAnswer::Found(found) = note(&snapshot, "90_Reference/Login architecture") else {
        panic!("not found")
    };
    assert_eq!(found.defects, [], "a link to a source file is no mistake");
    assert!(
        matches!(entity(&snapshot, "tsk-sori-08"), EntityAnswer::Ambiguous(two) if two.len() == 2)
    );
    // 롤백 stands in words with particles, in a compound and in a table.
    assert_eq!(
        search(&snapshot, "롤백", &Page::default()).unwrap().total,
        5
    );
}
