//! Which database the service runs on here: a SQLite file, or with `LOOP_TEST_ENGINE=postgres` (as the second
//! pass of `make test` sets it) a schema in PostgreSQL.

use std::path::Path;

use loop_oauth_store::{SqlStore, StoreOptions};
use loop_testkit::postgres::Schema;

/// An empty store, and what must outlive it. Without a PostgreSQL it says so and is SQLite all the same.
pub(super) async fn open(folder: &Path) -> (SqlStore, Option<Schema>) {
    let asked = std::env::var("LOOP_TEST_ENGINE").unwrap_or_default();
    let schema = match asked.as_str() {
        "" | "sqlite" => None,
        "postgres" => Schema::new(),
        other => panic!("LOOP_TEST_ENGINE is sqlite or postgres, not {other}"),
    };
    let store = match &schema {
        Some(schema) => at(&schema.url(), StoreOptions::default()).await,
        None => SqlStore::open(folder.join("auth.db")).await.unwrap(),
    };
    (store, schema)
}

/// A store on PostgreSQL, whatever the other tests run on.
pub(super) async fn at(url: &str, options: StoreOptions) -> SqlStore {
    SqlStore::open_postgres(&url.into(), options).await.unwrap()
}
