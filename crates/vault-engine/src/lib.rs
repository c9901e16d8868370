//! A Markdown vault in memory: read once, followed forever, asked from many threads.
//!
//! In: a folder. Out: [`Snapshot`]s that never change, and answers to questions about them.
//! Never: writes into the vault; blocks a reader; fails because of a note.

pub mod changes;
mod config;
mod disk;
pub mod feed;
mod graph;
pub mod history;
pub mod html;
mod index;
mod kept;
pub mod lint;
mod live;
mod names;
pub mod network;
mod note;
mod patterns;
mod privacy;
pub mod project;
pub mod query;
mod rows;
pub mod scan;
pub mod search;
mod snapshot;
mod snippet;
pub mod stats;
mod text;
pub mod typed;
mod view;
mod wire;

pub use config::VaultConfig;
pub use live::{LastScan, OpenError, Vault, VaultStatus, WatcherState};
pub use note::{ContentHash, Note, Properties};
pub use patterns::{PatternError, Patterns};
pub use privacy::{Privacy, Sight};
pub use snapshot::{NoteDefect, Snapshot};
pub use snippet::Snippet;
pub use view::{EntityItem, NoteRef, PageError};
