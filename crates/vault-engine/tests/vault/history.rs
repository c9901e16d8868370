//! The past of a vault that is a git checkout, beside the vault as it was.

use std::{fs, process::Command};

use loop_shared::vault::NotePath;
use loop_vault::{
    Privacy, Sight, Vault, VaultConfig,
    feed::ChangeKind,
    history::{HistoryError, HistoryMode},
    query::Page,
    search::search,
};

use crate::common::{Folder, body, contents, paths};

fn git(folder: &Folder, day: u32, arguments: &[&str]) {
    let date = format!("2026-03-{day:02}T12:00:00Z");
    let output = Command::new("git")
        .args([
            "-c",
            "user.email=kim@example.com",
            "-c",
            "commit.gpgsign=false",
            "-C",
        ])
        .arg(folder.root())
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env(
            "GIT_AUTHOR_NAME",
            if day.is_multiple_of(2) { "Kim" } else { "Lee" },
        )
        .env("GIT_COMMITTER_NAME", "robot")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn commit(folder: &Folder, day: u32) {
    git(folder, day, &["add", "-A"]);
    git(
        folder,
        day,
        &["commit", "-q", "--allow-empty", "-m", &format!("day {day}")],
    );
}

fn task(status: &str) -> String {
    format!("---\nentity_type: Task\nentity_id: tsk-1\nstatus: {status}\n---\n결제 {status}\n")
}

/// Five days of a vault.
fn five_days() -> Folder {
    let folder = Folder::new(&[("a.md", &task("todo")), ("지움.md", "gone soon")]);
    git(&folder, 1, &["init", "-q", "-b", "main"]);
    commit(&folder, 1);
    folder.write("a.md", task("doing").as_bytes());
    commit(&folder, 2);
    fs::rename(folder.path("a.md"), folder.path("b.md")).unwrap();
    fs::remove_file(folder.path("지움.md")).unwrap();
    commit(&folder, 3);
    folder.write("b.md", task("done").as_bytes());
    folder.write("new.md", b"new");
    commit(&folder, 4);
    folder
}

fn config(folder: &Folder) -> VaultConfig {
    VaultConfig {
        history: HistoryMode::Own,
        privacy: Some(Privacy::default()),
        watch: false,
        ..folder.config()
    }
}

fn open(folder: &Folder) -> Vault {
    Vault::open(config(folder)).unwrap()
}

#[test]
fn a_vault_is_what_it_was_on_a_day_at_a_time_and_at_a_commit() {
    let folder = five_days();
    let before = contents(&folder.root());
    let vault = open(&folder);
    for (as_of, expected) in [
        ("2026-03-01", &["a.md", "지움.md"][..]),
        ("2026-03-02", &["a.md", "지움.md"]),
        ("2026-03-03", &["b.md"]),
        ("2026-03-03T11:59:59Z", &["a.md", "지움.md"]),
        ("2026-03-03T21:00:00+09:00", &["b.md"]),
        ("2026-03-09", &["b.md", "new.md"]),
    ] {
        let (moment, then) = vault.as_of(as_of, Sight::Open).unwrap();
        assert_eq!(paths(&then), expected, "{as_of}");
        let (_, again) = vault.as_of(&moment.commit[..12], Sight::Open).unwrap();
        assert_eq!(again.etag(), then.etag());
    }
    let (_, then) = vault.as_of("2026-03-02", Sight::Open).unwrap();
    assert_eq!(body(&then, "a.md").as_deref(), Some("결제 doing\n"));
    assert_eq!(
        search(&then, "결제 status:doing", &Page::default())
            .unwrap()
            .total,
        1
    );
    assert_eq!(
        contents(&folder.root()),
        before,
        "nothing is written, not in .git either"
    );
}

#[test]
fn what_is_no_moment_is_refused_and_nothing_else_than_the_vaults_own_past_is_told() {
    let folder = five_days();
    git(&folder, 5, &["checkout", "-q", "-b", "other"]);
    folder.write("elsewhere.md", b"on another branch");
    commit(&folder, 5);
    let other = fs::read_to_string(folder.path(".git/refs/heads/other")).unwrap();
    git(&folder, 5, &["checkout", "-q", "main"]);
    let vault = open(&folder);
    for (as_of, expected) in [
        ("", HistoryError::BadMoment),
        ("yesterday", HistoryError::BadMoment),
        ("HEAD", HistoryError::BadMoment),
        ("--all", HistoryError::BadMoment),
        ("HEAD~1", HistoryError::BadMoment),
        ("main:a.md", HistoryError::BadMoment),
        ("2026-02-30", HistoryError::BadMoment),
        ("2026-02-01", HistoryError::NoSuchMoment),
        ("deadbeef", HistoryError::NoSuchMoment),
        (other.trim(), HistoryError::NoSuchMoment),
    ] {
        assert_eq!(
            vault.as_of(as_of, Sight::Whole).unwrap_err(),
            expected,
            "{as_of:?}"
        );
    }
    let plain = Folder::new(&[("a.md", "a")]).open();
    assert_eq!(
        plain.as_of("2026-03-01", Sight::Whole).unwrap_err(),
        HistoryError::None
    );
}

#[test]
fn the_history_of_a_note_follows_its_moves_and_says_who_changed_what() {
    let folder = five_days();
    let vault = open(&folder);
    let path = NotePath::parse("b.md").unwrap();
    let page = |limit, cursor| Page { limit, cursor };
    let all = vault.versions(&path, Sight::Open, &page(10, None)).unwrap();
    let told: Vec<_> = all
        .results
        .iter()
        .map(|one| (one.kind, one.path.as_str(), one.who.as_str()))
        .collect();
    let expected = [
        (ChangeKind::Changed, "b.md", "Kim"),
        (ChangeKind::Moved, "b.md", "Lee"),
        (ChangeKind::Changed, "a.md", "Kim"),
        (ChangeKind::Added, "a.md", "Lee"),
    ];
    assert_eq!(told, expected);
    let status = |at: usize| {
        let field = &all.results[at].fields[0];
        (field.before.clone().unwrap(), field.after.clone().unwrap())
    };
    assert_eq!(status(0), ("doing".into(), "done".into()));
    assert_eq!(status(2), ("todo".into(), "doing".into()));
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let part = vault
            .versions(&path, Sight::Open, &page(1, cursor))
            .unwrap();
        found.extend(part.results);
        cursor = part.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, all.results);
}

#[test]
fn what_changed_between_two_days_is_told_with_its_writers() {
    let folder = five_days();
    let vault = open(&folder);
    let page = Page::default();
    let found = vault
        .between("2026-03-01", "2026-03-04", Sight::Open, &page)
        .unwrap();
    let told: Vec<_> = found
        .results
        .iter()
        .map(|one| (one.kind, one.note.path.as_str(), one.who.join(",")))
        .collect();
    let expected = [
        (ChangeKind::Removed, "a.md", "Kim,Lee".to_owned()),
        (ChangeKind::Added, "b.md", "Kim,Lee".to_owned()),
        (ChangeKind::Added, "new.md", "Kim".to_owned()),
        (ChangeKind::Removed, "지움.md", "Lee".to_owned()),
    ];
    assert_eq!(told, expected);
    let one = Page {
        limit: 3,
        cursor: None,
    };
    let first = vault
        .between("2026-03-01", "2026-03-04", Sight::Open, &one)
        .unwrap();
    assert_eq!((first.results.len(), first.total), (3, 4));
    let rest = Page {
        limit: 3,
        cursor: first.next_cursor,
    };
    let rest = vault
        .between("2026-03-01", "2026-03-04", Sight::Open, &rest)
        .unwrap();
    assert_eq!(rest.results[0].note.path, "지움.md");
    let moved = vault
        .between("2026-03-02", "2026-03-03", Sight::Open, &page)
        .unwrap();
    assert_eq!(moved.results[0].from.as_deref(), Some("a.md"));
}

#[test]
fn what_is_private_now_or_was_then_is_private_in_the_past() {
    let secret =
        |what: &str| format!("---\nentity_id: x-{what}\nvisibility: private\n---\n{what}\n");
    let folder = Folder::new(&[
        ("was.md", &secret("was")),
        ("now.md", "now"),
        ("moved.md", "moved"),
        ("id.md", "---\nentity_id: x-id\n---\nid\n"),
        ("open.md", "open"),
    ]);
    git(&folder, 1, &["init", "-q", "-b", "main"]);
    commit(&folder, 1);
    folder.write("was.md", b"was private, is open");
    folder.write("now.md", secret("now").as_bytes());
    fs::remove_file(folder.path("moved.md")).unwrap();
    folder.write("hidden/moved.md", secret("other").as_bytes());
    fs::remove_file(folder.path("id.md")).unwrap();
    folder.write("elsewhere.md", secret("id").as_bytes());
    commit(&folder, 2);
    let vault = open(&folder);
    let (_, then) = vault.as_of("2026-03-01", Sight::Open).unwrap();
    assert_eq!(paths(&then), ["open.md"]);
    let (_, then) = vault.as_of("2026-03-01", Sight::Whole).unwrap();
    assert_eq!(then.notes().len(), 5);
    let path = NotePath::parse("was.md").unwrap();
    let versions = |sight| {
        vault
            .versions(&path, sight, &Page::default())
            .unwrap()
            .results
    };
    assert_eq!(
        (versions(Sight::Whole).len(), versions(Sight::Open).len()),
        (2, 1)
    );
    let found = vault
        .between("2026-03-01", "2026-03-02", Sight::Open, &Page::default())
        .unwrap();
    let told: Vec<_> = found
        .results
        .iter()
        .map(|one| one.note.path.as_str())
        .collect();
    assert_eq!(told, ["was.md"]);
}

#[cfg(unix)]
#[test]
fn a_repository_cannot_make_its_reader_run_a_program() {
    use std::os::unix::fs::PermissionsExt;
    let folder = five_days();
    let (trap, sprung) = (folder.beside("trap"), folder.beside("sprung"));
    fs::write(
        &trap,
        format!("#!/bin/sh\ntouch {}\ncat\n", sprung.display()),
    )
    .unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    let program = trap.display().to_string();
    for setting in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "gpg.program",
        "core.sshCommand",
        "pager.log",
        "credential.helper",
        "core.askPass",
        "uploadpack.packObjectsHook",
        "alias.log",
        "alias.rev-list",
    ] {
        git(&folder, 5, &["config", setting, &program]);
    }
    git(&folder, 5, &["config", "log.showSignature", "true"]);
    folder.write(".gitattributes", b"*.md diff=x filter=x\n");
    fs::create_dir_all(folder.path(".git/hooks")).unwrap();
    for hook in [
        "post-index-change",
        "reference-transaction",
        "post-checkout",
    ] {
        fs::copy(&trap, folder.path(&format!(".git/hooks/{hook}"))).unwrap();
    }
    let _ = fs::remove_file(&sprung);
    let vault = open(&folder);
    let path = NotePath::parse("b.md").unwrap();
    assert_eq!(
        vault
            .versions(&path, Sight::Whole, &Page::default())
            .unwrap()
            .results
            .len(),
        4
    );
    vault
        .between("2026-03-01", "2026-03-04", Sight::Whole, &Page::default())
        .unwrap();
    assert!(!sprung.exists(), "a program of the repository ran");
}

#[test]
fn a_vault_below_the_top_of_a_repository_has_its_own_past() {
    let folder = five_days();
    fs::create_dir_all(folder.path("sub")).unwrap();
    folder.write("sub/inner.md", task("todo").as_bytes());
    commit(&folder, 5);
    folder.write("sub/inner.md", task("done").as_bytes());
    commit(&folder, 6);
    let inner = VaultConfig {
        root: folder.path("sub"),
        ..config(&folder)
    };
    let vault = Vault::open(inner).unwrap();
    let (_, then) = vault.as_of("2026-03-05", Sight::Open).unwrap();
    assert_eq!(paths(&then), ["inner.md"]);
    let path = NotePath::parse("inner.md").unwrap();
    assert_eq!(
        vault
            .versions(&path, Sight::Open, &Page::default())
            .unwrap()
            .results
            .len(),
        2
    );
    let found = vault
        .between("2026-03-04", "2026-03-06", Sight::Open, &Page::default())
        .unwrap();
    assert_eq!(
        (found.total, found.results[0].who.join(",")),
        (1, "Kim,Lee".to_owned())
    );
}
