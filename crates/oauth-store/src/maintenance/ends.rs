//! The two ends of a copy: a snapshot to read from, and an empty database that is not there until it is whole.
//!
//! In: [`Place`]s. Out: transactions. Never: writes to a source, or over a target.

use std::path::Path;

use loop_oauth::{maintenance::Place, store::StoreError};
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, IsolationLevel,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionTrait as _,
    sqlx::{
        ConnectOptions as _, Connection as _, Executor as _,
        pool::PoolOptions,
        postgres::PgConnection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::catalog;
use crate::{
    error::failed,
    file::Partial,
    postgres::{MIGRATING, address},
};

/// What a connection to PostgreSQL starts with: a copy takes its time, a lock does not.
const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                       SET lock_timeout = '30s'; SET client_min_messages = warning";
/// How long a connection to a server, or to a file that another process is writing to, is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

fn sqlx_failed(error: sea_orm::SqlxError) -> StoreError {
    failed(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(
        std::sync::Arc::new(error),
    )))
}

/// Opens a snapshot: what is committed later is not in it.
///
/// # Errors
/// `Failed` or `Unavailable` says why it cannot be read.
pub(super) async fn source(place: &Place) -> Result<DatabaseTransaction, StoreError> {
    match place {
        Place::Sqlite(path) => {
            if !path.is_file() {
                return Err(StoreError::Failed("there is no such file".to_owned()));
            }
            let options = SqliteConnectOptions::new()
                .filename(path)
                .read_only(true)
                .busy_timeout(PATIENCE)
                .disable_statement_logging();
            let db = sqlite(options).await?;
            let snapshot = db.begin().await.map_err(failed)?;
            // It begins with the first look.
            catalog::names(&snapshot).await?;
            Ok(snapshot)
        }
        Place::Postgres(_) => {
            let db = postgres(place).await?;
            let (level, mode) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
            let begun = db.begin_with_config(Some(level), Some(mode));
            let snapshot = begun.await.map_err(failed)?;
            catalog::names(&snapshot).await?;
            Ok(snapshot)
        }
    }
}

async fn sqlite(options: SqliteConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let pool = PoolOptions::new().max_connections(1);
    let pool = pool.acquire_timeout(PATIENCE).connect_with(options).await;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(
        pool.map_err(sqlx_failed)?,
    ))
}

async fn postgres(place: &Place) -> Result<DatabaseConnection, StoreError> {
    let Place::Postgres(url) = place else {
        return Err(StoreError::Failed("it is no PostgreSQL".to_owned()));
    };
    let address = address(url)?
        .application_name("loop-auth db")
        .disable_statement_logging();
    // A pool would only say that it waited in vain.
    let reached = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&address)).await;
    let reached = reached.unwrap_or(Err(sea_orm::SqlxError::PoolTimedOut));
    let _ = reached.map_err(sqlx_failed)?.close().await;
    let pool = PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection: &mut PgConnection, _| {
            Box::pin(async move { connection.execute(SESSION).await.map(drop) })
        })
        .connect_with(address)
        .await;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(
        pool.map_err(sqlx_failed)?,
    ))
}

/// Where everything is written, in one transaction.
pub(super) struct Target {
    pub(super) tx: DatabaseTransaction,
    db: DatabaseConnection,
    file: Option<Partial>,
}

impl Target {
    /// Opens a database in which nothing is.
    ///
    /// # Errors
    /// `Failed` says what is there already.
    pub(super) async fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Sqlite(path) => Self::file(path).await,
            Place::Postgres(_) => {
                let db = postgres(place).await?;
                let tx = db.begin().await.map_err(failed)?;
                // A server that starts meanwhile waits, and then finds everything.
                let turn = format!("SELECT pg_advisory_xact_lock({MIGRATING})");
                tx.execute_unprepared(&turn).await.map_err(failed)?;
                let there = catalog::names(&tx).await?;
                if let Some(table) = there.first() {
                    return Err(StoreError::Failed(format!(
                        "it is not empty ({} tables, {table} among them); nothing is written over: name another \
                         database or schema, or drop what is in it yourself",
                        there.len()
                    )));
                }
                Ok(Self { tx, db, file: None })
            }
        }
    }

    async fn file(path: &Path) -> Result<Self, StoreError> {
        let said = |error: std::io::Error| StoreError::Failed(error.to_string());
        let file = Partial::claim(path).map_err(said)?;
        // Until it is whole nobody relies on it, so it needs no journal.
        let options = SqliteConnectOptions::new()
            .filename(file.path())
            .create_if_missing(false)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-65536")
            .disable_statement_logging();
        let db = sqlite(options).await?;
        let tx = db.begin().await.map_err(failed)?;
        let file = Some(file);
        Ok(Self { tx, db, file })
    }

    /// Makes it visible, on the disk.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be committed, or when somebody made a file of this name meanwhile.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.tx.commit().await.map_err(failed)?;
        if self.file.is_none() {
            // Without figures the planner would guess for a while.
            self.db
                .execute_unprepared("ANALYZE")
                .await
                .map_err(failed)?;
        }
        self.db.close().await.map_err(failed)?;
        let said = |error: std::io::Error| StoreError::Failed(error.to_string());
        self.file.map_or(Ok(()), Partial::publish).map_err(said)
    }
}

/// SQLite's own check of a file.
///
/// # Errors
/// `Failed` with what it found first.
pub(super) async fn integrity(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    let found = catalog::ask(tx, "PRAGMA integrity_check(1)", []).await?;
    let found: Vec<String> = catalog::column(&found, 0)?;
    match found.first().map(String::as_str) {
        Some("ok") => {}
        other => {
            let what = other.unwrap_or("no answer");
            return Err(StoreError::Failed(format!("the file is damaged: {what}")));
        }
    }
    let orphans = catalog::ask(tx, "PRAGMA foreign_key_check", []).await?;
    let orphans: Vec<String> = catalog::column(&orphans, 0)?;
    match orphans.first() {
        None => Ok(()),
        Some(table) => Err(StoreError::Failed(format!(
            "the file is damaged: {} rows, the first in {table}, hang on rows that are not there",
            orphans.len()
        ))),
    }
}
