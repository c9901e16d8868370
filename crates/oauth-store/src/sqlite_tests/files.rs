//! The file: its modes, its first moments, and files that are no database of this version.

use std::{
    fs::{File, Permissions, metadata, set_permissions, write},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use loop_oauth::store::{Inserted, SigningKeys as _, StoreError, Users as _};

use crate::{
    SqlStore, StoreOptions,
    tests::{
        Db,
        crash::{DATABASE_VARIABLE, child},
        key, user,
    },
};

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

fn side(path: &Path, suffix: &str) -> std::path::PathBuf {
    format!("{}{suffix}", path.display()).into()
}

async fn refusal(path: &Path) -> String {
    match SqlStore::open(path).await {
        Err(StoreError::Failed(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_the_owner_can_read_the_file_and_its_side_files_whatever_the_umask() {
    for umask in ["000", "022", "077", "177"] {
        let db = Db::on_sqlite();
        let path = db.directory.path().join("new/deep/loop-auth.db");
        let ran = child(
            "sqlite_tests::files::a_child_adds_the_first_key",
            umask,
            path.as_os_str(),
        )
        .output()
        .unwrap();
        assert!(ran.status.success(), "{umask}: {ran:?}");
        assert_eq!(mode(&path), 0o600, "umask {umask}");
        for suffix in ["-wal", "-shm"] {
            assert_eq!(mode(&side(&path, suffix)), 0o600, "umask {umask} {suffix}");
        }
        for directory in [
            path.parent().unwrap(),
            path.parent().unwrap().parent().unwrap(),
        ] {
            assert_eq!(mode(directory) & 0o077, 0, "umask {umask}");
        }
    }
}

#[tokio::test]
async fn a_file_that_others_could_read_is_narrowed() {
    let db = Db::on_sqlite();
    db.open().await.close().await.unwrap();
    let (path, wal) = (db.path(), side(&db.path(), "-wal"));
    write(&wal, "").unwrap();
    for file in [&path, &wal] {
        set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    let store = db.open().await;
    store.add_user(&user("alice")).await.unwrap();
    assert_eq!((mode(&path), mode(&wal)), (0o600, 0o600));
}

#[tokio::test]
async fn what_is_no_database_is_refused_by_name_and_left_alone() {
    let db = Db::on_sqlite();
    let path = db.path();
    let intact = {
        let other = Db::on_sqlite();
        other.open().await.close().await.unwrap();
        std::fs::read(other.path()).unwrap()
    };
    let mut damaged = intact.clone();
    damaged[100..].fill(0xab);
    for (content, reason) in [
        (
            b"This is a text file, and a longer one than a header would be.".repeat(9),
            "not a database",
        ),
        (damaged, "malformed"),
        (intact[..intact.len() / 2].to_vec(), "malformed"),
    ] {
        write(&path, &content).unwrap();
        let text = refusal(&path).await;
        assert!(
            text.contains("loop-auth.db") && text.contains(reason),
            "{text}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), content, "{reason}");
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(side(&path, suffix));
        }
    }
    let text = refusal(db.directory.path()).await;
    assert!(text.contains("directory"), "{text}");
    let text = refusal(&path.join("below/a/file")).await;
    assert!(text.contains("below/a/file"), "{text}");
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let db = Db::on_sqlite();
    write(db.path(), "").unwrap();
    let store = db.open().await;
    assert_eq!(
        store.add_first_user(&user("alice")).await.unwrap(),
        Inserted::Now
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_not_touched() {
    let db = Db::on_sqlite();
    db.open().await.close().await.unwrap();
    db.run("INSERT INTO seaql_migrations VALUES ('m29990101_000000_later', 0)")
        .await;
    let before = std::fs::read(db.path()).unwrap();
    let text = refusal(&db.path()).await;
    for part in ["newer version", "m29990101_000000_later", "loop-auth.db"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(std::fs::read(db.path()).unwrap(), before);
}

#[tokio::test]
async fn a_directory_that_somebody_holds_is_an_error_in_the_end() {
    let db = Db::on_sqlite();
    let held = File::open(db.directory.path()).unwrap();
    held.lock().unwrap();
    let impatient = StoreOptions {
        busy_timeout: Duration::from_millis(10),
        ..StoreOptions::default()
    };
    let got = SqlStore::open_with(db.path(), impatient).await;
    assert!(
        matches!(&got, Err(StoreError::Failed(text)) if text.contains("another process")),
        "{got:?}"
    );
    held.unlock().unwrap();
    db.open().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_stores_open_a_new_file_at_once() {
    for _ in 0..10 {
        let db = Db::on_sqlite();
        let opening: Vec<_> = (0..8)
            .map(|n| {
                let path = db.path();
                tokio::spawn(async move {
                    let store = SqlStore::open(path).await.unwrap();
                    store
                        .add_first_key(&key(&format!("key {n}")))
                        .await
                        .unwrap()
                })
            })
            .collect();
        let mut first = 0;
        for opened in opening {
            first += usize::from(opened.await.unwrap() == Inserted::Now);
        }
        assert_eq!(first, 1);
    }
}

#[tokio::test]
async fn eight_processes_open_a_new_file_at_once() {
    let db = Db::on_sqlite();
    let children: Vec<_> = (0..8)
        .map(|_| {
            child(
                "sqlite_tests::files::a_child_adds_the_first_key",
                "022",
                db.path().as_os_str(),
            )
            .spawn()
            .unwrap()
        })
        .collect();
    let mut first = 0;
    for child in children {
        let ran = child.wait_with_output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        first += usize::from(String::from_utf8_lossy(&ran.stdout).contains("it was first"));
    }
    assert_eq!(first, 1);
    assert_eq!(db.open().await.signing_keys().await.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "the other process of two tests above"]
async fn a_child_adds_the_first_key() {
    let Some(path) = std::env::var_os(DATABASE_VARIABLE) else {
        return;
    };
    let store = SqlStore::open(path).await.unwrap();
    let name = format!("key {}", std::process::id());
    if store.add_first_key(&key(&name)).await.unwrap() == Inserted::Now {
        println!("it was first");
    }
    // Without closing, so that the side files stay to be looked at.
    std::process::exit(0);
}
