//! Rows of the tables, and back.

use sea_orm::{DbErr, QueryResult};

use super::{Connection, Departure, Key, StoreError};
use crate::database::failed;

/// A connection.
pub(super) fn connection(row: &QueryResult) -> Result<Connection, StoreError> {
    let read = || -> Result<Connection, DbErr> {
        Ok(Connection {
            key: Key {
                user: row.try_get_by_index(0)?,
                server: row.try_get_by_index(1)?,
            },
            provider: row.try_get_by_index(2)?,
            sealed: row.try_get_by_index(3)?,
            scopes: row.try_get_by_index(4)?,
            expires_at: row.try_get_by_index(5)?,
            refresh_at: row.try_get_by_index(6)?,
            version: row.try_get_by_index(7)?,
            is_rejected: row.try_get_by_index::<i64>(8)? != 0,
            connected_at: row.try_get_by_index(9)?,
            used_at: row.try_get_by_index(10)?,
        })
    };
    read().map_err(|error| failed(error).into())
}

/// Somebody on the way.
pub(super) fn departure(row: &QueryResult) -> Result<Departure, StoreError> {
    let read = || -> Result<Departure, DbErr> {
        Ok(Departure {
            state: row.try_get_by_index(0)?,
            browser: row.try_get_by_index(1)?,
            key: Key {
                user: row.try_get_by_index(2)?,
                server: row.try_get_by_index(3)?,
            },
            provider: row.try_get_by_index(4)?,
            expires_at: row.try_get_by_index(5)?,
        })
    };
    read().map_err(|error| failed(error).into())
}
