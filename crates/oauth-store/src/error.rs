//! Turns what the engine says into what the traits promise.
//!
//! In: [`DbErr`]. Out: [`StoreError`]. Never: a message for a client; the engines' own texts name no stored
//! value (PostgreSQL's `DETAIL`, which does, is left out).

use loop_oauth::store::StoreError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};

/// SQLSTATEs after which the same transaction may well succeed: `serialization_failure`, `deadlock_detected`.
const TRANSIENT: [&str; 2] = ["40001", "40P01"];

/// SQLSTATEs, or their first digits, of a server that cannot serve now: connection lost, out of resources,
/// a lock or statement that took too long, shutting down or starting, a standby.
const UNAVAILABLE: [&str; 8] = [
    "08", "53", "57014", "57P0", "55P03", "25006", "40001", "40P01",
];

/// What SQLite says when a disk has no room or does not take a write: `SQLITE_IOERR`, `SQLITE_FULL`. It rolls back what it
/// was doing, and once somebody has made room everything works again.
const NO_ROOM: [i32; 2] = [10, 13];

/// The engine failed.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
pub(crate) fn failed(error: DbErr) -> StoreError {
    let Some(state) = sqlstate(&error) else {
        let unavailable = matches!(error, DbErr::ConnectionAcquire(_))
            || sqlx(&error).is_some_and(is_connection)
            || sqlite_code(&error).is_some_and(|code| NO_ROOM.contains(&code));
        let text = error.to_string();
        return named(text, unavailable);
    };
    let text = format!("{error} (SQLSTATE {state})");
    let unavailable = UNAVAILABLE.iter().any(|start| state.starts_with(start));
    named(text, unavailable)
}

const fn named(text: String, unavailable: bool) -> StoreError {
    if unavailable {
        StoreError::Unavailable(text)
    } else {
        StoreError::Failed(text)
    }
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

/// It took longer than anything may.
pub(crate) fn too_long() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

/// Nothing of the transaction was done, and it may be run again. Reads the text that [`failed`] wrote, since
/// that is all that a job hands out.
pub(crate) fn is_transient(error: &StoreError) -> bool {
    let StoreError::Unavailable(text) = error else {
        return false;
    };
    let state = |state: &str| text.ends_with(&format!("(SQLSTATE {state})"));
    TRANSIENT.iter().any(|code| state(code))
}

/// The connection broke under a statement; another one may work.
pub(crate) fn is_broken(error: &DbErr) -> bool {
    match sqlstate(error) {
        Some(state) => state.starts_with("08") || state.starts_with("57P0"),
        None => sqlx(error).is_some_and(|cause| matches!(cause, SqlxError::Io(_))),
    }
}

/// Whether another process held the database for the whole busy timeout (`SQLITE_BUSY` and its extended codes).
pub(crate) fn is_busy(error: &DbErr) -> bool {
    const SQLITE_BUSY: i32 = 5;
    sqlite_code(error) == Some(SQLITE_BUSY)
}

/// The number by which SQLite names an error, without what extended codes add.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let code = sqlx(error)?.as_database_error()?.code()?;
    Some(code.parse::<i32>().ok()? & 0xff)
}

fn is_decoding(cause: &SqlxError) -> bool {
    matches!(cause, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_))
}

fn is_connection(cause: &SqlxError) -> bool {
    matches!(
        cause,
        SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
    )
}

fn sqlx(error: &DbErr) -> Option<&SqlxError> {
    let (DbErr::Query(cause) | DbErr::Exec(cause) | DbErr::Conn(cause)) = error else {
        return None;
    };
    let RuntimeErr::SqlxError(cause) = cause else {
        return None;
    };
    Some(cause)
}

/// The five characters by which PostgreSQL names an error; SQLite's codes are shorter.
fn sqlstate(error: &DbErr) -> Option<String> {
    let code = sqlx(error)?.as_database_error()?.code()?;
    (code.len() == 5).then(|| code.into_owned())
}
