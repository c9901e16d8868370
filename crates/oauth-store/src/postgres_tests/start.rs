//! The address, the first moments, and databases that are not for this version.

use std::sync::Arc;

use loop_oauth::store::{Inserted, SigningKeys as _, StoreError};
use loop_testkit::postgres::Schema;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::{impatient, open};
use crate::{SqlStore, tests::key};

/// Why it was not opened.
async fn refusal(url: &str) -> String {
    match SqlStore::open_postgres(&url.into(), impatient()).await {
        Err(StoreError::Failed(text) | StoreError::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_stores_open_an_empty_database_at_once() {
    for _ in 0..3 {
        let Some(schema) = Schema::new() else { return };
        let schema = Arc::new(schema);
        let opening: Vec<_> = (0..8)
            .map(|n| {
                let schema = schema.clone();
                tokio::spawn(async move {
                    let url = schema.url().into();
                    let store = SqlStore::open_postgres(&url, crate::StoreOptions::default());
                    let key = key(&format!("key {n}"));
                    store.await.unwrap().add_first_key(&key).await.unwrap()
                })
            })
            .collect();
        let mut first = 0;
        for opened in opening {
            first += usize::from(opened.await.unwrap() == Inserted::Now);
        }
        assert_eq!(first, 1);
        assert_eq!(schema.run("SELECT count(*) FROM signing_keys"), "1");
    }
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let Some(schema) = Schema::new() else { return };
    let url = schema.url();
    let wrong = url.replacen(schema.password(), "s3cr3t-but-wrong", 1);
    let nowhere = schema.url_at("127.0.0.1", 1);
    let (head, tail) = url.rsplit_once("/postgres").unwrap();
    for (bad, says) in [
        (wrong.as_str(), "password authentication failed"),
        (nowhere.as_str(), "127.0.0.1:1"),
        (&format!("{head}/nothing{tail}"), "does not exist"),
        (
            &url.replacen("postgres://", "postgres:/", 1),
            "DATABASE_URL",
        ),
        (&format!("{url}&sslmode=s3cr3t"), "DATABASE_URL"),
    ] {
        let text = refusal(bad).await;
        assert!(text.contains(says), "{text}");
        for secret in [schema.password(), "s3cr3t"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_not_touched() {
    let Some(schema) = Schema::new() else { return };
    open(&schema).await.close().await.unwrap();
    schema.run("INSERT INTO seaql_migrations VALUES ('m29990101_000000_later', 0)");
    let text = refusal(&schema.url()).await;
    for part in ["newer version", "m29990101_000000_later"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_still_starting_is_waited_for() {
    let Some(schema) = Schema::new() else { return };
    let proxy = schema.proxy();
    proxy.cut();
    let url = schema.url_at("127.0.0.1", proxy.port()).into();
    let options = crate::StoreOptions::default();
    let opening = tokio::spawn(async move { SqlStore::open_postgres(&url, options).await });
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(!opening.is_finished(), "it gave up at once");
    proxy.mend();
    opening.await.unwrap().unwrap();
}

#[tokio::test]
async fn whatever_the_servers_defaults_a_connection_has_limits_and_reads_what_is_committed() {
    let Some(schema) = Schema::new() else { return };
    let store = open(&schema).await;
    for (name, value) in [
        ("statement_timeout", "1s"),
        ("lock_timeout", "800ms"),
        ("idle_in_transaction_session_timeout", "3s"),
        ("transaction_isolation", "read committed"),
        ("application_name", "loop-auth"),
    ] {
        let sql = format!("SELECT current_setting('{name}')");
        let asked = Statement::from_string(DbBackend::Postgres, sql);
        let row = store.readers().query_one_raw(asked).await.unwrap().unwrap();
        let set: String = row.try_get_by_index(0).unwrap();
        assert_eq!(set, value, "{name}");
    }
}
