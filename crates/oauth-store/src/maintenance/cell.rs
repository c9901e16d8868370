//! Values on their way from one engine to the other, and a sum by which two tables are compared.
//!
//! In: rows of a known table. Out: cells, parameters, a [`Sum`]. Never: what a value means.

use loop_oauth::store::StoreError;
use sea_orm::{QueryResult, Value};
use sha2::{Digest as _, Sha256};

use super::catalog::{Kind, Table};
use crate::error::failed;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Bool(bool),
    Bytes(Vec<u8>),
}

impl Cell {
    fn read(row: &QueryResult, index: usize, kind: Kind) -> Result<Self, sea_orm::DbErr> {
        fn or_null<T>(value: Option<T>, cell: impl Fn(T) -> Cell) -> Cell {
            value.map_or(Cell::Null, cell)
        }
        Ok(match kind {
            Kind::Text => or_null(row.try_get_by_index(index)?, Self::Text),
            Kind::Int => or_null(row.try_get_by_index::<Option<i32>>(index)?, |int| {
                Self::Int(int.into())
            }),
            Kind::BigInt => or_null(row.try_get_by_index(index)?, Self::Int),
            Kind::Bool => or_null(row.try_get_by_index(index)?, Self::Bool),
            Kind::Bytes => or_null(row.try_get_by_index(index)?, Self::Bytes),
        })
    }

    /// As a parameter for a column of this kind.
    pub(super) fn into_value(self, kind: Kind) -> Value {
        match (kind, self) {
            (Kind::Text, Self::Text(text)) => Value::String(Some(text)),
            (Kind::Text, _) => Value::String(None),
            // What does not fit is refused by the column, which has no such value.
            (Kind::Int, Self::Int(int)) => {
                i32::try_from(int).map_or(Value::BigInt(Some(int)), |int| Value::Int(Some(int)))
            }
            (Kind::Int, _) => Value::Int(None),
            (Kind::BigInt, Self::Int(int)) => Value::BigInt(Some(int)),
            (Kind::BigInt, _) => Value::BigInt(None),
            (Kind::Bool, Self::Bool(bool)) => Value::Bool(Some(bool)),
            (Kind::Bool, _) => Value::Bool(None),
            (Kind::Bytes, Self::Bytes(bytes)) => Value::Bytes(Some(bytes)),
            (Kind::Bytes, _) => Value::Bytes(None),
        }
    }

    fn add_to(&self, hash: &mut Sha256) {
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Text(text) => (1, text.as_bytes()),
            Self::Int(int) => (2, &int.to_be_bytes()),
            Self::Bool(bool) => (3, &[u8::from(*bool)]),
            Self::Bytes(bytes) => (4, bytes),
        };
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
}

/// The cells of a row in the order of the table's columns.
///
/// # Errors
/// `Failed` names table and column that hold another type than they say.
pub(super) fn read(row: &QueryResult, table: &Table) -> Result<Vec<Cell>, StoreError> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let cell = Cell::read(row, index, column.kind).map_err(|error| {
            let StoreError::Failed(why) = failed(error) else {
                return StoreError::Unavailable(format!("{} was not read", table.name));
            };
            StoreError::Failed(format!("{}.{}: {why}", table.name, column.name))
        })?;
        cells.push(cell);
    }
    Ok(cells)
}

/// Rows and a sum of their SHA-256: the same for the same rows in any order, since engines sort texts differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    hashes: u128,
}

impl Sum {
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            cell.add_to(&mut hash);
        }
        let digest = hash.finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(u128::from_be_bytes(half));
    }

    /// `rows:hash`, as a backup says it.
    pub(super) fn to_text(self) -> String {
        format!("{}:{:032x}", self.rows, self.hashes)
    }
}
