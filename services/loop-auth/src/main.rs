//! The `loop-auth` program: names the concrete store and hands over.

use std::{process::ExitCode, sync::Arc};

use loop_auth::{
    boot::{Opened, Opening},
    cli,
    config::Database,
};
use loop_oauth_store::{SqlMaintenance, SqlStore, StoreOptions};

#[actix_web::main]
async fn main() -> ExitCode {
    cli::run(&open, &SqlMaintenance).await
}

/// Opens the store that was configured.
fn open(database: Database) -> Opening {
    Box::pin(async move {
        let store = match database {
            Database::Sqlite(path) => SqlStore::open(path).await?,
            Database::Postgres { url, connections } => {
                let options = StoreOptions {
                    connections,
                    ..StoreOptions::default()
                };
                SqlStore::open_postgres(&url, options).await?
            }
        };
        let store = Arc::new(store);
        let probed = Arc::clone(&store);
        let ready = move || {
            let store = Arc::clone(&probed);
            Box::pin(async move { store.ready().await }) as _
        };
        let held = Arc::clone(&store);
        let close = move || Box::pin(SqlStore::close_when_alone(held)) as _;
        Ok(Opened::new(store, ready).closing(close))
    })
}
