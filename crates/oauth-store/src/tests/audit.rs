//! The audit log: one chain for all who write, that cannot be changed unseen.

use std::sync::Arc;

use loop_oauth::store::{AuditFilter, AuditLog as _};
use loop_shared::audit::{Entry, Head, Outcome, Record, verify};

use tokio::task::JoinSet;

use super::{Db, at};
use crate::SqlStore;

fn entry(number: i64) -> Entry {
    let events = ["login", "granted", "login_failed"];
    let event = events[usize::try_from(number % 3).unwrap()];
    Entry::new(at(number * 1_000), event, Outcome::Done)
        .actor(format!("user:{}", number % 4))
        .subject(format!("user:{}", number % 5))
        .client(format!("client {}", number % 2))
        .address(Some("192.0.2.7".parse().unwrap()))
        .with("number", number)
        .with("text", "김 \"quoted\" \\ …")
}

pub(super) async fn call_everything(store: &SqlStore) {
    store
        .append_audit((0..4).map(entry).collect())
        .await
        .unwrap();
    store.audit_head().await.unwrap();
    store.audit_after(1, 2).await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    for (event, who, client) in [
        (None, None, None),
        (some("login"), None, None),
        (None, some("user:1"), None),
        (None, None, some("client 1")),
    ] {
        let filter = AuditFilter {
            event,
            who,
            client,
            from: Some(at(1)),
            to: Some(at(9_000)),
        };
        store.audit_page(&filter, Some(4), 3).await.unwrap();
    }
}

async fn all(store: &SqlStore) -> Vec<Record> {
    store.audit_after(0, 10_000).await.unwrap()
}

#[tokio::test]
async fn records_come_back_as_they_went_in_and_the_chain_is_whole() {
    let db = Db::new();
    let store = db.open().await;
    assert_eq!(store.audit_head().await.unwrap(), Head::GENESIS);
    let bare = Entry::new(at(0), "bare", Outcome::Failed);
    let first = store.append_audit(vec![bare.clone()]).await.unwrap();
    let head = store
        .append_audit((1..6).map(entry).collect())
        .await
        .unwrap();
    assert_eq!((first.seq, head.seq), (1, 6));
    assert_eq!(store.append_audit(Vec::new()).await.unwrap(), head);
    store.close().await.unwrap();
    let store = db.open().await;
    let records = all(&store).await;
    assert_eq!(records[0].entry, bare);
    assert_eq!(records[3].entry, entry(3));
    assert_eq!(verify(&records, Some(first)), Ok(head));
    assert_eq!(store.audit_head().await.unwrap(), head);
    assert_eq!(store.audit_after(4, 1).await.unwrap(), records[4..5]);
}

#[tokio::test]
async fn replicas_that_write_at_once_write_one_chain() {
    let db = Db::new();
    let stores = [db.open().await, db.open().await, db.open().await].map(Arc::new);
    let mut writing = JoinSet::new();
    for number in 0..60 {
        let store = Arc::clone(&stores[usize::try_from(number % 3).unwrap()]);
        writing.spawn(async move {
            let both = vec![entry(number), entry(number + 100)];
            store.append_audit(both).await.unwrap()
        });
    }
    let heads = writing.join_all().await;
    let last = heads.iter().max_by_key(|head| head.seq).copied().unwrap();
    let records = all(&stores[0]).await;
    assert_eq!(records.len(), 120);
    for head in heads {
        assert_eq!(verify(&records, Some(head)), Ok(last));
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_delete_a_record() {
    let db = Db::new();
    let store = db.open().await;
    store.append_audit(vec![entry(1), entry(2)]).await.unwrap();
    let raw = db.raw().await;
    let mut attempts = vec![
        "UPDATE audit_records SET actor = 'nobody'",
        "UPDATE audit_records SET seq = 7 WHERE seq = 2",
        "DELETE FROM audit_records",
    ];
    if db.schema.is_some() {
        attempts.push("TRUNCATE audit_records");
    }
    for sql in attempts {
        let refused = sea_orm::ConnectionTrait::execute_unprepared(&raw, sql).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("only added"), "{sql}: {text}");
    }
    assert_eq!(all(&store).await.len(), 2);
}

/// Who can take the triggers away can change anything, and is found.
#[tokio::test]
async fn every_changed_column_of_any_record_is_found() {
    let db = Db::new();
    let store = db.open().await;
    let head = store
        .append_audit((0..5).map(entry).collect())
        .await
        .unwrap();
    if db.schema.is_none() {
        db.run("DROP TRIGGER audit_records_stay").await;
        db.run("DROP TRIGGER audit_records_are_kept").await;
    }
    let whole = all(&store).await;
    for (column, value) in [
        ("at", "at + 1"),
        ("event", "'other'"),
        ("outcome", "'failed'"),
        ("actor", "'user:9'"),
        ("actor", "NULL"),
        ("subject", "subject || 'x'"),
        ("client", "''"),
        ("address", "'192.0.2.8'"),
        ("details", "'{}'"),
        ("prev", "hash"),
        ("hash", "prev"),
    ] {
        for seq in 1..=5 {
            let before =
                format!("CREATE TABLE kept AS SELECT * FROM audit_records WHERE seq = {seq}");
            db.run(&before).await;
            db.run(&format!(
                "UPDATE audit_records SET {column} = {value} WHERE seq = {seq}"
            ))
            .await;
            let broken = verify(&all(&store).await, Some(head)).unwrap_err();
            assert_eq!(broken.seq, seq, "{column} = {value}: {broken}");
            db.run(&format!("DELETE FROM audit_records WHERE seq = {seq}"))
                .await;
            let broken = verify(&all(&store).await, Some(head)).unwrap_err();
            assert_eq!(broken.seq, seq, "deleted: {broken}");
            db.run("INSERT INTO audit_records SELECT * FROM kept").await;
            db.run("DROP TABLE kept").await;
        }
    }
    assert_eq!(all(&store).await, whole);
}

fn filters() -> Vec<AuditFilter> {
    let some = |text: &str| Some(text.to_owned());
    vec![
        AuditFilter::default(),
        AuditFilter {
            event: some("login"),
            ..AuditFilter::default()
        },
        AuditFilter {
            who: some("user:3"),
            ..AuditFilter::default()
        },
        AuditFilter {
            who: some("user:4"),
            event: some("granted"),
            ..AuditFilter::default()
        },
        AuditFilter {
            client: some("client 1"),
            ..AuditFilter::default()
        },
        AuditFilter {
            from: Some(at(30_000)),
            to: Some(at(90_000)),
            ..AuditFilter::default()
        },
        AuditFilter {
            who: some("user:1"),
            from: Some(at(119_000)),
            ..AuditFilter::default()
        },
        AuditFilter {
            to: Some(at(-900_000)),
            ..AuditFilter::default()
        },
        AuditFilter {
            from: Some(at(900_000)),
            ..AuditFilter::default()
        },
        AuditFilter {
            who: some("nobody\0"),
            ..AuditFilter::default()
        },
    ]
}

#[tokio::test]
async fn a_page_has_what_was_asked_for_the_latest_first() {
    let db = Db::new();
    let store = db.open().await;
    store
        .append_audit((0..120).map(entry).collect())
        .await
        .unwrap();
    let records = all(&store).await;
    for filter in filters() {
        let expected: Vec<_> = records
            .iter()
            .rev()
            .filter(|r| filter.has(r))
            .cloned()
            .collect();
        let (mut got, mut before) = (Vec::new(), None);
        loop {
            let page = store.audit_page(&filter, before, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            got.extend(page);
        }
        assert_eq!(got, expected, "{filter:?}");
    }
}
