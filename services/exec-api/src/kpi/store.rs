//! Our own history of values, so that trends survive a provider's limits and outages.
//!
//! In: measured values. Out: kept ones. One table, in SQLite or PostgreSQL; a value is replaced by a later measurement of the same
//! period. Never: an address with its password in a log or an error.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, SqlxError, SqlxPostgresConnector,
    SqlxSqliteConnector, Statement, TransactionTrait as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use super::period::Interval;
use super::provider::Measured;

const SQLITE_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS kpi_points (
    kpi TEXT NOT NULL,
    interval TEXT NOT NULL,
    start TEXT NOT NULL,
    value TEXT NOT NULL,
    complete INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    PRIMARY KEY (kpi, interval, start)
) WITHOUT ROWID, STRICT";

/// Days are text that sorts as days do, in any collation of the server.
const POSTGRES_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS kpi_points (
    kpi TEXT NOT NULL,
    interval TEXT NOT NULL,
    start TEXT COLLATE \"C\" NOT NULL,
    value TEXT NOT NULL,
    complete INTEGER NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (kpi, interval, start)
)";

const PUT: &str = "INSERT INTO kpi_points (kpi, interval, start, value, complete, fetched_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (kpi, interval, start) DO UPDATE SET
    value = excluded.value, complete = excluded.complete, fetched_at = excluded.fetched_at
    WHERE excluded.fetched_at >= kpi_points.fetched_at";

const GET: &str = "SELECT start, value, complete, fetched_at FROM kpi_points
    WHERE kpi = $1 AND interval = $2 AND start BETWEEN $3 AND $4 ORDER BY start";

/// How long a database is waited for: answers do without their history rather than wait for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a history that failed is left alone, so that one question waits for it and not each.
const REST: Duration = Duration::from_secs(10);
/// How long one of PostgreSQL's statements may take, in milliseconds.
const STATEMENT_TIMEOUT: &str = "2000";

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The file or the database cannot be opened.
    #[error("the KPI history cannot be opened: {0}")]
    Open(#[from] SqlxError),
    /// The address of the database is none.
    #[error("KPI_DATABASE_URL is not postgres://user@host/database")]
    Address,
    /// It failed a moment ago.
    #[error("the KPI history is left alone for {} seconds after a failure", REST.as_secs())]
    Resting,
    /// A statement failed.
    #[error("the KPI history failed: {0}")]
    Statement(#[from] DbErr),
}

/// Where the history is kept.
#[derive(Clone, Debug, Default)]
pub enum History {
    /// In memory: as long as the process lasts.
    #[default]
    Memory,
    /// In a `SQLite` file.
    File(PathBuf),
    /// In a `PostgreSQL` database; the address holds a password.
    Postgres(SecretString),
}

/// The history; opened when it is first used.
pub(crate) struct Store {
    place: History,
    db: OnceCell<DatabaseConnection>,
    failed: Mutex<Option<Instant>>,
}

/// A kept value and when it was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) measured: Measured,
    pub(crate) fetched_at: DateTime<Utc>,
}

impl Store {
    pub(crate) const fn new(place: History) -> Self {
        Self {
            place,
            db: OnceCell::const_new(),
            failed: Mutex::new(None),
        }
    }

    async fn db(&self) -> Result<&DatabaseConnection, StoreError> {
        self.db.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<DatabaseConnection, StoreError> {
        let (db, schema) = match &self.place {
            History::Memory => (sqlite(None).await?, SQLITE_SCHEMA),
            History::File(path) => (sqlite(Some(path)).await?, SQLITE_SCHEMA),
            History::Postgres(url) => (postgres(url).await?, POSTGRES_SCHEMA),
        };
        match db.execute_unprepared(schema).await {
            Ok(_) => Ok(db),
            // Of two replicas that make the table at once, PostgreSQL lets one fail; then it is there.
            Err(_) if matches!(self.place, History::Postgres(_)) => {
                db.execute_unprepared(schema).await?;
                Ok(db)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Does the work unless the history failed a moment ago.
    async fn unless_resting<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed().is_some_and(|at| at.elapsed() < REST) {
            return Err(StoreError::Resting);
        }
        let done = work.await;
        *failed() = done.is_err().then(Instant::now);
        done
    }

    /// Keeps values, all or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn put(
        &self,
        kpi: &str,
        interval: Interval,
        values: &[Measured],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.unless_resting(self.write(kpi, interval, values, now))
            .await
    }

    async fn write(
        &self,
        kpi: &str,
        interval: Interval,
        values: &[Measured],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let db = self.db().await?;
        let backend = db.get_database_backend();
        let tx = db.begin().await?;
        for one in values {
            let row = [
                kpi.into(),
                interval.word().into(),
                one.start.to_string().into(),
                one.value.normalize().to_string().into(),
                i32::from(one.complete).into(),
                now.timestamp().into(),
            ];
            tx.execute_raw(Statement::from_sql_and_values(backend, PUT, row))
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The values of periods that begin from one day to another, both included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn get(
        &self,
        kpi: &str,
        interval: Interval,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Kept>, StoreError> {
        self.unless_resting(self.read(kpi, interval, from, to))
            .await
    }

    async fn read(
        &self,
        kpi: &str,
        interval: Interval,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Kept>, StoreError> {
        let asked = [
            kpi.into(),
            interval.word().into(),
            from.to_string().into(),
            to.to_string().into(),
        ];
        let db = self.db().await?;
        let asked = Statement::from_sql_and_values(db.get_database_backend(), GET, asked);
        let rows = db.query_all_raw(asked).await?;
        let mut kept = Vec::new();
        for row in rows {
            let (start, value): (String, String) =
                (row.try_get("", "start")?, row.try_get("", "value")?);
            let (complete, at): (i32, i64) =
                (row.try_get("", "complete")?, row.try_get("", "fetched_at")?);
            let read = (
                start.parse().ok(),
                Decimal::from_str_exact(&value).ok(),
                DateTime::from_timestamp(at, 0),
            );
            if let (Some(start), Some(value), Some(fetched_at)) = read {
                let measured = Measured {
                    start,
                    value,
                    complete: complete != 0,
                };
                kept.push(Kept {
                    measured,
                    fetched_at,
                });
            }
        }
        Ok(kept)
    }
}

async fn sqlite(path: Option<&PathBuf>) -> Result<DatabaseConnection, StoreError> {
    let options = SqliteConnectOptions::new().busy_timeout(Duration::from_secs(5));
    let options = match path {
        Some(path) => options
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal),
        None => options.in_memory(true),
    };
    // One connection: SQLite has one writer, and in memory each connection would be its own database.
    let pool = PoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// The address in a URL; `None` when it is none. What parsing complains about could quote the URL, so it is not told.
pub(crate) fn address(url: &SecretString) -> Option<PgConnectOptions> {
    let text = url.expose_secret();
    let rooted = ["postgres://", "postgresql://"];
    if !rooted.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    text.parse().ok()
}

async fn postgres(url: &SecretString) -> Result<DatabaseConnection, StoreError> {
    let address = address(url).ok_or(StoreError::Address)?;
    let address = address
        .application_name("loop-exec-api")
        .options([("statement_timeout", STATEMENT_TIMEOUT)])
        .disable_statement_logging();
    let pool = PoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect_with(address)
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

#[cfg(test)]
mod tests {
    use loop_testkit::postgres::Schema;

    use super::*;

    fn one(start: &str, value: i64) -> Measured {
        Measured {
            start: start.parse().unwrap(),
            value: Decimal::from(value),
            complete: true,
        }
    }

    #[tokio::test]
    async fn values_outlive_the_process_and_later_measurements_replace_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        outlives(&History::File(folder.path().join("kpi.db"))).await;
    }

    #[tokio::test]
    async fn the_same_holds_on_postgresql() {
        let Some(schema) = Schema::new() else { return };
        outlives(&History::Postgres(schema.url().into())).await;
    }

    #[tokio::test]
    async fn replicas_that_begin_at_once_share_one_table() {
        let Some(schema) = Schema::new() else { return };
        let day: NaiveDate = "2026-01-01".parse().unwrap();
        let at = DateTime::from_timestamp(10, 0).unwrap();
        let replicas: Vec<_> = (0..4)
            .map(|_| Store::new(History::Postgres(schema.url().into())))
            .collect();
        let values = [one("2026-01-01", 1)];
        let puts = replicas
            .iter()
            .map(|store| store.put("mrr", Interval::Day, &values, at));
        for put in futures_util::future::join_all(puts).await {
            put.unwrap();
        }
        for store in &replicas {
            let kept = store.get("mrr", Interval::Day, day, day).await.unwrap();
            assert_eq!(kept.len(), 1);
        }
    }

    #[test]
    fn an_address_is_postgresql_or_none() {
        for (url, known) in [
            ("postgres://loop:pw@db/loop", true),
            ("postgresql://db/loop?sslmode=require", true),
            ("mysql://db/loop", false),
            ("db/loop", false),
            ("postgres://loop:pw@db:port/loop", false),
        ] {
            assert_eq!(address(&url.into()).is_some(), known, "{url}");
        }
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_an_error_without_its_password() {
        let url = "postgres://loop:hunter2@127.0.0.1:1/loop";
        let store = Store::new(History::Postgres(url.into()));
        let day = "2026-01-01".parse().unwrap();
        let error = store.get("mrr", Interval::Day, day, day).await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
        // Who asks next does not wait for it again.
        let next = store.get("mrr", Interval::Day, day, day).await;
        assert!(matches!(next, Err(StoreError::Resting)), "{next:?}");
    }

    async fn outlives(place: &History) {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let store = Store::new(place.clone());
        store
            .put(
                "mrr",
                Interval::Day,
                &[one("2026-01-01", 1), one("2026-01-02", 2)],
                at(10),
            )
            .await
            .unwrap();
        drop(store);
        let store = Store::new(place.clone());
        store
            .put(
                "mrr",
                Interval::Day,
                &[one("2026-01-02", 3), one("2026-01-03", 4)],
                at(20),
            )
            .await
            .unwrap();
        store
            .put("mrr", Interval::Day, &[one("2026-01-03", 9)], at(15))
            .await
            .unwrap();
        store
            .put("mrr", Interval::Week, &[one("2026-01-01", 7)], at(20))
            .await
            .unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let got = store
            .get("mrr", Interval::Day, day("2026-01-01"), day("2026-01-03"))
            .await
            .unwrap();
        let values: Vec<_> = got
            .iter()
            .map(|kept| (kept.measured.value.to_string(), kept.fetched_at))
            .collect();
        assert_eq!(
            values,
            [
                ("1".into(), at(10)),
                ("3".into(), at(20)),
                ("4".into(), at(20))
            ]
        );
        assert!(
            store
                .get("other", Interval::Day, day("2026-01-01"), day("2026-01-03"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}
