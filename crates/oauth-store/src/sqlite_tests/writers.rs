//! The one writer: what waits for it, what does not, and what a job that fails harms.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use loop_oauth::store::{Grants as _, Inserted, Rotated, Sessions as _, StoreError, Users as _};
use sea_orm::ConnectionTrait as _;

use crate::{
    SqlStore, StoreOptions, open,
    tests::{Db, at, hash, session, token, user, with_family, with_people},
    writer::Writer,
};

async fn impatient(db: &Db) -> SqlStore {
    with_people(db).await.close().await.unwrap();
    let options = StoreOptions {
        busy_timeout: Duration::from_millis(200),
        ..StoreOptions::default()
    };
    SqlStore::open_with(db.path(), options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_outlasts_several_busy_timeouts_of_another_process() {
    let db = Db::on_sqlite();
    let store = impatient(&db).await;
    let other = db.raw().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(450)).await;
        other.execute_unprepared("COMMIT").await.unwrap();
    };
    let cookie = session("cookie");
    let (added, ()) = tokio::join!(store.add_session(&cookie), release);
    added.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_waits_for_no_writer_and_a_refused_write_harms_no_later_one() {
    let db = Db::on_sqlite();
    let store = impatient(&db).await;
    let other = db.raw().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    other.execute_unprepared("DELETE FROM users").await.unwrap();
    let since = Instant::now();
    assert!(store.user(user("alice").id).await.unwrap().is_some());
    store.ready().await.unwrap();
    assert!(since.elapsed() < Duration::from_millis(600));
    let refused = store.add_session(&session("cookie")).await;
    assert!(
        matches!(&refused, Err(StoreError::Failed(_))),
        "{refused:?}"
    );
    assert!(since.elapsed() >= Duration::from_millis(800));
    other.execute_unprepared("ROLLBACK").await.unwrap();
    store.add_session(&session("cookie")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writes_that_share_a_transaction_a_failing_one_fails_alone() {
    let db = Db::on_sqlite();
    let store = Arc::new(with_people(&db).await);
    store.add_session(&session("taken")).await.unwrap();
    let other = db.raw().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let names = ["one", "taken", "two", "taken", "three"];
    let adding: Vec<_> = names
        .iter()
        .map(|name| {
            let (store, session) = (store.clone(), session(name));
            tokio::spawn(async move { store.add_session(&session).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.execute_unprepared("COMMIT").await.unwrap();
    for (name, added) in names.into_iter().zip(adding) {
        assert_eq!(added.await.unwrap().is_ok(), name != "taken", "{name}");
    }
    for name in ["one", "two", "three"] {
        assert!(
            store.session(&hash(name)).await.unwrap().is_some(),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_caller_went_away_is_done_whole_and_blocks_nobody() {
    let db = Db::on_sqlite();
    let store = Arc::new(with_people(&db).await);
    for round in 0..50 {
        let family = with_family(&store, &format!("{round}"), &format!("{round} 1")).await;
        let next = token(&format!("{round} 2"), &family, Some(&format!("{round} 1")));
        let old = hash(&format!("{round} 1"));
        let rotating = store.rotate(&old, &next, at(2));
        let _ = tokio::time::timeout(Duration::from_micros(round * 20), rotating).await;
        assert_eq!(
            store.add_first_user(&user("bob")).await.unwrap(),
            Inserted::AlreadyThere
        );
        let old = store.refresh_token(&old).await.unwrap().unwrap();
        let new = store.refresh_token(&next.hash).await.unwrap();
        let succeeded = old.token.state == loop_oauth::refresh::RefreshState::Succeeded;
        assert_eq!(succeeded, new.is_some(), "round {round}");
    }
}

/// One page more and the database is full, as on a disk without room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_puts_rotations_off_and_takes_them_whole_when_there_is_room() {
    let db = Db::on_sqlite();
    with_people(&db).await.close().await.unwrap();
    let options = StoreOptions::default();
    let pools = open::open(&db.path(), &options).await.unwrap();
    let file = pools.writer.clone();
    let writer = Writer::start(pools.writer).unwrap();
    let store = Arc::new(SqlStore::on_sqlite(writer, pools.readers, options));
    let mut families = Vec::new();
    for family in 0..64 {
        let first = format!("{family} 1");
        families.push(with_family(&store, &family.to_string(), &first).await);
    }
    // SQLite raises what is too little to the pages there are.
    let close = "PRAGMA max_page_count = 1";
    file.execute_unprepared(close).await.unwrap();
    let rotate = async |generation: usize| {
        let rotating = families.iter().enumerate().map(|(family, grant)| {
            let store = store.clone();
            let old = format!("{family} {generation}");
            let next = token(&format!("{family} {}", generation + 1), grant, Some(&old));
            async move { store.rotate(&hash(&old), &next, at(2)).await }
        });
        futures_util::future::join_all(rotating).await
    };
    // Until one fails for want of a page: what shared its transaction is tried alone, and some may still have found room.
    let mut generation = 1;
    let refused = loop {
        let outcomes = rotate(generation).await;
        if outcomes.iter().any(Result::is_err) {
            break outcomes;
        }
        generation += 1;
    };
    for (family, outcome) in refused.iter().enumerate() {
        let old = hash(&format!("{family} {generation}"));
        let next = hash(&format!("{family} {}", generation + 1));
        let old = store.refresh_token(&old).await.unwrap().unwrap();
        let stored = store.refresh_token(&next).await.unwrap().is_some();
        let moved = old.token.state == loop_oauth::refresh::RefreshState::Succeeded;
        assert_eq!(
            (moved, stored),
            (outcome.is_ok(), outcome.is_ok()),
            "{family}"
        );
        if let Err(error) = outcome {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        }
    }
    let room = "PRAGMA max_page_count = 1000000";
    file.execute_unprepared(room).await.unwrap();
    for outcome in rotate(generation).await {
        assert_eq!(outcome.unwrap(), Rotated::Now);
    }
}
