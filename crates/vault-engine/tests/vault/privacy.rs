//! What is private is not there: the open picture of a vault is the picture of the vault without the private files.

use std::{fs, sync::Arc, time::Duration};

use loop_vault::{
    Patterns, Privacy, Sight, Snapshot, Vault, VaultConfig,
    query::{EntityFilter, Page, Sort, entities, note},
    search::search,
    stats::stats,
};

use crate::common::{Folder, defects, paths, until};

const OPEN: &str = "---\nentity_type: Task\nentity_id: tsk-open\naliases: [plan]\n---\nSee [[tsk-secret]] and [[plan]].\n";
const SECRET: &str =
    "---\nentity_type: Task\nentity_id: tsk-secret\nvisibility: private\n---\n비밀 [[tsk-open]]\n";

fn config(folder: &Folder) -> VaultConfig {
    VaultConfig {
        privacy: Some(Privacy {
            folders: Patterns::parse(["/hr/"]).unwrap(),
        }),
        ignore: Patterns::parse(["/ignored/", "*.draft.md"]).unwrap(),
        ..folder.config()
    }
}

/// Everything that answers are made of, but times.
fn shown(vault: &Vault, sight: Sight) -> String {
    let snapshot = vault.seen(sight);
    let page = Page::default();
    let each: Vec<_> = snapshot
        .notes()
        .iter()
        .map(|one| note(&snapshot, one.path.as_str()))
        .collect();
    let found: Vec<_> = ["비밀", "tsk", "secret", "see"]
        .map(|q| search(&snapshot, q, &page).unwrap())
        .into();
    let all = entities(&snapshot, &EntityFilter::default(), Sort::default(), &page).unwrap();
    let mut numbers = stats(&snapshot, &vault.status_seen(sight), 20);
    numbers.load_ms = 0;
    numbers.last_scan.ago_ms = 0;
    numbers.last_scan.took_ms = 0;
    format!("{} {each:?} {found:?} {all:?} {numbers:?}", snapshot.etag())
}

#[test]
fn the_open_picture_is_that_of_the_vault_without_the_private_files() {
    let open = [
        ("a.md", OPEN),
        ("x/same.md", "---\nentity_id: same\n---\n"),
        ("b.md", "[[same]] [[hr/pay]]"),
    ];
    let private = [
        ("secret.md", SECRET),
        (
            "same.md",
            "---\nentity_id: same\nvisibility: private\n---\n",
        ),
        ("hr/pay.md", "연봉 [[a]]"),
        ("ignored/x.md", "ignored"),
        ("x/y.draft.md", "ignored"),
    ];
    let with = Folder::new(&open);
    for (path, text) in private {
        with.write(path, text.as_bytes());
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.md", with.path("hr/link.md")).unwrap();
    let without = Folder::new(&open);
    let (with, without) = (
        Vault::open(config(&with)).unwrap(),
        Vault::open(config(&without)).unwrap(),
    );
    assert_eq!(shown(&with, Sight::Open), shown(&without, Sight::Open));
    assert_eq!(with.snapshot().notes().len(), 6);
    assert_eq!(
        defects(&with.seen(Sight::Open)),
        defects(&without.seen(Sight::Whole))
    );
}

#[test]
fn a_private_note_that_is_edited_changes_nothing_in_the_open_picture() {
    let folder = Folder::new(&[("a.md", OPEN), ("secret.md", SECRET)]);
    let vault = Vault::open(config(&folder)).unwrap();
    let before = shown(&vault, Sight::Open);
    for round in 0..3 {
        folder.write("secret.md", format!("{SECRET}{round}").as_bytes());
        folder.write("hr/new.md", b"new");
        fs::remove_file(folder.path("hr/new.md")).unwrap();
        until(&vault, "the edit", |whole| {
            whole
                .notes()
                .iter()
                .any(|note| note.body().ends_with(&round.to_string()))
        });
        assert_eq!(shown(&vault, Sight::Open), before);
    }
    folder.write("ignored/x.md", b"ignored");
    vault.compare_soon();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(paths(&vault.snapshot()), ["a.md", "secret.md"]);
    assert_eq!(shown(&vault, Sight::Open), before);
}

#[test]
fn a_note_comes_and_goes_with_what_it_says() {
    let folder = Folder::new(&[("a.md", OPEN), ("b.md", "---\nvisibility: private\n---\nb")]);
    let vault = Vault::open(config(&folder)).unwrap();
    let open = |vault: &Vault| paths(&vault.seen(Sight::Open));
    assert_eq!(open(&vault), ["a.md"]);
    for (text, expected) in [
        ("---\nvisibility: team\n---\nb", &["a.md", "b.md"][..]),
        ("---\nvisibility: private\n---\nb", &["a.md"]),
        ("b", &["a.md", "b.md"]),
        (
            "---\ntitle: \"broken\nvisibility: private\n---\nb",
            &["a.md"],
        ),
    ] {
        folder.write("b.md", text.as_bytes());
        until(&vault, text, |_| open(&vault) == expected);
    }
    folder.write("hr/c.md", b"c");
    until(&vault, "c", |whole| whole.notes().len() == 3);
    assert_eq!(open(&vault), ["a.md"]);
    fs::rename(folder.path("hr/c.md"), folder.path("c.md")).unwrap();
    until(&vault, "c moved", |_| open(&vault) == ["a.md", "c.md"]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_or_is_too_large_to_load_is_private_unless_its_beginning_tells() {
    let folder = Folder::new(&[("a.md", OPEN)]);
    let long = "x".repeat(2_000);
    folder.write(
        "large-open.md",
        format!("---\ntitle: t\n---\n{long}").as_bytes(),
    );
    folder.write(
        "large-secret.md",
        format!("---\nvisibility: private\n---\n{long}").as_bytes(),
    );
    folder.write(
        "large-endless.md",
        format!("---\ntitle: {}", "y".repeat(100_000)).as_bytes(),
    );
    let config = VaultConfig {
        max_note_bytes: 1_000,
        ..config(&folder)
    };
    let vault = Vault::open(config).unwrap();
    assert_eq!(paths(&vault.snapshot()).len(), 4);
    assert_eq!(paths(&vault.seen(Sight::Open)), ["a.md", "large-open.md"]);
}

#[test]
fn without_rules_both_sights_are_one_picture() {
    let folder = Folder::new(&[("a.md", OPEN), ("secret.md", SECRET)]);
    let vault = folder.open();
    assert!(Arc::ptr_eq(
        &vault.seen(Sight::Open),
        &vault.seen(Sight::Whole)
    ));
    folder.write("c.md", b"c");
    until(&vault, "c", |whole| whole.notes().len() == 3);
    assert!(Arc::ptr_eq(
        &vault.seen(Sight::Open),
        &vault.seen(Sight::Whole)
    ));
}

#[test]
fn a_snapshot_of_texts_has_an_open_part_too() {
    let whole = Snapshot::of_texts([("a.md", OPEN), ("secret.md", SECRET)]);
    let open = whole.without_private(&Privacy::default());
    assert_eq!(open.etag(), Snapshot::of_texts([("a.md", OPEN)]).etag());
    assert_eq!(search(&open, "비밀", &Page::default()).unwrap().total, 0);
}
