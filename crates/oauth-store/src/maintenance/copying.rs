//! Copies every row of a snapshot into an empty database and reads it back.
//!
//! In: a [`Source`] and a transaction on the target. Out: a [`Sum`] for each table. Never: more than a page in memory.

use std::collections::BTreeMap;

use loop_oauth::{
    maintenance::{Progress, Watch},
    store::StoreError,
};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement, Value};

use super::{
    Source,
    catalog::{self, Table},
    cell::Sum,
    pages,
};
use crate::{error::failed, migrate};

/// Makes the source's schema in the target and copies every row.
///
/// # Errors
/// [`StoreError`] when a row is not written, or is not read back as it was.
pub(super) async fn fill(
    source: &Source,
    target: &DatabaseTransaction,
    watch: &Watch<'_>,
) -> Result<BTreeMap<String, Sum>, StoreError> {
    migrate::exactly(target, &source.schema).await?;
    let there = catalog::tables(target).await?;
    // What migrations put into a new database is in the source as well, as it is by now.
    for table in there.iter().rev() {
        if catalog::count(target, &table.name).await? > 0 {
            let sql = format!("DELETE FROM {}", catalog::quoted(&table.name));
            target.execute_unprepared(&sql).await.map_err(failed)?;
        }
    }
    let mut sums = BTreeMap::new();
    for (table, rows) in &source.tables {
        let twin = twin(table, &there)?;
        let read = copy(&source.tx, table, (target, twin), *rows, watch).await?;
        let checking = watched("checking", &table.name, *rows, watch);
        let written = sum(target, twin, &checking).await?;
        if read != written || read.rows != *rows {
            return Err(StoreError::Failed(format!(
                "{}: {rows} rows are there, {} were read, {} are in the target, or they are not the same",
                table.name, read.rows, written.rows
            )));
        }
        sums.insert(table.name.clone(), read);
    }
    Ok(sums)
}

/// The same table on the other side.
fn twin<'t>(table: &Table, there: &'t [Table]) -> Result<&'t Table, StoreError> {
    let same = |other: &&Table| {
        let columns = table.columns.iter().zip(&other.columns);
        other.name == table.name
            && other.columns.len() == table.columns.len()
            && columns
                .into_iter()
                .all(|(a, b)| a.name == b.name && a.kind.fits(b.kind))
    };
    let missing = || {
        let why = "is no table that this version makes; start the server on this database once, or remove it";
        StoreError::Failed(format!("{} {why}", table.name))
    };
    there.iter().find(same).ok_or_else(missing)
}

async fn copy(
    from: &DatabaseTransaction,
    table: &Table,
    (to, twin): (&DatabaseTransaction, &Table),
    rows: u64,
    watch: &Watch<'_>,
) -> Result<Sum, StoreError> {
    let told = watched("copying", &table.name, rows, watch);
    let mut pages = pages::Pages::of(from, table);
    let mut sum = Sum::default();
    loop {
        told(sum.rows);
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            sum.add(row);
        }
        pages::insert(to, twin, page).await?;
    }
    if to.get_database_backend() == DbBackend::Postgres {
        sequences(to, twin).await?;
    }
    Ok(sum)
}

/// Lets numbers that PostgreSQL draws go on after those that were carried over.
pub(super) async fn sequences(tx: &DatabaseTransaction, table: &Table) -> Result<(), StoreError> {
    for column in &table.columns {
        let name = catalog::quoted(&table.name);
        let sql = format!(
            "SELECT setval(s, GREATEST((SELECT MAX({}) FROM {name}), 1)) \
             FROM (SELECT pg_get_serial_sequence($1, $2) AS s) AS drawn WHERE s IS NOT NULL",
            catalog::quoted(&column.name)
        );
        if matches!(column.kind, catalog::Kind::Int | catalog::Kind::BigInt) {
            let values = [Value::from(name), Value::from(column.name.clone())];
            let set = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
            tx.query_all_raw(set).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Reads a whole table.
pub(super) async fn sum(
    db: &DatabaseTransaction,
    table: &Table,
    told: &(dyn Fn(u64) + Send + Sync),
) -> Result<Sum, StoreError> {
    let mut pages = pages::Pages::of(db, table);
    let mut sum = Sum::default();
    loop {
        told(sum.rows);
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(sum);
        }
        for row in &page {
            sum.add(row);
        }
    }
}

pub(super) fn watched<'w>(
    step: &'static str,
    table: &'w str,
    of: u64,
    watch: &'w Watch<'_>,
) -> impl Fn(u64) + Send + Sync + 'w {
    move |rows| {
        watch(Progress {
            step,
            table,
            rows,
            of,
        });
    }
}
