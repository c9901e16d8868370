//! What only PostgreSQL has: an address, a server that can be away, and writers that run at once.

mod outages;
mod start;

use std::time::Duration;

use loop_testkit::postgres::Schema;

use crate::{SqlStore, StoreOptions};

/// Options with which a test need not wait long for what does not come.
fn impatient() -> StoreOptions {
    StoreOptions {
        acquire_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_secs(1),
        start_patience: Duration::from_secs(2),
        ..StoreOptions::default()
    }
}

async fn open(schema: &Schema) -> SqlStore {
    let url = schema.url().into();
    SqlStore::open_postgres(&url, impatient()).await.unwrap()
}
