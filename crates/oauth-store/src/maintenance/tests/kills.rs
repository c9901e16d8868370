//! A process that is killed in the middle of a copy.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
};

use loop_oauth::maintenance::{Maintenance as _, Place, Purpose};
use loop_testkit::postgres::Schema;

use super::{
    super::SqlMaintenance,
    file,
    filler::{dump, fill},
    now, refusal, server, transfer,
};
use crate::tests::{
    Db,
    crash::{DATABASE_VARIABLE, child},
};

/// Source and target, as one variable.
const SEPARATOR: &str = "\n";

/// Lets a child copy until it has reported some rows, and kills it.
fn killed_in_the_middle(from: &Db, to: &str) {
    let database = format!("{}{SEPARATOR}{to}", from.path().display());
    let test = "maintenance::tests::kills::a_child_copies_until_it_is_killed";
    let mut child = child(test, "022", &OsString::from(database))
        .spawn()
        .unwrap();
    let mut reports = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        reports += usize::from(line.unwrap().starts_with("copying"));
        if reports == 9 {
            child.kill().unwrap();
        }
    }
    assert!(
        reports >= 9 && !child.wait().unwrap().success(),
        "{reports}"
    );
}

#[tokio::test]
async fn a_killed_copy_leaves_the_source_whole_and_a_file_that_says_it_is_none() {
    let db = Db::on_sqlite();
    db.open().await.close().await.unwrap();
    fill(&db).await;
    let before = dump(&db.path()).await;
    let target = db.directory.path().join("copy.db");
    killed_in_the_middle(&db, &target.display().to_string());
    assert_eq!(dump(&db.path()).await, before);
    assert!(!target.exists());
    let partial = db.directory.path().join("copy.db.partial");
    assert!(partial.exists());
    let (from, to) = (file(&db, "loop-auth.db"), Place::Sqlite(target.clone()));
    let why = refusal(&from, &to, Purpose::Copy).await;
    assert!(
        why.contains("copy.db.partial") && why.contains("delete it"),
        "{why}"
    );
    std::fs::remove_file(partial).unwrap();
    transfer(&from, &to, Purpose::Copy).await.unwrap();
    assert_eq!(dump(&target).await, before);
}

#[tokio::test]
async fn a_killed_copy_leaves_a_postgresql_as_empty_as_it_was() {
    let Some(schema) = Schema::new() else { return };
    let db = Db::on_sqlite();
    db.open().await.close().await.unwrap();
    fill(&db).await;
    killed_in_the_middle(&db, &schema.url());
    let tables =
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
    assert_eq!(schema.run(tables), "0");
    let copied = transfer(&file(&db, "loop-auth.db"), &server(&schema), Purpose::Copy).await;
    copied.unwrap();
}

#[tokio::test]
#[ignore = "the process that the tests above kill"]
async fn a_child_copies_until_it_is_killed() {
    let Some(places) = std::env::var_os(DATABASE_VARIABLE) else {
        return;
    };
    let places = places.into_string().unwrap();
    let (from, to) = places.split_once(SEPARATOR).unwrap();
    let place = |text: &str| {
        if text.starts_with("postgres:") {
            Place::Postgres(text.into())
        } else {
            Place::Sqlite(text.into())
        }
    };
    let told = |progress: loop_oauth::maintenance::Progress<'_>| {
        writeln!(std::io::stdout(), "{} {}", progress.step, progress.table).unwrap();
        // Whoever reads this must be quicker than the rest of the copy.
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let (from, to) = (place(from), place(to));
    let copying = SqlMaintenance.transfer((&from, &to), Purpose::Copy, now(), &told);
    copying.await.unwrap();
}
