//! A vault follows its folder: edits, additions, renames, deletions, and what watching misses.

use std::{fs, sync::Arc, time::Duration};

use crate::common::{Folder, body, contents, paths, until};
use loop_vault::{OpenError, Snapshot, Vault, VaultConfig, WatcherState};

/// The promise is one second; these machines are shared.
const SEEN: Duration = Duration::from_secs(1);

fn far(folder: &Folder) -> VaultConfig {
    // Only watching can be quick enough.
    VaultConfig {
        rescan_interval: Duration::from_hours(1),
        ..folder.config()
    }
}

fn polling(folder: &Folder) -> VaultConfig {
    VaultConfig {
        watch: false,
        rescan_interval: Duration::from_millis(50),
        ..folder.config()
    }
}

#[test]
fn an_edit_an_addition_a_rename_and_a_deletion_are_seen_within_a_second() {
    // A busy machine may sleep through one round, not through three.
    let rounds = (0..3).map(|_| one_of_each_change());
    let slow = |round: &[(&str, Duration); 4]| round.iter().any(|(_, took)| *took >= SEEN);
    let rounds: Vec<_> = rounds.take_while(slow).collect();
    assert!(rounds.len() < 3, "{rounds:?}");
}

/// Makes one change of each kind and says how long it took to be seen.
fn one_of_each_change() -> [(&'static str, Duration); 4] {
    let folder = Folder::new(&[("a.md", "one"), ("sub/b.md", "two")]);
    let vault = Vault::open(far(&folder)).unwrap();
    assert_eq!(vault.status().watcher, WatcherState::Watching);

    folder.write("a.md", b"edited");
    let is = |path: &'static str, text: &'static str| {
        move |s: &Arc<Snapshot>| body(s, path).as_deref() == Some(text)
    };
    let edit = until(&vault, "the edit", is("a.md", "edited"));
    folder.write("new/deep/c.md", b"three");
    let add = until(&vault, "the addition", is("new/deep/c.md", "three"));
    fs::rename(folder.path("a.md"), folder.path("sub/renamed.md")).unwrap();
    let rename = until(&vault, "the rename", |s| {
        paths(s) == ["new/deep/c.md", "sub/b.md", "sub/renamed.md"]
    });
    fs::remove_file(folder.path("sub/b.md")).unwrap();
    let delete = until(&vault, "the deletion", |s| {
        paths(s) == ["new/deep/c.md", "sub/renamed.md"]
    });
    [
        ("edit", edit),
        ("add", add),
        ("rename", rename),
        ("delete", delete),
    ]
}

#[test]
fn a_file_replaced_by_rename_as_editors_do_is_seen() {
    let folder = Folder::new(&[("a.md", "one")]);
    let vault = Vault::open(far(&folder)).unwrap();
    folder.write(".a.md.tmp", b"two");
    fs::rename(folder.path(".a.md.tmp"), folder.path("a.md")).unwrap();
    until(&vault, "the replacement", |s| {
        body(s, "a.md").as_deref() == Some("two")
    });
}

#[test]
fn a_folder_renamed_deleted_and_made_again_is_followed() {
    let folder = Folder::new(&[("x/a.md", "one"), ("x/y/b.md", "two")]);
    let vault = Vault::open(far(&folder)).unwrap();
    fs::rename(folder.path("x"), folder.path("z")).unwrap();
    until(&vault, "the renamed folder", |s| {
        paths(s) == ["z/a.md", "z/y/b.md"]
    });
    folder.write("z/y/b.md", b"after the rename");
    until(&vault, "an edit below it", |s| {
        body(s, "z/y/b.md").as_deref() == Some("after the rename")
    });
    fs::remove_dir_all(folder.path("z")).unwrap();
    until(&vault, "the deleted folder", |s| paths(s).is_empty());
    folder.write("z/a.md", b"again");
    until(&vault, "the folder made again", |s| {
        body(s, "z/a.md").as_deref() == Some("again")
    });
    folder.write("z/a.md", b"and edited");
    until(&vault, "an edit in it", |s| {
        body(s, "z/a.md").as_deref() == Some("and edited")
    });
}

#[test]
fn without_watching_a_comparison_heals() {
    let folder = Folder::new(&[("a.md", "one"), ("b.md", "two")]);
    let vault = Vault::open(polling(&folder)).unwrap();
    assert!(
        matches!(vault.status().watcher, WatcherState::Polling { reason, .. } if reason == "switched off")
    );
    folder.write("a.md", b"six");
    fs::remove_file(folder.path("b.md")).unwrap();
    folder.write("c.md", b"three");
    until(&vault, "all changes", |s| {
        paths(s) == ["a.md", "c.md"] && body(s, "a.md").as_deref() == Some("six")
    });
}

#[test]
fn many_changes_at_once_end_in_the_same_picture_as_a_fresh_start() {
    let files: Vec<(String, String)> = (0..300)
        .map(|n| {
            (
                format!("d{}/n{n}.md", n % 7),
                format!("[[n{}]]", (n * 31) % 300),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let folder = Folder::new(&files);
    let vault = folder.open();
    for (at, (path, _)) in files.iter().enumerate() {
        match at % 4 {
            0 => folder.write(path, format!("changed [[n{at}]]").as_bytes()),
            1 => fs::remove_file(folder.path(path)).unwrap(),
            2 => fs::rename(folder.path(path), folder.path(&format!("moved-{at}.md"))).unwrap(),
            _ => {}
        }
    }
    let fresh = folder.open().snapshot().etag();
    until(&vault, "the same picture", |s| s.etag() == fresh);
    let generation = vault.snapshot().generation();
    vault.compare_soon();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        vault.snapshot().generation(),
        generation,
        "nothing changed, nothing is published"
    );
}

#[test]
fn a_reader_keeps_its_picture() {
    let folder = Folder::new(&[("a.md", "one")]);
    let vault = folder.open();
    let mine = vault.snapshot();
    folder.write("a.md", b"two");
    until(&vault, "the edit", |s| {
        body(s, "a.md").as_deref() == Some("two")
    });
    assert_eq!(body(&mine, "a.md").as_deref(), Some("one"));
    assert!(vault.snapshot().generation() > mine.generation());
}

#[test]
fn a_vault_that_is_no_folder_is_refused_at_the_start() {
    let folder = Folder::new(&[("a.md", "x")]);
    assert!(matches!(
        Vault::open(VaultConfig::new(folder.path("none"))),
        Err(OpenError::Missing(_))
    ));
    assert!(matches!(
        Vault::open(VaultConfig::new(folder.path("a.md"))),
        Err(OpenError::NotAFolder(_))
    ));
}

#[test]
fn a_vault_that_goes_away_is_served_from_memory_until_it_is_back() {
    let folder = Folder::new(&[("a.md", "one")]);
    let vault = folder.open();
    fs::rename(folder.root(), folder.beside("away")).unwrap();
    until(&vault, "that it is away", |_| !vault.status().root_present);
    assert_eq!(paths(&vault.snapshot()), ["a.md"]);
    assert!(!vault.stats(0).root_present);

    fs::rename(folder.beside("away"), folder.root()).unwrap();
    until(&vault, "that it is back", |_| vault.status().root_present);
    folder.write("a.md", b"two");
    until(&vault, "an edit after it", |s| {
        body(s, "a.md").as_deref() == Some("two")
    });
    assert_eq!(vault.status().watcher, WatcherState::Watching);

    fs::remove_dir_all(folder.root()).unwrap();
    until(&vault, "that it is away again", |_| {
        !vault.status().root_present
    });
    folder.write("b.md", b"made again");
    until(&vault, "the new folder", |s| paths(s) == ["b.md"]);
    folder.write("b.md", b"and edited");
    until(&vault, "an edit in it", |s| {
        body(s, "b.md").as_deref() == Some("and edited")
    });
}

#[test]
fn an_empty_mount_point_does_not_empty_the_vault() {
    let folder = Folder::new(&[("a.md", "one")]);
    let vault = Vault::open(polling(&folder)).unwrap();
    fs::rename(folder.root(), folder.beside("away")).unwrap();
    fs::create_dir(folder.root()).unwrap();
    until(&vault, "that it is away", |_| !vault.status().root_present);
    assert_eq!(paths(&vault.snapshot()), ["a.md"]);
}

#[test]
fn dropping_the_last_handle_stops_the_threads() {
    let folder = Folder::new(&[("a.md", "one")]);
    let vault = folder.open();
    let clone = vault.clone();
    drop(vault);
    folder.write("a.md", b"two");
    until(&clone, "an edit by the clone", |s| {
        body(s, "a.md").as_deref() == Some("two")
    });
    let weak = std::sync::Arc::downgrade(&clone.snapshot());
    drop(clone);
    assert!(weak.upgrade().is_none(), "a thread still holds the picture");
}

#[test]
fn nothing_is_ever_written_into_the_vault() {
    let folder = Folder::new(&[
        ("a.md", "---\nbroken: \"\n---\n"),
        (".obsidian/app.json", "{}"),
        ("b/c.md", "[[a]]"),
    ]);
    let before = contents(&folder.root());
    let vault = folder.open();
    vault.compare_soon();
    until(&vault, "a comparison", |_| {
        vault.status().last_scan.ago_ms < 10_000
    });
    drop(vault);
    assert_eq!(contents(&folder.root()), before);
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<Vault>();
}
