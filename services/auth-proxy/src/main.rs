//! The `auth-proxy` program: a supervisor, or the proxy itself with the concrete store.

use std::{process::ExitCode, sync::Arc};

use auth_proxy::{SUPERVISE, supervise};
use loop_auth::{
    boot::{Opened, Opening},
    config::Database,
};
use loop_oauth_store::{SqlStore, StoreOptions};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == SUPERVISE) {
        return supervise(arguments);
    }
    auth_proxy::main(&open)
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
