//! The store of Loop's authorization server: SeaORM behind the traits of `loop_oauth::store`.
//!
//! In: domain values and the path of a database file. Out: outcomes as the traits name them.
//! Never: rules, HTTP, the system clock, a raw token. SQLite is what it speaks; the statements are portable,
//! and what is not (pragmas, the file, its lock, who may write) stays in [`mod@open`] and [`mod@writer`].
//!
//! Hashes are stored as 64 hexadecimal digits, times as milliseconds since the Unix epoch (finer parts are
//! cut off), identifiers, scopes and states as text.

mod entity;
mod error;
mod file;
mod migration;
mod open;
mod repo;
mod store;
mod writer;

#[cfg(test)]
mod tests;

pub use store::{SqlStore, StoreOptions};
