//! The `auth-proxy` program: a supervisor, or the proxy itself with the concrete store.

use std::{process::ExitCode, sync::Arc, time::Duration};

use auth_proxy::{SUPERVISE, supervise};
use loop_auth::{
    boot::{Opened, Opening},
    config::Database,
};
use loop_oauth::store::StoreError;
use loop_oauth_store::{SqlStore, StoreOptions};

/// How long the server's threads may take to let go of the store once they have stopped.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often that is looked at.
const GLANCE: Duration = Duration::from_millis(5);

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
        let close = {
            let store = Arc::clone(&store);
            move || Box::pin(close(store)) as _
        };
        Ok(Opened::new(store, ready).closing(close))
    })
}

/// Closes the store; SQLite folds its write-ahead log into the file.
///
/// # Errors
/// `Failed` when somebody still holds the store, or it does not close.
async fn close(mut store: Arc<SqlStore>) -> Result<(), StoreError> {
    let alone = tokio::time::timeout(PATIENCE, async {
        loop {
            match Arc::try_unwrap(store) {
                Ok(alone) => return alone,
                Err(held) => store = held,
            }
            tokio::time::sleep(GLANCE).await;
        }
    });
    let busy = |_| StoreError::Failed("it is still in use".to_owned());
    alone.await.map_err(busy)?.close().await
}
