//! What comes out is what went in; what is there is never written over.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use loop_oauth::{
    maintenance::{Maintenance as _, Purpose},
    store::{SigningKeys as _, StoreError},
};
use loop_testkit::postgres::Schema;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};

use super::{
    super::{SqlMaintenance, catalog, copying},
    file,
    filler::{ROWS, dump, fill},
    refusal, server, transfer,
};
use crate::{
    SqlStore, migrate,
    tests::{Db, key, with_people},
};

/// A database with rows in every table.
async fn filled() -> (Db, BTreeMap<String, Vec<String>>) {
    let db = Db::on_sqlite();
    db.open().await.close().await.unwrap();
    fill(&db).await;
    let rows = dump(&db.path()).await;
    (db, rows)
}

#[tokio::test]
async fn a_backup_holds_every_row_of_every_table_there_is_and_so_does_what_is_restored() {
    let (db, rows) = filled().await;
    let (from, backup, to) = (
        file(&db, "loop-auth.db"),
        file(&db, "b.db"),
        file(&db, "new/r.db"),
    );
    let taken = transfer(&from, &backup, Purpose::Backup).await.unwrap();
    let copied: BTreeMap<String, u64> = taken.tables.iter().cloned().collect();
    assert_eq!(
        copied.keys().collect::<Vec<_>>(),
        rows.keys().collect::<Vec<_>>()
    );
    for (table, count) in &copied {
        assert!(*count >= ROWS.unsigned_abs(), "{table}: {count}");
    }
    assert_eq!(taken.backup.as_ref().unwrap().at, "2025-11-21T04:40:00Z");
    assert_eq!(taken.pending, 0);
    let restored = transfer(&backup, &to, Purpose::Restore).await.unwrap();
    assert_eq!((restored.tables, restored.backup), (taken.tables, None));
    let path = db.directory.path().join("new/r.db");
    assert_eq!(dump(&path).await, rows);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(dump(&db.path()).await, rows, "the source is as it was");
    let left: Vec<_> = fs::read_dir(db.directory.path().join("new"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_to_postgresql_and_comes_back_unchanged() {
    let (Some(schema), Some(second)) = (Schema::new(), Schema::new()) else {
        return;
    };
    let (db, rows) = filled().await;
    let (from, backup) = (file(&db, "loop-auth.db"), file(&db, "backup.db"));
    let there = transfer(&from, &server(&schema), Purpose::Copy)
        .await
        .unwrap();
    assert_eq!(
        usize::try_from(there.rows()).unwrap(),
        rows.values().map(Vec::len).sum::<usize>()
    );
    let taken = transfer(&server(&schema), &backup, Purpose::Backup)
        .await
        .unwrap();
    assert_eq!(taken.tables, there.tables);
    // From a PostgreSQL's backup into another PostgreSQL, and from there into a file.
    transfer(&backup, &server(&second), Purpose::Restore)
        .await
        .unwrap();
    transfer(&server(&second), &file(&db, "back.db"), Purpose::Copy)
        .await
        .unwrap();
    assert_eq!(dump(&db.directory.path().join("back.db")).await, rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_opens_what_was_copied_with_its_keys_as_they_were_sealed() {
    let db = Db::on_sqlite();
    let store = with_people(&db).await;
    store.add_first_key(&key("k1")).await.unwrap();
    // It runs on.
    transfer(
        &file(&db, "loop-auth.db"),
        &file(&db, "copy.db"),
        Purpose::Copy,
    )
    .await
    .unwrap();
    let copy = SqlStore::open(db.directory.path().join("copy.db"))
        .await
        .unwrap();
    assert_eq!(copy.signing_keys().await.unwrap()[0].kid, "k1");
    if let Some(schema) = Schema::new() {
        transfer(&file(&db, "loop-auth.db"), &server(&schema), Purpose::Copy)
            .await
            .unwrap();
        let url = schema.url().into();
        let copy = SqlStore::open_postgres(&url, crate::StoreOptions::default());
        assert_eq!(
            copy.await.unwrap().signing_keys().await.unwrap()[0].kid,
            "k1"
        );
    }
}

#[tokio::test]
async fn nothing_that_is_there_is_written_over() {
    let (db, _) = filled().await;
    let from = file(&db, "loop-auth.db");
    for name in ["there.db", "wal.db-wal", "part.db.partial"] {
        fs::write(db.directory.path().join(name), "mine").unwrap();
    }
    for (name, says) in [
        ("there.db", "there already"),
        ("loop-auth.db", "there already"),
        ("wal.db", "wal.db-wal is there already"),
        ("part.db", "was interrupted"),
    ] {
        let why = refusal(&from, &file(&db, name), Purpose::Copy).await;
        assert!(why.contains(says), "{name}: {why}");
    }
    for name in ["there.db", "wal.db-wal", "part.db.partial"] {
        assert_eq!(fs::read(db.directory.path().join(name)).unwrap(), b"mine");
    }
    let Some(schema) = Schema::new() else { return };
    schema.run("CREATE TABLE mine (a int)");
    let why = refusal(&from, &server(&schema), Purpose::Copy).await;
    assert!(why.contains("not empty") && why.contains("mine"), "{why}");
    assert!(!why.contains(schema.password()), "{why}");
}

#[tokio::test]
async fn a_backup_that_was_damaged_or_changed_is_not_restored() {
    let (db, _) = filled().await;
    let (from, backup) = (file(&db, "loop-auth.db"), file(&db, "backup.db"));
    transfer(&from, &backup, Purpose::Backup).await.unwrap();
    SqlMaintenance.check(&backup, &|_| ()).await.unwrap();
    let path = db.directory.path().join("backup.db");
    let intact = fs::read(&path).unwrap();

    let raw = sea_orm::Database::connect(format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    let change = "UPDATE users SET roles = 'admin' WHERE id = (SELECT min(id) FROM users)";
    raw.execute_unprepared(change).await.unwrap();
    raw.close().await.unwrap();
    let why = refusal(&backup, &file(&db, "r.db"), Purpose::Restore).await;
    assert!(why.contains("users is not what it was"), "{why}");
    assert!(SqlMaintenance.check(&backup, &|_| ()).await.is_err());

    fs::write(&path, &intact[..intact.len() / 2]).unwrap();
    let why = refusal(&backup, &file(&db, "r.db"), Purpose::Restore).await;
    assert!(
        why.contains("malformed") || why.contains("damaged"),
        "{why}"
    );
    fs::write(
        &path,
        "not a database at all, but long enough to have a header".repeat(20),
    )
    .unwrap();
    let why = refusal(&backup, &file(&db, "r.db"), Purpose::Restore).await;
    assert!(why.contains("not a database"), "{why}");
    let why = refusal(
        &file(&db, "nowhere.db"),
        &file(&db, "r.db"),
        Purpose::Restore,
    )
    .await;
    assert!(why.contains("no such file"), "{why}");
    assert!(!db.directory.path().join("r.db").exists());
    assert!(!db.directory.path().join("r.db.partial").exists());
}

#[tokio::test]
async fn a_plain_copy_of_a_database_is_restored_as_well_and_an_empty_or_newer_one_is_not() {
    let (db, rows) = filled().await;
    fs::copy(db.path(), db.directory.path().join("plain.db")).unwrap();
    let restored = transfer(&file(&db, "plain.db"), &file(&db, "r.db"), Purpose::Restore).await;
    assert_eq!(restored.unwrap().backup, None);
    assert_eq!(dump(&db.directory.path().join("r.db")).await, rows);

    fs::write(db.directory.path().join("empty.db"), "").unwrap();
    let why = refusal(&file(&db, "empty.db"), &file(&db, "x.db"), Purpose::Copy).await;
    assert!(why.contains("nothing of loop-auth"), "{why}");
    assert_eq!(
        SqlMaintenance
            .status(&file(&db, "empty.db"))
            .await
            .unwrap()
            .schema,
        None
    );
    db.run("INSERT INTO seaql_migrations VALUES ('m29990101_000000_later', 0)")
        .await;
    let why = refusal(
        &file(&db, "loop-auth.db"),
        &file(&db, "x.db"),
        Purpose::Backup,
    )
    .await;
    assert!(why.contains("newer version"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_keeps_the_schema_that_it_found_and_restoring_brings_it_to_todays() {
    let db = Db::on_sqlite();
    fs::write(db.path(), "").unwrap();
    let raw = db.raw().await;
    let tx = raw.begin().await.unwrap();
    let known = migrate::known();
    migrate::exactly(&tx, &known[..1]).await.unwrap();
    tx.commit().await.unwrap();
    raw.close().await.unwrap();
    fill(&db).await;
    let (from, backup) = (file(&db, "loop-auth.db"), file(&db, "backup.db"));
    let taken = transfer(&from, &backup, Purpose::Backup).await.unwrap();
    assert_eq!(
        (taken.schema.as_ref(), taken.pending),
        (Some(&known[0]), known.len() - 1)
    );
    assert_eq!(
        dump(&db.directory.path().join("backup.db")).await,
        dump(&db.path()).await
    );
    let restored = transfer(&backup, &file(&db, "r.db"), Purpose::Restore)
        .await
        .unwrap();
    assert_eq!(restored.pending, 0);
    assert!(restored.tables.len() > taken.tables.len());
    SqlStore::open(db.directory.path().join("r.db"))
        .await
        .unwrap();
    let Some(schema) = Schema::new() else { return };
    let restored = transfer(&backup, &server(&schema), Purpose::Restore)
        .await
        .unwrap();
    assert_eq!(restored.pending, 0);
    assert_eq!(schema.run("SELECT count(*) FROM users"), ROWS.to_string());
}

#[tokio::test]
async fn a_copy_is_of_one_moment_whatever_is_written_meanwhile() {
    let (db, rows) = filled().await;
    let raw = db.raw().await;
    raw.execute_unprepared("PRAGMA journal_mode = WAL")
        .await
        .unwrap();
    let written = std::sync::atomic::AtomicBool::new(false);
    let writing = std::sync::Mutex::new(rusty(&db));
    let watch = |progress: loop_oauth::maintenance::Progress<'_>| {
        assert!(progress.rows <= progress.of);
        if progress.step == "copying" && !written.swap(true, std::sync::atomic::Ordering::Relaxed) {
            (writing.lock().unwrap())();
        }
    };
    let (from, to) = (file(&db, "loop-auth.db"), file(&db, "copy.db"));
    SqlMaintenance
        .transfer((&from, &to), Purpose::Copy, super::now(), &watch)
        .await
        .unwrap();
    assert_eq!(dump(&db.directory.path().join("copy.db")).await, rows);
    assert_ne!(
        dump(&db.path()).await,
        rows,
        "nothing was written meanwhile"
    );
}

/// Writes to the database from a thread with a runtime of its own.
fn rusty(db: &Db) -> impl FnMut() + use<> {
    let url = format!("sqlite://{}", db.path().display());
    move || {
        let url = url.clone();
        let writing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let raw = sea_orm::Database::connect(url).await.unwrap();
                let sql = "UPDATE users SET name = 'later'; DELETE FROM sessions";
                raw.execute_unprepared(sql).await.unwrap();
            });
        });
        writing.join().unwrap();
    }
}

#[tokio::test]
async fn numbers_that_postgresql_draws_go_on_after_those_that_were_carried_over() {
    let Some(schema) = Schema::new() else { return };
    let sql = "CREATE TABLE a (n bigserial PRIMARY KEY); INSERT INTO a VALUES (41); \
               CREATE TABLE b (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)";
    schema.run(sql);
    let db = sea_orm::Database::connect(schema.url()).await.unwrap();
    let tx = db.begin().await.unwrap();
    let tables = catalog::tables(&tx).await.unwrap();
    for table in &tables {
        copying::sequences(&tx, table).await.unwrap();
    }
    let next = "INSERT INTO a DEFAULT VALUES RETURNING n";
    let asked = Statement::from_string(DbBackend::Postgres, next);
    let drawn: i64 = tx
        .query_one_raw(asked)
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap();
    assert_eq!(drawn, 42);
}

#[tokio::test]
async fn what_cannot_be_carried_over_is_said_before_anything_is_written() {
    for (sql, says) in [
        ("CREATE TABLE odd (a text)", "odd has no primary key"),
        (
            "CREATE TABLE odd (a text PRIMARY KEY, b xml)",
            "odd.b is of type xml",
        ),
        (
            "CREATE TABLE odd (a text PRIMARY KEY, b text REFERENCES odd (a))",
            "odd hang on each other",
        ),
    ] {
        let (db, _) = filled().await;
        db.run(sql).await;
        let why = refusal(
            &file(&db, "loop-auth.db"),
            &file(&db, "x.db"),
            Purpose::Copy,
        )
        .await;
        assert!(why.contains(says), "{why}");
        assert!(!db.directory.path().join("x.db.partial").exists());
    }
    let (db, _) = filled().await;
    db.run("CREATE TABLE strange (a text PRIMARY KEY)").await;
    let why = refusal(
        &file(&db, "loop-auth.db"),
        &file(&db, "x.db"),
        Purpose::Copy,
    )
    .await;
    assert!(
        why.contains("strange is no table that this version makes"),
        "{why}"
    );
    assert!(!db.directory.path().join("x.db.partial").exists());
}

#[tokio::test]
async fn a_copy_that_the_target_refuses_leaves_nothing_behind() {
    let (db, _) = filled().await;
    // Rows that hang on nothing, as a file that was written to by hand may hold.
    db.run("DELETE FROM users").await;
    let got = transfer(
        &file(&db, "loop-auth.db"),
        &file(&db, "x.db"),
        Purpose::Copy,
    )
    .await;
    assert!(matches!(got, Err(StoreError::Failed(_))), "{got:?}");
    for name in ["x.db", "x.db.partial"] {
        assert!(!db.directory.path().join(name).exists(), "{name}");
    }
}
