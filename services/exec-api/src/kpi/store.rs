//! Our own history of values, so that trends survive a provider's limits and outages.
//!
//! In: measured values. Out: kept ones. One SQLite table; a value is replaced by a later measurement of the same period.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, SqlxError, SqlxSqliteConnector,
    Statement, TransactionTrait as _,
};
use tokio::sync::OnceCell;

use super::period::Interval;
use super::provider::Measured;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS kpi_points (
    kpi TEXT NOT NULL,
    interval TEXT NOT NULL,
    start TEXT NOT NULL,
    value TEXT NOT NULL,
    complete INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    PRIMARY KEY (kpi, interval, start)
) WITHOUT ROWID, STRICT";

const PUT: &str = "INSERT INTO kpi_points (kpi, interval, start, value, complete, fetched_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (kpi, interval, start) DO UPDATE SET
    value = excluded.value, complete = excluded.complete, fetched_at = excluded.fetched_at
    WHERE excluded.fetched_at >= kpi_points.fetched_at";

const GET: &str = "SELECT start, value, complete, fetched_at FROM kpi_points
    WHERE kpi = ? AND interval = ? AND start BETWEEN ? AND ? ORDER BY start";

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The file cannot be opened.
    #[error("the KPI history cannot be opened: {0}")]
    Open(#[from] SqlxError),
    /// A statement failed.
    #[error("the KPI history failed: {0}")]
    Statement(#[from] DbErr),
}

/// The history; opened when it is first used.
pub(crate) struct Store {
    /// The file; `None` keeps it in memory.
    path: Option<PathBuf>,
    db: OnceCell<DatabaseConnection>,
}

/// A kept value and when it was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) measured: Measured,
    pub(crate) fetched_at: DateTime<Utc>,
}

impl Store {
    pub(crate) const fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            db: OnceCell::const_new(),
        }
    }

    async fn db(&self) -> Result<&DatabaseConnection, StoreError> {
        self.db.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<DatabaseConnection, StoreError> {
        let options = SqliteConnectOptions::new().busy_timeout(Duration::from_secs(5));
        let options = match &self.path {
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
        let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        db.execute_unprepared(SCHEMA).await?;
        Ok(db)
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
        let tx = self.db().await?.begin().await?;
        for one in values {
            let row = [
                kpi.into(),
                interval.word().into(),
                one.start.to_string().into(),
                one.value.normalize().to_string().into(),
                i32::from(one.complete).into(),
                now.timestamp().into(),
            ];
            tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, PUT, row))
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
        let asked = [
            kpi.into(),
            interval.word().into(),
            from.to_string().into(),
            to.to_string().into(),
        ];
        let asked = Statement::from_sql_and_values(DbBackend::Sqlite, GET, asked);
        let rows = self.db().await?.query_all_raw(asked).await?;
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

#[cfg(test)]
mod tests {
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
        let path = folder.path().join("kpi.db");
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let store = Store::new(Some(path.clone()));
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
        let store = Store::new(Some(path));
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
