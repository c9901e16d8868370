//! Which tables a database has, asked of the database itself: what is copied cannot be forgotten in a list.
//!
//! In: a connection. Out: tables with columns and keys, parents before children. Never: a row.

use std::collections::BTreeSet;

use loop_oauth::store::StoreError;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use super::manifest;
use crate::error::failed;

/// Which migrations ran; it is made by migrating, not by copying.
pub(super) const MIGRATIONS: &str = "seaql_migrations";

/// A table of one's own, not of the engine's.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// In the order of their names.
    pub(super) columns: Vec<Column>,
    /// The primary key, as places in `columns`.
    pub(super) key: Vec<usize>,
    /// Tables that its rows hang on.
    parents: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds, on either engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// 32 bits.
    Int,
    /// 64 bits.
    BigInt,
    Bool,
    Bytes,
}

impl Kind {
    fn parse(declared: &str, backend: DbBackend) -> Option<Self> {
        let declared = declared.to_ascii_lowercase();
        let name = declared.split('(').next().unwrap_or_default().trim();
        Some(match (name, backend) {
            ("text" | "varchar" | "character varying", _) => Self::Text,
            ("bigint", _) | ("integer", DbBackend::Sqlite) => Self::BigInt,
            ("integer", _) => Self::Int,
            ("boolean", _) => Self::Bool,
            ("blob" | "bytea", _) => Self::Bytes,
            _ => return None,
        })
    }

    /// Whether values of one engine's column fit the other's.
    pub(super) fn fits(self, other: Self) -> bool {
        let whole = |kind| matches!(kind, Self::Int | Self::BigInt);
        self == other || whole(self) && whole(other)
    }
}

/// Names of all tables but the engine's and the backup's own.
///
/// # Errors
/// [`StoreError`] when the engine fails.
pub(super) async fn names(db: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
        _ => {
            r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'"
        }
    };
    let mut names: Vec<String> = column(&ask(db, sql, []).await?, 0)?;
    names.retain(|name| name != manifest::TABLE);
    names.sort();
    Ok(names)
}

/// All tables that hold something of ours, parents before children.
///
/// # Errors
/// `Failed` names what cannot be copied: a table without a primary key, a column of a type that only one engine
/// has, tables that hang on each other in a circle.
pub(super) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<Table>, StoreError> {
    let mut tables = Vec::new();
    for name in names(db).await? {
        if name != MIGRATIONS {
            tables.push(table(db, name).await?);
        }
    }
    parents_first(tables)
}

async fn table(db: &impl ConnectionTrait, name: String) -> Result<Table, StoreError> {
    let backend = db.get_database_backend();
    let [columns, keys, parents] = match backend {
        DbBackend::Postgres => [
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1",
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) \
             WHERE i.indrelid = to_regclass(quote_ident($1)) AND i.indisprimary \
             ORDER BY array_position(i.indkey::int2[], a.attnum)",
            "SELECT p.relname::text FROM pg_constraint c JOIN pg_class p ON p.oid = c.confrelid \
             WHERE c.contype = 'f' AND c.conrelid = to_regclass(quote_ident($1))",
        ],
        _ => [
            "SELECT name, type FROM pragma_table_info(?)",
            "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk",
            r#"SELECT "table" FROM pragma_foreign_key_list(?)"#,
        ],
    };
    let of = || [Value::from(name.clone())];
    let found = ask(db, columns, of()).await?;
    let (names, types): (Vec<String>, Vec<String>) = (column(&found, 0)?, column(&found, 1)?);
    let mut columns = Vec::new();
    for (column, declared) in names.into_iter().zip(types) {
        let Some(kind) = Kind::parse(&declared, backend) else {
            let wrong = format!("{name}.{column} is of type {declared}, which is not copied yet");
            return Err(StoreError::Failed(wrong));
        };
        columns.push(Column { name: column, kind });
    }
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    let keys: Vec<String> = column(&ask(db, keys, of()).await?, 0)?;
    let place = |key: &String| columns.iter().position(|column| column.name == *key);
    let key: Vec<usize> = keys.iter().filter_map(place).collect();
    if key.is_empty() {
        let wrong = format!("{name} has no primary key, by which it could be read in steps");
        return Err(StoreError::Failed(wrong));
    }
    let parents: Vec<String> = column(&ask(db, parents, of()).await?, 0)?;
    Ok(Table {
        name,
        columns,
        key,
        parents: parents.into_iter().collect(),
    })
}

fn parents_first(mut left: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let there: BTreeSet<String> = ordered.iter().map(|table| table.name.clone()).collect();
        let ready = |table: &Table| table.parents.is_subset(&there);
        let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(ready);
        if now.is_empty() {
            let names: Vec<_> = later.iter().map(|table| table.name.as_str()).collect();
            let wrong = format!(
                "{} hang on each other or on what is not there",
                names.join(", ")
            );
            return Err(StoreError::Failed(wrong));
        }
        ordered.extend(now);
        left = later;
    }
    Ok(ordered)
}

/// Rows of a table.
///
/// # Errors
/// [`StoreError`] when the engine fails.
pub(super) async fn count(db: &impl ConnectionTrait, table: &str) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {}", quoted(table));
    let counted: Vec<i64> = column(&ask(db, &sql, []).await?, 0)?;
    let counted = counted.first().copied().unwrap_or_default();
    Ok(counted.unsigned_abs())
}

/// A name as both engines take it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) async fn ask<const N: usize>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, StoreError> {
    let asked = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_all_raw(asked).await.map_err(failed)
}

/// One column of an answer.
pub(super) fn column<T: sea_orm::TryGetable>(
    rows: &[QueryResult],
    index: usize,
) -> Result<Vec<T>, StoreError> {
    let read = |row: &QueryResult| row.try_get_by_index(index).map_err(failed);
    rows.iter().map(read).collect()
}
