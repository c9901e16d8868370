//! The proxy's own tables, in a SQLite file or beside loop-auth's in PostgreSQL: the same statements for both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseBackend, DatabaseConnection, DbErr, QueryResult,
    SqlxSqliteConnector, Statement, TransactionTrait as _, Value,
    sqlx::{
        ConnectOptions as _,
        pool::PoolOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;
use secrecy::{ExposeSecret as _, SecretString};

/// Of several replicas that start at once, one makes the tables.
const MIGRATING: &str = "SELECT pg_advisory_xact_lock(7813590466318822745)";
/// How long a call waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where tables are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file.
    File(PathBuf),
    /// In PostgreSQL, at this URL.
    Postgres(SecretString),
}

/// The database does not do its work. The text holds nothing secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DatabaseError(pub(crate) String);

/// An open database.
pub(crate) struct Database {
    db: DatabaseConnection,
}

impl Place {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// [`DatabaseError`], without the URL.
    pub(crate) async fn open<M: MigratorTrait>(&self) -> Result<Database, DatabaseError> {
        let db = match self {
            Self::File(path) => file(path).await?,
            Self::Postgres(url) => postgres(url).await?,
        };
        let tx = db.begin().await.map_err(failed)?;
        if db.get_database_backend() == DatabaseBackend::Postgres {
            tx.execute_unprepared(MIGRATING).await.map_err(failed)?;
        }
        M::up(&tx, None).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(Database { db })
    }
}

impl Database {
    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }

    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn run(&self, sql: &str, values: Vec<Value>) -> Result<u64, DatabaseError> {
        let done = self.db.execute_raw(self.statement(sql, values)).await;
        done.map(|done| done.rows_affected()).map_err(failed)
    }

    /// Runs statements, all or none.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn all(&self, work: Vec<(&str, Vec<Value>)>) -> Result<(), DatabaseError> {
        let tx = self.db.begin().await.map_err(failed)?;
        for (sql, values) in work {
            let statement = self.statement(sql, values);
            tx.execute_raw(statement).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn rows(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DatabaseError> {
        let asked = self.statement(sql, values);
        self.db.query_all_raw(asked).await.map_err(failed)
    }
}

/// A file, made readable for its owner alone if need be.
async fn file(path: &Path) -> Result<DatabaseConnection, DatabaseError> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let failed = |error: std::io::Error| DatabaseError(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // What was deleted is gone from the file too.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    let pool = PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| DatabaseError(format!("{}: {error}", path.display())))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn postgres(url: &SecretString) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = ConnectOptions::new(url.expose_secret());
    options
        .max_connections(8)
        .sqlx_logging(false)
        .connect_timeout(PATIENCE)
        .acquire_timeout(PATIENCE);
    // What cannot be reached could be quoted with its password.
    let unreached = |_| DatabaseError("the database cannot be reached".to_owned());
    sea_orm::Database::connect(options).await.map_err(unreached)
}

/// What the database said.
#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands the error over"
)]
pub(crate) fn failed(error: DbErr) -> DatabaseError {
    DatabaseError(error.to_string())
}

/// A text as a parameter.
pub(crate) fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}
