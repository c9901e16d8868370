//! The `loop-auth` program: names the concrete store and hands over.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use loop_auth::{
    boot::{Opened, Opening},
    cli,
};
use loop_oauth_store::SqlStore;

#[actix_web::main]
async fn main() -> ExitCode {
    cli::run(&open).await
}

/// Opens the SQLite store at `path`.
fn open(path: PathBuf) -> Opening {
    Box::pin(async move {
        let store = Arc::new(SqlStore::open(&path).await?);
        let probed = Arc::clone(&store);
        let ready = move || {
            let store = Arc::clone(&probed);
            Box::pin(async move { store.ready().await }) as _
        };
        Ok(Opened::new(store, ready))
    })
}
