//! How a vault is opened.
//!
//! In: a folder and limits. Out: [`VaultConfig`].

use std::{path::PathBuf, time::Duration};

use crate::{history::HistoryMode, patterns::Patterns, privacy::Privacy};

/// The folder and its limits.
#[derive(Clone, Debug)]
pub struct VaultConfig {
    /// The vault's folder; it may be read-only.
    pub root: PathBuf,
    /// A larger note is listed but its text is not loaded. Bytes.
    pub max_note_bytes: u64,
    /// Notes beyond this many (in the order of their paths) are not loaded.
    pub max_notes: usize,
    /// How often the folder is compared with memory, besides watching.
    pub rescan_interval: Duration,
    /// How long changes are gathered before they are read, from the first on.
    pub debounce: Duration,
    /// Whether to ask the operating system for changes; without it the folder is compared often.
    pub watch: bool,
    /// What is kept out altogether: no reader sees it, not even as a name.
    pub ignore: Patterns,
    /// Which notes are private; without rules [`Sight::Open`](crate::Sight::Open) sees every note.
    pub privacy: Option<Privacy>,
    /// Where the vault's own files are kept, outside of the vault; without it nothing is written at all.
    pub state: Option<PathBuf>,
    /// Whether [`Vault::open`](crate::Vault::open) comes back before everything is read; pictures say how far it is until then.
    pub serve_at_once: bool,
    /// Whether the past is looked at, when the folder is a git checkout.
    pub history: HistoryMode,
}

impl VaultConfig {
    /// The defaults: 2 MiB a note, 1,000,000 notes, comparison every 30 s, changes gathered for 50 ms, watching; nothing ignored, nothing
    /// private.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            max_note_bytes: 2 * 1024 * 1024,
            max_notes: 1_000_000,
            rescan_interval: Duration::from_secs(30),
            debounce: Duration::from_millis(50),
            watch: true,
            ignore: Patterns::default(),
            privacy: None,
            state: None,
            serve_at_once: false,
            history: HistoryMode::Off,
        }
    }
}
