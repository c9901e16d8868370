//! What a backup says about itself, in a table of its own that is written last.
//!
//! In: sums of what was copied. Out: rows of [`TABLE`], or [`Manifest`]. Never: part of what is restored.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use loop_oauth::{maintenance::Taken, store::StoreError};
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{
    catalog::{ask, column},
    cell::Sum,
};
use crate::error::failed;

/// Its name; a database that has it is a backup.
pub(super) const TABLE: &str = "backup_manifest";
/// What this version writes and reads.
const FORMAT: &str = "1";

/// The checked content of [`TABLE`].
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) taken: Taken,
    /// By table.
    sums: BTreeMap<String, String>,
}

impl Manifest {
    /// # Errors
    /// `Failed` when the tables are not those that were backed up, or hold something else.
    pub(super) fn agrees(&self, found: &BTreeMap<String, Sum>) -> Result<(), StoreError> {
        let found: BTreeMap<String, String> = found
            .iter()
            .map(|(table, sum)| (table.clone(), sum.to_text()))
            .collect();
        let tables = self.sums.keys().chain(found.keys());
        let other = |table: &&String| self.sums.get(*table) != found.get(*table);
        match tables.into_iter().find(other) {
            None => Ok(()),
            Some(table) => Err(StoreError::Failed(format!(
                "{table} is not what it was when the backup was taken: the file is damaged, or something wrote to \
                 it; use another backup"
            ))),
        }
    }
}

/// # Errors
/// [`StoreError`] when the engine fails.
pub(super) async fn write(
    db: &impl ConnectionTrait,
    sums: &BTreeMap<String, Sum>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let create =
        format!("CREATE TABLE {TABLE} (name text NOT NULL PRIMARY KEY, value text NOT NULL)");
    db.execute_unprepared(&create).await.map_err(failed)?;
    let mut rows = vec![
        ("format".to_owned(), FORMAT.to_owned()),
        (
            "taken".to_owned(),
            now.to_rfc3339_opts(SecondsFormat::Secs, true),
        ),
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    for (table, sum) in sums {
        rows.push((format!("table {table}"), sum.to_text()));
    }
    for (name, value) in rows {
        let sql = format!("INSERT INTO {TABLE} (name, value) VALUES (?, ?)");
        let values = [Value::from(name), Value::from(value)];
        let insert = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        db.execute_raw(insert).await.map_err(failed)?;
    }
    Ok(())
}

/// What a SQLite file says about itself; `None` when it is no backup.
///
/// # Errors
/// `Failed` when a newer version took the backup, or the table does not read.
pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Option<Manifest>, StoreError> {
    let there = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
    if ask(db, there, [Value::from(TABLE)]).await?.is_empty() {
        return Ok(None);
    }
    let rows = ask(db, &format!("SELECT name, value FROM {TABLE}"), []).await?;
    let (names, values): (Vec<String>, Vec<String>) = (column(&rows, 0)?, column(&rows, 1)?);
    let mut all: BTreeMap<String, String> = names.into_iter().zip(values).collect();
    let mut take = |name: &str| {
        let missing = || StoreError::Failed(format!("its manifest does not say its {name}"));
        all.remove(name).ok_or_else(missing)
    };
    let format = take("format")?;
    if format != FORMAT {
        return Err(StoreError::Failed(format!(
            "a newer version took this backup (format {format}); restore it with that version"
        )));
    }
    let taken = Taken {
        at: take("taken")?,
        version: take("version")?,
    };
    let sums = all
        .into_iter()
        .filter_map(|(name, sum)| Some((name.strip_prefix("table ")?.to_owned(), sum)))
        .collect();
    Ok(Some(Manifest { taken, sums }))
}
