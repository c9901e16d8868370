//! A database of the first release (`tests/fixtures/first-release`), opened by today's code.

use std::{fs, path::PathBuf};

use loop_oauth::{
    client::ClientId,
    code::CodeChallenge,
    grant::GrantId,
    maintenance::{Maintenance as _, Purpose},
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::{Clients as _, Grants as _, Rotated, Sessions as _, SigningKeys as _, Users as _},
    user::Email,
};
use loop_testkit::postgres::Schema;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};

use super::{super::SqlMaintenance, file, server, transfer};
use crate::{
    SqlStore, StoreOptions, migrate,
    tests::{Db, at},
};

const LIVE: &str = "first-release-refresh-token-of-the-living-43";

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read(folder.join("../../tests/fixtures/first-release").join(name)).unwrap()
}

/// A SQLite file as the first release left it.
fn sqlite() -> Db {
    let db = Db::on_sqlite();
    fs::write(db.path(), fixture("sqlite.db")).unwrap();
    db
}

fn postgres() -> Option<Schema> {
    let schema = Schema::new()?;
    schema.run(&String::from_utf8(fixture("postgres.sql")).unwrap());
    Some(schema)
}

/// Everybody and everything is there, and the live token rotates.
async fn goes_on(store: &SqlStore) {
    let email = Email::parse("admin@example.com").unwrap();
    let admin = store.user_by_email(&email).await.unwrap().unwrap();
    let session = SecretHash::of("first-release-session-cookie");
    assert_eq!(
        store.session(&session).await.unwrap().unwrap().1.id,
        admin.id
    );
    let keys = store.signing_keys().await.unwrap();
    assert_eq!(keys[0].kid, "G-5k_unyOh13uq1ez4MYrNGLe91yZ5f1tpcwBzenx4E");
    let client = ClientId("3f0f8c1a-58a5-4f0e-9a77-2d8f4a1d7c11".to_owned());
    let client = store.client(&client).await.unwrap().unwrap();
    assert_eq!(client.name, "Claude \"desk\"");
    let code = store
        .code(&SecretHash::of("first-release-code"))
        .await
        .unwrap();
    let code = code.unwrap();
    assert!(
        matches!(code.code.challenge, CodeChallenge::S256(_)),
        "{code:?}"
    );

    let found = store
        .refresh_token(&SecretHash::of(LIVE))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.token.state, RefreshState::Live);
    let next = RefreshToken {
        hash: SecretHash::of("next"),
        grant: GrantId(found.token.grant.0),
        parent: Some(SecretHash::of(LIVE)),
        state: RefreshState::Live,
        key: None,
        expires_at: at(90 * 86_400_000),
    };
    let rotated = store
        .rotate(&SecretHash::of(LIVE), &next, at(2))
        .await
        .unwrap();
    assert_eq!(rotated, Rotated::Now);
    let parent = SecretHash::of("first-release-succeeded");
    let parent = store.refresh_token(&parent).await.unwrap().unwrap();
    assert_eq!(parent.token.state, RefreshState::Retired);
}

#[tokio::test]
async fn a_sqlite_of_the_first_release_goes_on() {
    let db = sqlite();
    goes_on(&db.open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_of_the_first_release_goes_on() {
    let Some(schema) = postgres() else { return };
    let store = SqlStore::open_postgres(&schema.url().into(), StoreOptions::default()).await;
    goes_on(&store.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_first_release_is_restored_on_either_engine_and_goes_on() {
    let db = sqlite();
    let backup = file(&db, "backup.db");
    let taken = transfer(&file(&db, "loop-auth.db"), &backup, Purpose::Backup)
        .await
        .unwrap();
    assert_eq!(taken.schema.as_deref(), Some("m20251121_000000_create"));
    transfer(&backup, &file(&db, "restored.db"), Purpose::Restore)
        .await
        .unwrap();
    goes_on(
        &SqlStore::open(db.directory.path().join("restored.db"))
            .await
            .unwrap(),
    )
    .await;
    let (Some(old), Some(new)) = (postgres(), Schema::new()) else {
        return;
    };
    let status = SqlMaintenance.status(&server(&old)).await.unwrap();
    assert_eq!(status.pending, migrate::known().len() - 1);
    transfer(&server(&old), &server(&new), Purpose::Copy)
        .await
        .unwrap();
    let store = SqlStore::open_postgres(&new.url().into(), StoreOptions::default()).await;
    goes_on(&store.unwrap()).await;
    // The old one was only read.
    assert_eq!(SqlMaintenance.status(&server(&old)).await.unwrap(), status);
}

/// A migration that has been released is never edited: databases that ran it do not run it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_migration_still_makes_the_schema_that_was_released() {
    let first = &migrate::known()[..1];
    let (released, made) = (sqlite(), Db::on_sqlite());
    fs::write(made.path(), "").unwrap();
    let raw = made.raw().await;
    let tx = raw.begin().await.unwrap();
    migrate::exactly(&tx, first).await.unwrap();
    tx.commit().await.unwrap();
    raw.close().await.unwrap();
    let schema = async |db: &Db| {
        let raw = db.raw().await;
        let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
        let asked = Statement::from_string(DbBackend::Sqlite, sql);
        let rows = raw.query_all_raw(asked).await.unwrap();
        let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0).unwrap();
        rows.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(schema(&released).await, schema(&made).await);

    let (Some(released), Some(made)) = (postgres(), Schema::new()) else {
        return;
    };
    let db = sea_orm::Database::connect(made.url()).await.unwrap();
    let tx = db.begin().await.unwrap();
    migrate::exactly(&tx, first).await.unwrap();
    tx.commit().await.unwrap();
    let facts = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns \
                 WHERE table_schema = current_schema() ORDER BY 1, 2; \
                 SELECT tablename, indexname, split_part(indexdef, ' USING ', 2) FROM pg_indexes \
                 WHERE schemaname = current_schema() ORDER BY 1, 2; \
                 SELECT conname, split_part(pg_get_constraintdef(oid), 'REFERENCES ', 1), confdeltype FROM pg_constraint \
                 WHERE connamespace = current_schema()::regnamespace AND contype = 'f' ORDER BY 1";
    assert_eq!(released.run(facts), made.run(facts));
}
