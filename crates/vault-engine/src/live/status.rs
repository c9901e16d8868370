//! What a vault says about itself besides its notes.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::Sight;

/// How changes are noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum WatcherState {
    /// The operating system tells; the folder is compared now and then besides.
    Watching,
    /// The folder is compared often.
    Polling {
        /// Milliseconds between comparisons.
        every_ms: u64,
        /// Why there is no watching.
        reason: String,
    },
}

/// The last comparison of the folder with memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastScan {
    /// How long ago. Milliseconds.
    pub ago_ms: u64,
    /// How long it took. Milliseconds.
    pub took_ms: u64,
    /// How many notes it added, changed or removed.
    pub changed: u64,
}

/// The vault besides its notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VaultStatus {
    /// How changes are noticed.
    pub watcher: WatcherState,
    /// The last comparison.
    pub last_scan: LastScan,
    /// Whether the folder is there; if not, the last picture is served.
    pub root_present: bool,
}

/// What the keeper last said about itself.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) watcher: WatcherState,
    pub(super) scanned: Instant,
    pub(super) took: Duration,
    pub(super) changed: Changed,
    pub(super) root_present: bool,
}

/// How many notes changed, as each kind of reader sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changed {
    pub(super) whole: u64,
    pub(super) open: u64,
}

impl State {
    /// Before the first comparison.
    pub(super) const fn beginning(began: Instant) -> Self {
        Self {
            watcher: WatcherState::Watching,
            scanned: began,
            took: Duration::ZERO,
            changed: Changed { whole: 0, open: 0 },
            root_present: true,
        }
    }

    /// What a reader of this sight is told.
    pub(super) fn seen(&self, sight: Sight) -> VaultStatus {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        VaultStatus {
            watcher: self.watcher.clone(),
            last_scan: LastScan {
                ago_ms: millis(self.scanned.elapsed()),
                took_ms: millis(self.took),
                changed: match sight {
                    Sight::Whole => self.changed.whole,
                    Sight::Open => self.changed.open,
                },
            },
            root_present: self.root_present,
        }
    }
}

impl Changed {
    /// A comparison that only private notes were the cause of is not told from none.
    pub(super) const fn after(self, before: Self) -> Self {
        let open = if self.open > 0 {
            self.open
        } else {
            before.open
        };
        Self { open, ..self }
    }
}
