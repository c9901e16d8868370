//! A process that is killed while it rotates: what it reported is there, and nothing is half done.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use loop_oauth::{
    refresh::RefreshState,
    store::{Grants as _, Rotated},
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::{Db, at, grant, hash, state_of, token, with_family, with_people};
use crate::{SqlStore, StoreOptions};

/// Names the database to a child process: a path or a URL.
pub(crate) const DATABASE_VARIABLE: &str = "LOOP_STORE_TEST_DATABASE";

const FAMILIES: usize = 4;
const KILLS: usize = 5;
const REPORTS: usize = 200;

fn name(family: usize, step: usize) -> String {
    format!("family {family} token {step}")
}

/// One of this binary's ignored tests in a process of its own, under some umask.
pub(crate) fn child(test: &str, umask: &str, database: &OsStr) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("umask {umask}; exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DATABASE_VARIABLE, database)
        .stdout(Stdio::piped());
    shell
}

/// The newest token of a family.
async fn newest(store: &SqlStore, family: usize, from: usize) -> usize {
    let mut step = from;
    while state_of(store, &name(family, step + 1)).await.is_some() {
        step += 1;
    }
    step
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_rotation_that_it_reported() {
    let db = Db::new();
    let store = with_people(&db).await;
    for family in 0..FAMILIES {
        with_family(&store, &format!("family {family}"), &name(family, 0)).await;
    }
    store.close().await.unwrap();
    let mut last: BTreeMap<usize, usize> = (0..FAMILIES).map(|family| (family, 0)).collect();
    for kill in 0..KILLS {
        let started = last.clone();
        for (family, step) in until_killed(&db) {
            last.insert(family, step);
        }
        assert_ne!(started, last, "nothing was rotated before kill {kill}");
        let store = db.open().await;
        for (&family, &reported) in &last {
            let live = newest(&store, family, reported).await;
            assert!(
                live - reported <= 1,
                "family {family}: {reported} reported, {live} stored"
            );
            for (step, state) in [
                (live, RefreshState::Live),
                (live - 1, RefreshState::Succeeded),
                (live.saturating_sub(2), RefreshState::Retired),
            ] {
                let expected = (live >= 2).then_some(state);
                let found = state_of(&store, &name(family, step)).await;
                assert_eq!(found, expected, "family {family} token {step} of {live}");
            }
        }
        for family in 0..FAMILIES {
            last.insert(family, newest(&store, family, last[&family]).await);
        }
        store.close().await.unwrap();
    }
    if db.backend() == DbBackend::Sqlite {
        assert_eq!(integrity(&db).await, "ok");
    }
}

/// Lets a child rotate until it has reported enough, kills it, and returns everything it reported.
fn until_killed(db: &Db) -> Vec<(usize, usize)> {
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::a_child_rotates_until_it_is_killed");
    let database = match &db.schema {
        Some(schema) => OsString::from(schema.url()),
        None => db.path().into_os_string(),
    };
    let mut child = child(&test, "022", &database).spawn().unwrap();
    let mut reports = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(report) = line.strip_prefix("rotated ") else {
            continue;
        };
        let (family, step) = report.split_once(' ').unwrap();
        reports.push((family.parse().unwrap(), step.parse().unwrap()));
        if reports.len() == REPORTS {
            child.kill().unwrap(); // what is in the pipe by now was reported too
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(reports.len() >= REPORTS, "{} reports", reports.len());
    reports
}

async fn integrity(db: &Db) -> String {
    let raw = db.raw().await;
    let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let answer = raw.query_one_raw(asked).await.unwrap().unwrap();
    answer.try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test above kills"]
async fn a_child_rotates_until_it_is_killed() {
    let Some(database) = std::env::var_os(DATABASE_VARIABLE) else {
        return;
    };
    let url = database.to_str().filter(|url| url.starts_with("postgres:"));
    let opened = match url {
        Some(url) => SqlStore::open_postgres(&url.into(), StoreOptions::default()).await,
        None => SqlStore::open(database).await,
    };
    let store = std::sync::Arc::new(opened.unwrap());
    let rotating: Vec<_> = (0..FAMILIES)
        .map(|family| {
            let store = store.clone();
            tokio::spawn(async move {
                let grant = grant(&format!("family {family}"));
                for step in newest(&store, family, 0).await.. {
                    let (old, new) = (name(family, step), name(family, step + 1));
                    let successor = token(&new, &grant, Some(&old));
                    let rotated = store.rotate(&hash(&old), &successor, at(2)).await.unwrap();
                    assert_eq!(rotated, Rotated::Now);
                    writeln!(std::io::stdout(), "rotated {family} {}", step + 1).unwrap();
                }
            })
        })
        .collect();
    for family in rotating {
        family.await.unwrap();
    }
}
