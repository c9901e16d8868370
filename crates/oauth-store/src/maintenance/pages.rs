//! A table, read and written some hundred rows at a time.
//!
//! In: a table and a connection. Out: pages in the order of the primary key; multi-row inserts. Never: more than a
//! page in memory.

use std::fmt::Write as _;

use loop_oauth::store::StoreError;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::{
    catalog::{Table, quoted},
    cell::{self, Cell},
};
use crate::error::failed;

/// Rows of a page.
pub(super) const PAGE: usize = 500;
/// Parameters of a statement: SQLite takes 32,766, PostgreSQL 65,535.
const PARAMETERS: usize = 32_000;

/// Reads a table from its first to its last row.
pub(super) struct Pages<'a, C> {
    db: &'a C,
    table: &'a Table,
    after: Option<Vec<Cell>>,
    ended: bool,
}

impl<'a, C: ConnectionTrait> Pages<'a, C> {
    pub(super) fn of(db: &'a C, table: &'a Table) -> Self {
        Self {
            db,
            table,
            after: None,
            ended: false,
        }
    }

    /// The next rows; empty at the end.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails or a column holds another type than it says.
    pub(super) async fn next(&mut self) -> Result<Vec<Vec<Cell>>, StoreError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let backend = self.db.get_database_backend();
        let (table, keys) = (self.table, &self.table.key);
        let names = |indexes: &mut dyn Iterator<Item = usize>| {
            let names = indexes.map(|index| quoted(&table.columns[index].name));
            names.collect::<Vec<_>>().join(", ")
        };
        let key = names(&mut keys.iter().copied());
        let mut sql = format!(
            "SELECT {} FROM {}",
            names(&mut (0..table.columns.len())),
            quoted(&table.name)
        );
        let mut values = Vec::new();
        if let Some(after) = self.after.take() {
            let marks = marks(backend, 1, keys.len());
            let _ = write!(sql, " WHERE ({key}) > {marks}");
            let kinds = keys.iter().map(|index| table.columns[*index].kind);
            values.extend(after.into_iter().zip(kinds).map(|(c, k)| c.into_value(k)));
        }
        let _ = write!(sql, " ORDER BY {key} LIMIT {PAGE}");
        let asked = Statement::from_sql_and_values(backend, sql, values);
        let rows = self.db.query_all_raw(asked).await.map_err(failed)?;
        let page: Vec<Vec<Cell>> = rows
            .iter()
            .map(|row| cell::read(row, table))
            .collect::<Result<_, _>>()?;
        self.ended = page.len() < PAGE;
        self.after = page
            .last()
            .map(|row| keys.iter().map(|index| row[*index].clone()).collect());
        Ok(page)
    }
}

/// Writes rows whose cells are in the order of `table`'s columns.
///
/// # Errors
/// [`StoreError`] when the engine refuses one.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    table: &Table,
    rows: Vec<Vec<Cell>>,
) -> Result<(), StoreError> {
    let backend = db.get_database_backend();
    let columns: Vec<_> = table.columns.iter().map(|it| quoted(&it.name)).collect();
    let width = columns.len().max(1);
    // Numbers that the engine would draw itself are carried over as well.
    let given = match backend {
        DbBackend::Postgres => " OVERRIDING SYSTEM VALUE",
        _ => "",
    };
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut values: Vec<Value> = Vec::new();
        let mut tuples: Vec<String> = Vec::new();
        for row in rows.by_ref().take((PARAMETERS / width).min(PAGE)) {
            tuples.push(marks(backend, values.len() + 1, width));
            let kinds = table.columns.iter().map(|column| column.kind);
            values.extend(row.into_iter().zip(kinds).map(|(c, k)| c.into_value(k)));
        }
        let sql = format!(
            "INSERT INTO {} ({}){given} VALUES {}",
            quoted(&table.name),
            columns.join(", "),
            tuples.join(", ")
        );
        let insert = Statement::from_sql_and_values(backend, sql, values);
        db.execute_raw(insert).await.map_err(failed)?;
    }
    Ok(())
}

/// `(?, ?)` or `($3, $4)`.
fn marks(backend: DbBackend, from: usize, count: usize) -> String {
    let mark = |number| match backend {
        DbBackend::Postgres => format!("${number}"),
        _ => "?".to_owned(),
    };
    let marks: Vec<_> = (from..from + count).map(mark).collect();
    format!("({})", marks.join(", "))
}
