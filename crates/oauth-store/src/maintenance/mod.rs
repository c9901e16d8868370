//! Databases as a whole: looked at, checked, backed up, restored, copied from one engine to the other.
//!
//! In: [`Place`]s. Out: [`Report`]s. Never: a list of tables. What there is to copy is asked of the source, so a
//! table that a later migration adds is copied as well.
//!
//! Everything is read in one snapshot and written in one transaction, some hundred rows at a time, then read back
//! and compared by their sums. A SQLite target has the name `….partial` until it is whole; a PostgreSQL target is
//! empty until the commit. Secrets are copied as they are stored: hashed, or sealed by a secret that is not here.

mod catalog;
mod cell;
mod copying;
mod ends;
mod manifest;
mod pages;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    maintenance::{Maintenance, Place, Purpose, Report, Watch},
    store::StoreError,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};

use crate::migrate;
use catalog::Table;
use copying::{fill, sum, watched};
use ends::Target;
use manifest::Manifest;

/// The databases that [`crate::SqlStore`] opens.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqlMaintenance;

#[async_trait]
impl Maintenance for SqlMaintenance {
    #[tracing::instrument(name = "store.transfer", skip_all, fields(?purpose, rows))]
    async fn transfer(
        &self,
        (from, to): (&Place, &Place),
        purpose: Purpose,
        now: DateTime<Utc>,
        watch: &Watch<'_>,
    ) -> Result<Report, StoreError> {
        let source = Source::open(from).await.map_err(about(from))?;
        let checked = source.before(purpose).await;
        checked.map_err(about(from))?;
        let target = Target::open(to).await.map_err(about(to))?;
        let sums = fill(&source, &target.tx, watch).await?;
        let done = async {
            if let Some(manifest) = &source.manifest {
                manifest.agrees(&sums)?;
            }
            if purpose == Purpose::Backup {
                manifest::write(&target.tx, &sums, now).await?;
            } else {
                migrate::up(&target.tx).await?;
            }
            if target.tx.get_database_backend() == DbBackend::Sqlite {
                ends::integrity(&target.tx).await?;
            }
            let report = report(&target.tx).await?;
            target.finish().await?;
            Ok(report)
        };
        let report = done.await.map_err(about(to))?;
        tracing::Span::current().record("rows", report.rows());
        Ok(report)
    }

    async fn check(&self, place: &Place, watch: &Watch<'_>) -> Result<Report, StoreError> {
        let checking = async {
            let source = Source::open(place).await?;
            source.before(Purpose::Restore).await?;
            let mut sums = BTreeMap::new();
            for (table, rows) in &source.tables {
                let watched = watched("checking", &table.name, *rows, watch);
                sums.insert(table.name.clone(), sum(&source.tx, table, &watched).await?);
            }
            if let Some(manifest) = &source.manifest {
                manifest.agrees(&sums)?;
            }
            report(&source.tx).await
        };
        checking.await.map_err(about(place))
    }

    async fn status(&self, place: &Place) -> Result<Report, StoreError> {
        let looking = async { report(&ends::source(place).await?).await };
        looking.await.map_err(about(place))
    }
}

/// Says which place an error is about.
fn about(place: &Place) -> impl Fn(StoreError) -> StoreError {
    let place = place.to_string();
    move |error| match error {
        StoreError::Failed(why) => StoreError::Failed(format!("{place}: {why}")),
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{place}: {why}")),
        StoreError::Corrupt { what } => StoreError::Corrupt { what },
    }
}

/// A snapshot, and what is in it.
struct Source {
    tx: DatabaseTransaction,
    /// The migrations that made its schema.
    schema: Vec<String>,
    /// Parents first, with their rows.
    tables: Vec<(Table, u64)>,
    manifest: Option<Manifest>,
}

impl Source {
    async fn open(place: &Place) -> Result<Self, StoreError> {
        let tx = ends::source(place).await?;
        let schema = applied(&tx).await?;
        if schema.is_empty() {
            let wrong = "there is nothing of loop-auth in it";
            return Err(StoreError::Failed(wrong.to_owned()));
        }
        migrate::refuse_unknown(&schema)?;
        let mut tables = Vec::new();
        for table in catalog::tables(&tx).await? {
            let rows = catalog::count(&tx, &table.name).await?;
            tables.push((table, rows));
        }
        let manifest = match tx.get_database_backend() {
            DbBackend::Sqlite => manifest::read(&tx).await?,
            _ => None,
        };
        Ok(Self {
            tx,
            schema,
            tables,
            manifest,
        })
    }

    /// What is checked before a target is made.
    async fn before(&self, purpose: Purpose) -> Result<(), StoreError> {
        let file = self.tx.get_database_backend() == DbBackend::Sqlite;
        if file && purpose == Purpose::Restore {
            ends::integrity(&self.tx).await?;
        }
        Ok(())
    }
}

/// The migrations of a database; none when it is empty.
async fn applied(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let names = catalog::names(db).await?;
    if !names.iter().any(|name| name == catalog::MIGRATIONS) {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT version FROM {}", catalog::MIGRATIONS);
    let mut applied: Vec<String> = catalog::column(&catalog::ask(db, &sql, []).await?, 0)?;
    applied.sort();
    Ok(applied)
}

async fn report(db: &impl ConnectionTrait) -> Result<Report, StoreError> {
    let schema = applied(db).await?;
    migrate::refuse_unknown(&schema)?;
    let mut tables = Vec::new();
    for table in catalog::tables(db).await? {
        let rows = catalog::count(db, &table.name).await?;
        tables.push((table.name, rows));
    }
    let manifest = match db.get_database_backend() {
        DbBackend::Sqlite => manifest::read(db).await?,
        _ => None,
    };
    Ok(Report {
        pending: migrate::known().len().saturating_sub(schema.len()),
        schema: schema.into_iter().next_back(),
        tables,
        backup: manifest.map(|manifest| manifest.taken),
    })
}
