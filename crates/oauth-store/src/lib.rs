//! The store of Loop's authorization server: SeaORM behind the traits of `loop_oauth::store`.
//!
//! In: domain values; the path of a SQLite file or the URL of a PostgreSQL database. Out: outcomes as the traits
//! name them. Never: rules, HTTP, the system clock, a raw token. The statements are the same on both engines;
//! what is not (pragmas, the file, its lock, pools, who may write) stays in [`mod@open`], [`mod@writer`] and
//! [`mod@postgres`].
//!
//! Hashes are stored as 64 hexadecimal digits, times as milliseconds since the Unix epoch (finer parts are
//! cut off), identifiers, scopes and states as text.

mod entity;
mod error;
mod figures;
mod file;
mod gather;
mod maintenance;
mod migrate;
mod migration;
mod open;
mod postgres;
mod reader;
mod repo;
mod store;
mod writer;

#[cfg(test)]
mod postgres_tests;
#[cfg(test)]
mod sqlite_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "tests/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same suites, on the other engine")]
mod tests_on_postgres;

pub use maintenance::SqlMaintenance;
pub use store::{SqlStore, StoreOptions};
