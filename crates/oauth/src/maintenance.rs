//! What an operator does to a database as a whole: look, check, back up, restore, copy.
//!
//! In: [`Place`]s. Out: a [`Report`] of what was read or written. Never: reads a row's meaning, changes a source, or
//! writes over what is there.

use std::{fmt, path::PathBuf};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::store::StoreError;

/// Where a database is. Prints without the URL, which holds a password.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`.
    Postgres(SecretString),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "SQLite {}", path.display()),
            Self::Postgres(_) => out.write_str("PostgreSQL"),
        }
    }
}

/// Why everything is copied from one place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Into a file that says what it must hold; the schema stays what it is.
    Backup,
    /// Out of such a file (or a plain copy of a SQLite database) into an empty database of today's schema.
    Restore,
    /// From one database into an empty one of today's schema.
    Copy,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// `copying` or `checking`.
    pub step: &'static str,
    /// The table.
    pub table: &'a str,
    /// Rows that are done.
    pub rows: u64,
    /// Rows that there are.
    pub of: u64,
}

/// Is told how far it is, after every few hundred rows.
pub type Watch<'a> = dyn Fn(Progress<'_>) + Send + Sync + 'a;

/// What a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The newest migration; `None` for an empty database.
    pub schema: Option<String>,
    /// Migrations that this version would still run.
    pub pending: usize,
    /// Tables, parents first, with their rows.
    pub tables: Vec<(String, u64)>,
    /// Of a backup: when it was taken, and by which version.
    pub backup: Option<Taken>,
}

impl Report {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// When a backup was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// RFC 3339.
    pub at: String,
    /// The program's version.
    pub version: String,
}

/// Everything that is done to a database as a whole. Nothing here waits for, or disturbs, a server that runs.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Reads everything in one snapshot of `from` and writes it to `to`, where nothing may be; counts and contents
    /// are compared before the target becomes visible. A process that is killed leaves a SQLite target under the
    /// name `….partial` and a PostgreSQL target empty.
    ///
    /// # Errors
    /// `Failed` says what is wrong with which place: the target is not empty, the source is damaged, of a newer
    /// version, or not what its manifest says.
    async fn transfer(
        &self,
        (from, to): (&Place, &Place),
        purpose: Purpose,
        now: DateTime<Utc>,
        watch: &Watch<'_>,
    ) -> Result<Report, StoreError>;

    /// Reads everything and checks it: the engine's own check of a file, types, and for a backup that it holds what
    /// it held when it was taken.
    ///
    /// # Errors
    /// `Failed` or `Corrupt` says what is wrong.
    async fn check(&self, place: &Place, watch: &Watch<'_>) -> Result<Report, StoreError>;

    /// Schema and rows. Changes nothing, and works on an older schema.
    ///
    /// # Errors
    /// `Failed` or `Unavailable` says why it cannot be read.
    async fn status(&self, place: &Place) -> Result<Report, StoreError>;
}
