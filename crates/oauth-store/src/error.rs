//! Turns what the engine says into what the traits promise.
//!
//! In: [`DbErr`]. Out: [`StoreError`]. Never: a message for a client; SQLite's own texts name no stored value.

use loop_oauth::store::StoreError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// The engine failed.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
pub(crate) fn failed(error: DbErr) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// The engine failed, or it returned a row of this kind that does not have the types of its columns.
pub(crate) fn unread(what: &'static str) -> impl Fn(DbErr) -> StoreError {
    move |error| match &error {
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => StoreError::Corrupt { what },
        DbErr::Query(RuntimeErr::SqlxError(cause)) if is_decoding(cause) => {
            StoreError::Corrupt { what }
        }
        _ => failed(error),
    }
}

fn is_decoding(cause: &SqlxError) -> bool {
    matches!(cause, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_))
}

/// Whether another process held the database for the whole busy timeout (`SQLITE_BUSY` and its extended codes).
pub(crate) fn is_busy(error: &DbErr) -> bool {
    const SQLITE_BUSY: i32 = 5;
    let (DbErr::Query(cause) | DbErr::Exec(cause) | DbErr::Conn(cause)) = error else {
        return false;
    };
    let RuntimeErr::SqlxError(cause) = cause else {
        return false;
    };
    cause
        .as_database_error()
        .and_then(|cause| cause.code()?.parse::<i32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}
