//! The change feed: every change once and in order, over restarts, and nothing of what is private.

use std::{fs, sync::Arc};

use loop_vault::{
    Privacy, Sight, Vault, VaultConfig,
    feed::{ChangeEvent, ChangeKind, Feed, FeedError},
};
use proptest::prelude::*;
use serde_json::json;

use crate::common::{Folder, contents, until};

const TASK: &str = "---\nentity_type: Task\nentity_id: tsk-1\nstatus: todo\n---\ntext\n";

fn config(folder: &Folder) -> VaultConfig {
    VaultConfig {
        state: Some(folder.beside("state")),
        privacy: Some(Privacy::default()),
        ..folder.config()
    }
}

fn open(folder: &Folder) -> Vault {
    Vault::open(config(folder)).unwrap()
}

fn feed(vault: &Vault, sight: Sight) -> Arc<Feed> {
    vault.feed(sight)
}

fn told(vault: &Vault, sight: Sight, since: Option<&str>) -> Vec<Arc<ChangeEvent>> {
    feed(vault, sight).since(since, 1_000).unwrap().results
}

fn short(events: &[Arc<ChangeEvent>]) -> Vec<(ChangeKind, &str)> {
    events
        .iter()
        .map(|event| (event.kind, event.note.path.as_str()))
        .collect()
}

/// Waits until the vault has this text at this path, and the feed has said so.
fn write(vault: &Vault, folder: &Folder, path: &str, text: &str) {
    let before = told(vault, Sight::Whole, None).len();
    folder.write(path, text.as_bytes());
    until(vault, path, |_| {
        told(vault, Sight::Whole, None).len() > before
    });
}

#[test]
fn a_change_is_told_with_the_properties_that_differ() {
    let folder = Folder::new(&[("a.md", TASK)]);
    let vault = open(&folder);
    assert!(
        told(&vault, Sight::Open, None).is_empty(),
        "a first start tells nothing"
    );
    write(&vault, &folder, "a.md", &TASK.replace("todo", "doing"));
    write(&vault, &folder, "b.md", "new");
    let events = told(&vault, Sight::Open, None);
    assert_eq!(
        short(&events),
        [(ChangeKind::Changed, "a.md"), (ChangeKind::Added, "b.md")]
    );
    let fields = serde_json::to_value(&events[0].fields).unwrap();
    assert_eq!(
        fields,
        json!([{ "field": "status", "before": "todo", "after": "doing" }])
    );
    fs::rename(folder.path("b.md"), folder.path("c.md")).unwrap();
    until(&vault, "the move", |_| {
        told(&vault, Sight::Open, None).len() >= 3
    });
    fs::remove_file(folder.path("a.md")).unwrap();
    until(&vault, "the end", |_| {
        let last = told(&vault, Sight::Open, None).pop();
        last.is_some_and(|event| event.kind == ChangeKind::Removed && event.note.path == "a.md")
    });
}

#[test]
fn a_cursor_survives_a_restart_and_what_changed_meanwhile_is_told() {
    let folder = Folder::new(&[("a.md", TASK), ("b.md", "b"), ("old.md", "moves")]);
    let vault = open(&folder);
    write(&vault, &folder, "a.md", &TASK.replace("todo", "doing"));
    let cursor = told(&vault, Sight::Open, None)[0].cursor.clone();
    drop(vault);
    folder.write("a.md", TASK.replace("todo", "done").as_bytes());
    folder.write("c.md", b"c");
    fs::remove_file(folder.path("b.md")).unwrap();
    fs::rename(folder.path("old.md"), folder.path("new.md")).unwrap();
    let before = contents(&folder.root());
    let vault = open(&folder);
    let events = told(&vault, Sight::Open, Some(&cursor));
    let expected = [
        (ChangeKind::Changed, "a.md"),
        (ChangeKind::Removed, "b.md"),
        (ChangeKind::Added, "c.md"),
        (ChangeKind::Moved, "new.md"),
    ];
    assert_eq!(short(&events), expected);
    assert_eq!(events[3].from.as_deref(), Some("old.md"));
    let fields = serde_json::to_value(&events[0].fields).unwrap();
    assert_eq!(
        fields,
        json!([{ "field": "status", "before": "doing", "after": "done" }])
    );
    // Once more, with nothing new.
    let last = events[3].cursor.clone();
    drop(vault);
    let vault = open(&folder);
    assert!(told(&vault, Sight::Open, Some(&last)).is_empty());
    assert_eq!(told(&vault, Sight::Open, None).len(), 5);
    assert_eq!(
        contents(&folder.root()),
        before,
        "nothing is written into the vault"
    );
}

#[test]
fn a_state_that_cannot_be_trusted_is_thrown_away_and_its_cursors_say_so() {
    let folder = Folder::new(&[("a.md", TASK)]);
    let vault = open(&folder);
    write(&vault, &folder, "b.md", "b");
    let cursor = told(&vault, Sight::Open, None)[0].cursor.clone();
    drop(vault);
    let file = folder.beside("state").join("changes-open.ndjson");
    let whole = fs::read(&file).unwrap();
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("noise", vec![7; 1_000]),
        (
            "another version",
            b"{\"head\":{\"version\":99,\"name\":\"x\",\"kept_since\":\"\",\"first\":0}}\n"
                .to_vec(),
        ),
        (
            "no head",
            whole
                .iter()
                .copied()
                .skip_while(|byte| *byte != b'\n')
                .skip(1)
                .collect(),
        ),
    ] {
        fs::write(&file, bytes).unwrap();
        let vault = open(&folder);
        let error = feed(&vault, Sight::Open)
            .since(Some(&cursor), 10)
            .unwrap_err();
        assert_eq!(error, FeedError::Gone, "{what}");
        assert!(told(&vault, Sight::Open, None).is_empty(), "{what}");
    }
    // A line that was half written when the process was killed is found again.
    fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    let vault = open(&folder);
    assert_eq!(
        short(&told(&vault, Sight::Open, None)),
        [(ChangeKind::Added, "b.md")]
    );
    assert_eq!(
        feed(&vault, Sight::Open).since(Some("nonsense"), 10),
        Err(FeedError::BadCursor)
    );
}

#[test]
fn what_is_private_is_not_told_and_what_becomes_private_is_told_no_more() {
    let secret =
        "---\nentity_type: Task\nentity_id: tsk-s\ntitle: Takeover\nvisibility: private\n---\n";
    let folder = Folder::new(&[("a.md", TASK), ("s.md", secret)]);
    let vault = open(&folder);
    write(&vault, &folder, "s.md", &format!("{secret}edited"));
    write(&vault, &folder, "t.md", &secret.replace("tsk-s", "tsk-t"));
    assert!(told(&vault, Sight::Open, None).is_empty());
    assert_eq!(told(&vault, Sight::Whole, None).len(), 2);
    let whole = told(&vault, Sight::Whole, None)[0].cursor.clone();
    assert_eq!(
        feed(&vault, Sight::Open).since(Some(&whole), 10),
        Err(FeedError::Gone)
    );
    // Open for a while, then private again.
    write(&vault, &folder, "t.md", &secret.replace("private", "team"));
    until(&vault, "open", |_| {
        told(&vault, Sight::Open, None).len() == 1
    });
    write(&vault, &folder, "t.md", secret);
    until(&vault, "private", |_| {
        let events = told(&vault, Sight::Open, None);
        short(&events) == [(ChangeKind::Removed, "t.md")]
    });
    let check = |vault: &Vault| {
        let text = serde_json::to_string(&told(vault, Sight::Open, None)).unwrap();
        assert!(
            !text.contains("Takeover") && !text.contains("tsk-"),
            "{text}"
        );
    };
    check(&vault);
    drop(vault);
    check(&open(&folder));
    let kept = fs::read_to_string(folder.beside("state").join("changes-open.ndjson")).unwrap();
    assert!(!kept.contains("Takeover"), "{kept}");
}

#[cfg(unix)]
#[test]
fn the_state_is_for_its_owner_alone_and_for_one_process() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[("a.md", TASK)]);
    let first = open(&folder);
    let file = folder.beside("state").join("changes-whole.ndjson");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = fs::read_to_string(&file).unwrap();
    let second = open(&folder);
    write(&second, &folder, "b.md", "b");
    until(&first, "both", |_| {
        told(&first, Sight::Whole, None).len() == 1
    });
    let after = fs::read_to_string(&file).unwrap();
    // The change, and the picture that the file amounts to.
    assert_eq!(after.lines().count(), before.lines().count() + 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn following_the_feed_ends_with_the_notes_there_are(
        steps in prop::collection::vec((0u8..5, 0u8..4), 1..12), restarts in 0usize..3,
    ) {
        let folder = Folder::new(&[("n0.md", "0"), ("n1.md", "1")]);
        let mut held: std::collections::BTreeSet<String> = ["n0.md", "n1.md"].map(str::to_owned).into();
        let mut vault = Some(open(&folder));
        let mut cursor = feed(vault.as_ref().unwrap(), Sight::Open).since(Some("now"), 1).unwrap().cursor;
        for (at, chunk) in steps.chunks(steps.len().div_ceil(restarts + 1)).enumerate() {
            if at > 0 {
                vault = None;
            }
            for (name, what) in chunk {
                let path = folder.path(&format!("n{name}.md"));
                match what {
                    0 => { let _ = fs::remove_file(path); }
                    1 => { let _ = fs::rename(path, folder.path(&format!("n{}.md", (name + 1) % 5))); }
                    other => fs::write(path, format!("{name} {other}")).unwrap(),
                }
            }
            let vault = vault.get_or_insert_with(|| open(&folder));
            let mut wanted: Vec<String> = fs::read_dir(folder.root()).unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            wanted.sort();
            let state = std::cell::RefCell::new((&mut held, &mut cursor));
            until(vault, "the folder", |_| {
                let (held, cursor) = &mut *state.borrow_mut();
                let page = feed(vault, Sight::Open).since(Some(cursor.as_str()), 3).unwrap();
                for event in &page.results {
                    if let Some(from) = &event.from { held.remove(from); }
                    if event.kind == ChangeKind::Removed { held.remove(&event.note.path); }
                    else { held.insert(event.note.path.clone()); }
                }
                cursor.clone_from(&page.cursor);
                held.iter().eq(wanted.iter()) && !page.more
            });
        }
    }
}
