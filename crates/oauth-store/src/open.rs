//! Opens a SQLite database: file, pragmas, pools, migrations.
//!
//! In: a path and [`StoreOptions`]. Out: a connection for writing and some for reading, on the current schema.
//! Never: opens a database that a newer version wrote.

use std::path::Path;

use loop_oauth::store::StoreError;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, SqlxError, SqlxSqliteConnector, Statement,
    sqlx::{
        ConnectOptions as _, Connection as _,
        pool::PoolOptions,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

use crate::{error::failed, file, migrate, store::StoreOptions, writer};

/// What the write-ahead log is cut back to after a burst, in bytes.
const WAL_LIMIT: &str = "67108864";
/// Kibibytes of pages, negative as SQLite wants it, that a connection keeps: what lies above the leaves. The system keeps the rest.
const PAGES: &str = "-512";
/// Statements that each connection keeps prepared, some ten kibibytes each. What every request asks is among them; lists of
/// different lengths are different statements, and would fill any room in time.
const STATEMENTS: usize = 40;

/// The two ways into one database.
pub(crate) struct Pools {
    /// One connection: SQLite has one writer.
    pub(crate) writer: DatabaseConnection,
    /// A bounded number of connections that cannot write.
    pub(crate) readers: DatabaseConnection,
}

/// Opens, creates and migrates as needed. Several processes may do so at once.
///
/// # Errors
/// `Failed` says which file and why.
#[tracing::instrument(name = "store.open", skip_all)]
pub(crate) async fn open(path: &Path, options: &StoreOptions) -> Result<Pools, StoreError> {
    let patience = options.busy_timeout * writer::BUSY_ATTEMPTS;
    let file = path.to_owned();
    let prepared = tokio::task::spawn_blocking(move || file::prepare(&file, patience))
        .await
        .map_err(|error| about(path, error))?
        .map_err(|error| about(path, error))?;
    let pools = connect(path, options)
        .await
        .map_err(|error| about(path, error))?;
    require_wal(&pools.writer)
        .await
        .map_err(|error| about(path, error))?;
    migrate(&pools.writer)
        .await
        .map_err(|error| about(path, error))?;
    drop(prepared);
    Ok(pools)
}

fn about(path: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("database {}: {error}", path.display()))
}

async fn connect(path: &Path, options: &StoreOptions) -> Result<Pools, SqlxError> {
    let common = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .pragma("cache_size", PAGES)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let writing = common
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", WAL_LIMIT)
        // What a savepoint could take back lies in memory; otherwise every page of it is written to a file first.
        .pragma("temp_store", "MEMORY");
    let reading = common.pragma("query_only", "ON");

    let pool = PoolOptions::new()
        .acquire_timeout(options.busy_timeout * writer::BUSY_ATTEMPTS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None);
    let writer = pool
        .clone()
        .max_connections(1)
        .before_acquire(|connection, _| Box::pin(is_outside(connection)))
        .connect_with(writing)
        .await?;
    let readers = pool
        .max_connections(options.readers.max(1))
        .connect_with(reading)
        .await?;
    Ok(Pools {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
    })
}

/// Whether a connection is in no transaction; another takes its place otherwise.
///
/// When a disk is full, SQLite takes the whole transaction back by itself. The driver then counts one that is over, would nest
/// the next in it, and would call a savepoint's release a commit: answered, and gone with the process.
async fn is_outside(connection: &mut SqliteConnection) -> Result<bool, SqlxError> {
    if connection.is_in_transaction() {
        connection.ping().await?; // a rollback may be on its way
    }
    Ok(!connection.is_in_transaction())
}

/// Where a write-ahead log cannot be shared (a network file system), SQLite silently keeps another journal.
async fn require_wal(db: &DatabaseConnection) -> Result<(), StoreError> {
    let asked = Statement::from_string(db.get_database_backend(), "PRAGMA journal_mode");
    let answer = db.query_one_raw(asked).await.map_err(failed)?;
    let mode: Option<String> = answer
        .map(|row| row.try_get_by_index(0))
        .transpose()
        .map_err(failed)?;
    match mode.as_deref() {
        Some("wal") => Ok(()),
        _ => Err(StoreError::Failed(
            "no write-ahead log is possible here; put it on a local disk".to_owned(),
        )),
    }
}

async fn migrate(db: &DatabaseConnection) -> Result<(), StoreError> {
    let tx = writer::begin(db).await?;
    migrate::up(&tx).await?;
    tx.commit().await.map_err(failed)
}
