//! Hostile files harm nothing else and are listed.

use std::{fs, os::unix::fs::symlink, time::Duration};

use crate::common::{Folder, body, defects, paths, until};
use loop_vault::{Vault, VaultConfig};

fn said(path: &str, code: &str) -> (String, String) {
    (path.to_owned(), code.to_owned())
}

#[test]
fn a_huge_note_is_listed_and_its_text_is_not_loaded() {
    let folder = Folder::new(&[("ok.md", "fine")]);
    let huge = fs::File::create(folder.path("huge.md")).unwrap();
    huge.set_len(50 * 1024 * 1024).unwrap();
    let vault = folder.open();
    let snapshot = vault.snapshot();
    assert_eq!(paths(&snapshot), ["huge.md", "ok.md"]);
    assert_eq!(body(&snapshot, "huge.md").as_deref(), Some(""));
    assert_eq!(snapshot.bytes(), 50 * 1024 * 1024 + 4);
    assert_eq!(defects(&snapshot), [said("huge.md", "note-too-large")]);

    huge.set_len(5).unwrap();
    until(&vault, "the shrunk note", |s| {
        body(s, "huge.md").is_some_and(|text| text.len() == 5)
    });
    assert_eq!(defects(&vault.snapshot()), []);
}

#[test]
fn the_size_limit_is_exact() {
    let folder = Folder::new(&[("at.md", "12345"), ("over.md", "123456")]);
    let vault = Vault::open(VaultConfig {
        max_note_bytes: 5,
        ..folder.config()
    })
    .unwrap();
    assert_eq!(
        defects(&vault.snapshot()),
        [said("over.md", "note-too-large")]
    );
    assert_eq!(body(&vault.snapshot(), "at.md").as_deref(), Some("12345"));
}

#[test]
fn invalid_utf8_is_read_as_well_as_it_can_be() {
    let folder = Folder::new(&[]);
    folder.write("latin.md", b"first\ncaf\xe9 \xff\nlast");
    let snapshot = folder.open().snapshot();
    assert_eq!(
        body(&snapshot, "latin.md").as_deref(),
        Some("first\ncaf\u{fffd} \u{fffd}\nlast")
    );
    assert_eq!(snapshot.defects()[0].defect.line, Some(2));
    assert_eq!(defects(&snapshot), [said("latin.md", "invalid-utf8")]);
}

#[test]
fn symbolic_links_are_never_followed() {
    let folder = Folder::new(&[("a.md", "fine"), ("sub/b.md", "fine")]);
    fs::write(folder.beside("secret.md"), "secret").unwrap();
    fs::create_dir(folder.beside("secrets")).unwrap();
    fs::write(folder.beside("secrets/s.md"), "secret").unwrap();
    symlink(folder.beside("secret.md"), folder.path("out.md")).unwrap();
    symlink(folder.beside("secrets"), folder.path("outdir")).unwrap();
    symlink("/etc/passwd", folder.path("passwd.md")).unwrap();
    symlink(folder.path("a.md"), folder.path("in.md")).unwrap();
    symlink(folder.root(), folder.path("sub/loop")).unwrap();
    symlink("self.md", folder.path("self.md")).unwrap();
    symlink("nowhere.md", folder.path("broken.md")).unwrap();
    let vault = folder.open();
    assert_eq!(paths(&vault.snapshot()), ["a.md", "sub/b.md"]);
    assert_eq!(
        defects(&vault.snapshot()),
        [
            said("broken.md", "symlink-not-followed"),
            said("in.md", "symlink-not-followed"),
            said("out.md", "symlink-outside"),
            said("outdir", "symlink-outside"),
            said("passwd.md", "symlink-outside"),
            said("self.md", "symlink-not-followed"),
            said("sub/loop", "symlink-not-followed"),
        ]
    );
    // A note that becomes a symbolic link while the vault runs.
    fs::remove_file(folder.path("a.md")).unwrap();
    symlink(folder.beside("secret.md"), folder.path("a.md")).unwrap();
    until(&vault, "the swapped note", |s| paths(s) == ["sub/b.md"]);
    // A folder that becomes one.
    fs::rename(folder.path("sub"), folder.beside("sub-away")).unwrap();
    symlink(folder.beside("secrets"), folder.path("sub")).unwrap();
    until(&vault, "the swapped folder", |s| paths(s).is_empty());
    fs::write(folder.beside("secrets/s.md"), "secret, edited").unwrap();
    vault.compare_soon();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(paths(&vault.snapshot()), Vec::<String>::new());
}

#[test]
fn hidden_folders_are_no_notes_and_gitignore_means_nothing() {
    let folder = Folder::new(&[
        (".obsidian/x.md", "no"),
        (".git/x.md", "no"),
        (".trash/x.md", "no"),
        ("a/.hidden/x.md", "no"),
        (".hidden.md", "no"),
        (".gitignore", "*.md"),
        ("kept.md", "yes"),
        ("a/kept.MD", "yes"),
        ("picture.png", "no"),
    ]);
    let vault = folder.open();
    assert_eq!(paths(&vault.snapshot()), ["a/kept.MD", "kept.md"]);
    folder.write(".obsidian/y.md", b"no");
    folder.write("marker.md", b"yes");
    until(&vault, "the marker", |s| {
        paths(s) == ["a/kept.MD", "kept.md", "marker.md"]
    });
}

#[test]
fn odd_names_are_said_and_stop_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new(&[("ok.md", "fine")]);
    for name in [&b"new\nline.md"[..], b"back\\slash.md", b"latin-\xe9.md"] {
        fs::write(folder.root().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    fs::create_dir(folder.path("folder.md")).unwrap();
    fs::write(folder.path("folder.md/inside.md"), "x").unwrap();
    // NFC and NFD of one name; macOS writes NFD.
    fs::write(folder.path("가.md"), "composed").unwrap();
    fs::write(folder.path("\u{1100}\u{1161}.md"), "decomposed").unwrap();
    fs::write(folder.path("\u{1102}\u{1161}.md"), "only decomposed").unwrap();
    let snapshot = folder.open().snapshot();
    assert_eq!(
        paths(&snapshot),
        ["folder.md/inside.md", "ok.md", "가.md", "나.md"]
    );
    assert_eq!(body(&snapshot, "나.md").as_deref(), Some("only decomposed"));
    let mut codes: Vec<_> = defects(&snapshot)
        .into_iter()
        .map(|(_, code)| code)
        .collect();
    codes.sort();
    assert_eq!(
        codes,
        ["bad-name", "bad-name", "bad-name", "duplicate-path"]
    );
    assert!(
        snapshot
            .defects()
            .iter()
            .all(|found| !found.path.contains('\n'))
    );
}

#[test]
fn devices_and_pipes_called_md_are_not_opened() {
    let folder = Folder::new(&[("ok.md", "fine")]);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path("pipe.md"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let snapshot = folder.open().snapshot();
    assert_eq!(paths(&snapshot), ["ok.md"]);
    assert_eq!(defects(&snapshot), [said("pipe.md", "not-a-file")]);
}

#[test]
fn a_note_that_cannot_be_read_is_listed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&[("ok.md", "fine"), ("locked.md", "x"), ("shut/in.md", "x")]);
    fs::set_permissions(folder.path("locked.md"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.path("shut"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    let privileged = fs::File::open(folder.path("locked.md")).is_ok();
    let snapshot = folder.open().snapshot();
    fs::set_permissions(folder.path("shut"), fs::Permissions::from_mode(0o755)).unwrap();
    if privileged {
        return;
    }
    assert_eq!(paths(&snapshot), ["locked.md", "ok.md"]);
    assert_eq!(
        defects(&snapshot),
        [said("locked.md", "unreadable"), said("shut", "unreadable")]
    );
}

#[test]
fn files_that_vanish_while_they_are_read_leave_the_others() {
    let folder = Folder::new(&[("keep.md", "fine")]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0u32;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                round += 1;
                for n in 0..20 {
                    folder.write(&format!("d{}/v{n}.md", round % 3), b"---\na: 1\n---\nhere");
                }
                let _ = fs::remove_dir_all(folder.path(&format!("d{}", round % 3)));
            }
        });
        for _ in 0..20 {
            let vault = folder.open();
            assert_eq!(body(&vault.snapshot(), "keep.md").as_deref(), Some("fine"));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let vault = folder.open();
    assert_eq!(defects(&vault.snapshot()), []);
}

#[test]
fn more_notes_than_the_limit_are_said() {
    let folder = Folder::new(&[("a.md", "x"), ("b.md", "x"), ("c.md", "x")]);
    let vault = Vault::open(VaultConfig {
        max_notes: 2,
        ..folder.config()
    })
    .unwrap();
    assert_eq!(paths(&vault.snapshot()), ["a.md", "b.md"]);
    assert_eq!(defects(&vault.snapshot()), [said("", "too-many-notes")]);
    folder.write("0.md", b"x");
    until(&vault, "the first by path", |s| {
        paths(s) == ["0.md", "a.md"]
    });
}

#[test]
fn duplicate_ids_are_ambiguous_and_said_once_for_each_further_note() {
    let text = "---\nentity_type: Task\nentity_id: same\n---\n";
    let folder = Folder::new(&[
        ("a.md", text),
        ("b.md", text),
        ("c.md", &text.replace("same", "SAME")),
    ]);
    let snapshot = folder.open().snapshot();
    assert_eq!(
        defects(&snapshot),
        [said("b.md", "duplicate-id"), said("c.md", "duplicate-id")]
    );
    assert_eq!(snapshot.defects()[0].defect.line, Some(3));
    let answer = loop_vault::query::entity(&snapshot, "same");
    assert!(
        matches!(answer, loop_vault::query::EntityAnswer::Ambiguous(found) if found.len() == 3)
    );
}

#[test]
fn stats_count_and_give_examples_of_each_mistake() {
    let folder = Folder::new(&[
        (
            "a.md",
            "---\nentity_type: Task\nentity_id: a\nstatus: doing\n---\n[[x]] [[y]]\n",
        ),
        ("b.md", "---\nentity_type: Task\nentity_id: b\n---\n[[z]]\n"),
        ("c.md", "plain"),
    ]);
    let stats = folder.open().stats(2);
    assert_eq!(
        (
            stats.notes,
            stats.entities,
            stats.generation,
            stats.defect_count
        ),
        (3, 2, 1, 3)
    );
    assert_eq!(stats.by_type.get("Task"), Some(&2));
    assert_eq!(stats.by_status.get("doing"), Some(&1));
    assert_eq!(stats.by_status.get("(none)"), Some(&1));
    assert_eq!(stats.defects.len(), 1);
    assert_eq!(
        (stats.defects[0].count, stats.defects[0].examples.len()),
        (3, 2)
    );
    assert_eq!(stats.defects[0].examples[0].line, Some(6));
    assert!(stats.root_present);
}
