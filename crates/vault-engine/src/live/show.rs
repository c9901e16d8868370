//! What the keeper knows, for everybody: the next pictures, what changed in the feeds, and how the folder is followed.

use std::{sync::Arc, time::Instant};

use super::{Changed, Feeds, State, WatcherState, due::MIN_POLL, keeper::Keeper, pictures::Made};

impl Keeper {
    /// Shows the notes as they are now; returns how many open ones differ.
    pub(super) fn publish(&mut self, began: Instant) -> u64 {
        self.pending = 0;
        let before = self.shared.pictures.load_full();
        let privacy = self.config.privacy.as_ref();
        let made = Made { began, read: None };
        let next = before.next(self.memory.notes(), &self.walked, privacy, made);
        let next = Arc::new(next);
        if let Some(feeds) = self.shared.feeds.get() {
            self.shared.pictures.store(Arc::clone(&next));
            feeds.record(&before, &next);
        } else {
            // From here on changes are told: to whoever sees this picture.
            let feeds = Feeds::begin(&next, &self.config);
            let _ = self.shared.feeds.set(feeds);
            self.shared.pictures.store(Arc::clone(&next));
        }
        next.open_changes_since(&before)
    }

    pub(super) fn report(&self, began: Instant, changed: Changed, root_present: bool) {
        let took = began.elapsed();
        let poll = (took * 10).max(MIN_POLL).min(self.config.rescan_interval);
        let watcher = if self.watch.is_some() {
            WatcherState::Watching
        } else {
            WatcherState::Polling {
                every_ms: u64::try_from(poll.as_millis()).unwrap_or(u64::MAX),
                reason: self.no_watch.clone(),
            }
        };
        let changed = changed.after(self.shared.state.load().changed);
        self.shared.state.store(Arc::new(State {
            watcher,
            scanned: Instant::now(),
            took,
            changed,
            root_present,
        }));
    }
}
