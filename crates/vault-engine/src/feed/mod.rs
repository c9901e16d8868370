//! What changed in the vault, in order, to be read on from where one stopped.
//!
//! In: one picture after another. Out: [`ChangePage`]s by cursor, and a signal when there is more. With a state folder
//! cursors survive restarts, and what changed meanwhile is found at the start.
//! Never: a change of a private note in the open feed; more than [`KEPT`] changes; a file in the vault.

mod entry;
mod event;
mod log;
mod store;

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use loop_shared::vault::IsoDate;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

pub use event::{ChangeEvent, ChangeKind, FieldChange};
pub(crate) use event::{difference, fields_between};

use crate::{Sight, Snapshot, changes::Change};
use log::Log;
use store::Store;

/// Changes kept; older ones are forgotten.
pub const KEPT: usize = 10_000;
/// Changes told at once.
const MAX_LIMIT: usize = 1_000;

/// Why the feed cannot go on from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// It is neither a cursor nor a day, a time or `now`.
    #[error("that is no cursor, day or time")]
    BadCursor,
    /// Changes behind it are not kept any more, or it is from before the state was lost.
    #[error("changes since then are not kept any more")]
    Gone,
}

/// One page of changes, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangePage {
    /// The changes.
    pub results: Vec<Arc<ChangeEvent>>,
    /// Send it as `since` to go on from here, now or later.
    pub cursor: String,
    /// Whether more is waiting behind `cursor` already.
    pub more: bool,
    /// Since when changes are kept, RFC 3339.
    pub kept_since: String,
}

/// A picture, and the whole one beside it, in which what is hidden can be found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) seen: &'a Snapshot,
    pub(crate) whole: &'a Snapshot,
}

impl Picture<'_> {
    /// The notes that are there and not seen.
    fn hidden(&self) -> Hidden {
        let mut hidden = Hidden::default();
        if std::ptr::eq(self.seen, self.whole) {
            return hidden;
        }
        for note in self.whole.notes() {
            let seen = self.seen.note(&note.path);
            if seen.is_none_or(|seen| seen.path != note.path) {
                hidden.paths.insert(note.path.as_str().to_owned());
                hidden.ids.extend(note.id().map(str::to_owned));
                hidden.hashes.insert(note.hash.to_string());
            }
        }
        hidden
    }
}

/// What tells a note that is not seen any more from one that is gone.
#[derive(Debug, Default)]
struct Hidden {
    paths: HashSet<String>,
    ids: HashSet<String>,
    hashes: HashSet<String>,
}

impl Hidden {
    /// Whether the note is there under its path, its id or with its bytes.
    fn holds(&self, gone: &entry::Entry) -> bool {
        let id = gone.note.id.as_ref();
        self.paths.contains(&gone.note.path)
            || self.hashes.contains(&gone.hash)
            || id.is_some_and(|id| self.ids.contains(id))
    }
}

/// The changes that readers of one sight see.
#[derive(Debug)]
pub struct Feed {
    log: Mutex<Log>,
    head: watch::Sender<u64>,
}

impl Feed {
    /// A feed that begins with this picture, or goes on from what a state folder remembers. What begins is written by
    /// [`Feed::settle`] or with the first change: nobody has to wait for it.
    pub(crate) fn begin(picture: Picture, sight: Sight, state: Option<&Path>) -> Self {
        let (now, snapshot) = (now(), picture.seen);
        let hash = snapshot.hash().to_string();
        let mut log = match state.map(|folder| Store::open(folder, sight, &hash)) {
            Some(Ok((store, Some(remembered)))) => {
                let same = remembered.same;
                let mut log = Log::remembered(sight, remembered, store);
                if !same {
                    log.catch_up(picture, now);
                }
                log
            }
            Some(Ok((store, None))) => Log::beginning(sight, now, store),
            Some(Err(error)) => {
                tracing::warn!(%error, "the change feed is not kept over restarts");
                Log::new(sight, now)
            }
            None => Log::new(sight, now),
        };
        log.tidy(snapshot);
        let (head, _) = watch::channel(log.head());
        Self {
            log: Mutex::new(log),
            head,
        }
    }

    /// A feed that nothing is told in, for the time before the first picture.
    pub(crate) fn empty(sight: Sight) -> Self {
        Self {
            log: Mutex::new(Log::new(sight, now())),
            head: watch::channel(0).0,
        }
    }

    /// Writes the file of a feed that has none yet; the picture is the present one.
    pub(crate) fn settle(&self, picture: Picture) {
        self.log().settle(picture.seen);
    }

    /// Takes in what changed; on the disk before anybody is told.
    pub(crate) fn record(&self, changes: &[Change], after: Picture) {
        if changes.is_empty() {
            return;
        }
        let mut log = self.log();
        log.record(changes, after, now());
        log.tidy(after.seen);
        let head = log.head();
        drop(log);
        self.head.send_replace(head);
    }

    /// The changes behind a cursor, a day, a time or `now`; without one, behind the oldest that is kept.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn since(&self, since: Option<&str>, limit: usize) -> Result<ChangePage, FeedError> {
        let log = self.log();
        let mark = match since.map(str::trim).filter(|since| !since.is_empty()) {
            None => log.first_mark(),
            Some("now") => log.head_mark(),
            Some(text) => match time(text) {
                Some(time) => log.mark_at(time),
                None => log.mark(text)?,
            },
        };
        Ok(log.page(mark, limit.clamp(1, MAX_LIMIT)))
    }

    /// The last changes, the newest first, before a cursor of such an answer.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn latest(&self, before: Option<&str>, limit: usize) -> Result<ChangePage, FeedError> {
        let log = self.log();
        let mark = match before {
            None => log.head_mark(),
            Some(text) => log.mark(text)?,
        };
        Ok(log.page_back(mark, limit.clamp(1, MAX_LIMIT)))
    }

    /// Tells when there is something new; a reader then asks [`Feed::since`] its cursor.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Now: the keeper's thread is an edge.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let exact = DateTime::parse_from_rfc3339(text).ok();
    let day = || IsoDate::parse(text)?.day()?.and_hms_opt(0, 0, 0);
    exact
        .map(|time| time.to_utc())
        .or_else(|| day().map(|day| day.and_utc()))
}
