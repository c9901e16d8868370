//! The changes in memory, numbered, with the file behind them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ChangeEvent, ChangeKind, ChangePage, FeedError, Hidden, KEPT, Picture,
    entry::Entry,
    event::{Draft, drafts, pair},
    store::{Line, Remembered, Store},
};
use crate::{Sight, Snapshot, changes::Change, query::cursor};

/// How many changes there were before a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(pub(super) u64);

#[derive(Serialize, Deserialize)]
struct Cursor {
    /// Which life of the log it is of.
    log: String,
    open: bool,
    mark: u64,
}

/// A change in its place.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) at: String,
    /// Nothing, when it is of a note that is private now.
    pub(super) event: Option<Arc<ChangeEvent>>,
}

impl Kept {
    pub(super) fn told(event: ChangeEvent) -> Self {
        Self {
            at: event.at.clone(),
            event: Some(Arc::new(event)),
        }
    }
}

#[derive(Debug)]
pub(super) struct Log {
    sight: Sight,
    /// Made anew whenever the past is lost.
    name: String,
    kept_since: String,
    /// Number of the first change that is kept.
    first: u64,
    kept: VecDeque<Kept>,
    /// What was known when the process stopped; empty once caught up.
    known: BTreeMap<String, Entry>,
    store: Option<Store>,
    /// A file in which nothing is written yet.
    fresh: Option<Store>,
}

impl Log {
    pub(super) fn new(sight: Sight, now: DateTime<Utc>) -> Self {
        Self {
            sight,
            name: format!("{:x}", now.timestamp_micros()),
            kept_since: written(now),
            first: 0,
            kept: VecDeque::new(),
            known: BTreeMap::new(),
            store: None,
            fresh: None,
        }
    }

    /// The same, to be written into this file.
    pub(super) fn beginning(sight: Sight, now: DateTime<Utc>, store: Store) -> Self {
        Self {
            fresh: Some(store),
            ..Self::new(sight, now)
        }
    }

    pub(super) fn remembered(sight: Sight, remembered: Remembered, store: Store) -> Self {
        Self {
            sight,
            name: remembered.name,
            kept_since: remembered.kept_since,
            first: remembered.first,
            kept: remembered.changes,
            known: remembered.entries,
            store: Some(store),
            fresh: None,
        }
    }

    /// Writes everything there is into the file in which nothing is written yet.
    pub(super) fn settle(&mut self, snapshot: &Snapshot) {
        if let Some(store) = self.fresh.take() {
            self.keep_in(store, snapshot);
        }
    }

    /// Writes everything there is into a file, and goes on there.
    fn keep_in(&mut self, mut store: Store, snapshot: &Snapshot) {
        match store.rewrite(&self.head_line(), snapshot, &self.kept) {
            Ok(()) => self.store = Some(store),
            Err(error) => {
                tracing::warn!(%error, "the change feed is not kept over restarts");
                store.forget();
            }
        }
    }

    /// Finds what changed while nobody looked.
    pub(super) fn catch_up(&mut self, picture: Picture, now: DateTime<Utc>) {
        let snapshot = picture.seen;
        let mut known = std::mem::take(&mut self.known);
        let mut pairs = Vec::new();
        for note in snapshot.notes() {
            match known.remove(note.path.as_str()) {
                Some(old) if old.hash == note.hash.to_string() => {}
                old => pairs.push((old, Some(Entry::of(note)))),
            }
        }
        pairs.extend(known.into_values().map(|old| (Some(old), None)));
        self.add(drafts(pairs), picture, now);
    }

    pub(super) fn record(&mut self, changes: &[Change], picture: Picture, now: DateTime<Utc>) {
        let pairs = changes.iter().map(pair);
        self.add(drafts(pairs.collect()), picture, now);
    }

    fn add(&mut self, drafts: Vec<Draft>, picture: Picture, now: DateTime<Utc>) {
        let at = written(now);
        let mut lines = Vec::with_capacity(drafts.len() + 1);
        let mut hidden = BTreeSet::new();
        let removed = drafts.iter().any(|draft| draft.kind == ChangeKind::Removed);
        let unseen = if removed {
            picture.hidden()
        } else {
            Hidden::default()
        };
        for mut draft in drafts {
            if draft.kind == ChangeKind::Removed && unseen.holds(&draft.entry) {
                // It is not gone but private. That much is told, and what was told of it before is not any more.
                draft.entry = Entry::nameless(draft.entry);
                hidden.insert(draft.entry.note.path.clone());
            }
            let event = ChangeEvent {
                cursor: self.cursor(Mark(self.head() + 1)),
                at: at.clone(),
                kind: draft.kind,
                note: draft.entry.note.clone(),
                from: draft.from,
                fields: draft.fields,
            };
            lines.push(Line::Change(Box::new((event.clone(), draft.entry))));
            self.kept.push_back(Kept::told(event));
        }
        let newest = lines.len();
        lines.push(Line::At(picture.seen.hash().to_string()));
        if let Some(store) = &mut self.store
            && let Err(error) = store.append(&lines)
        {
            tracing::warn!(%error, "the change feed is not kept over restarts any more");
            store.forget();
            self.store = None;
        }
        self.settle(picture.seen);
        if self.untell(&hidden, newest)
            && let Some(store) = self.store.take()
        {
            self.keep_in(store, picture.seen);
        }
    }

    /// Forgets what was told of notes before the newest changes; whether there was anything.
    fn untell(&mut self, hidden: &BTreeSet<String>, newest: usize) -> bool {
        let older = self.kept.len() - newest;
        let mut found = false;
        for kept in self.kept.iter_mut().take(older) {
            let names = kept.event.as_ref().is_some_and(|event| {
                let from = event.from.as_ref();
                hidden.contains(&event.note.path) || from.is_some_and(|from| hidden.contains(from))
            });
            if names {
                kept.event = None;
                found = true;
            }
        }
        found
    }

    /// Forgets what is too old, and writes the file anew when most of it is.
    pub(super) fn tidy(&mut self, snapshot: &Snapshot) {
        while self.kept.len() > KEPT {
            if let Some(old) = self.kept.pop_front() {
                self.first += 1;
                self.kept_since.clone_from(&old.at);
            }
        }
        if self
            .store
            .as_ref()
            .is_some_and(|store| store.changes() > 2 * KEPT)
            && let Some(store) = self.store.take()
        {
            self.keep_in(store, snapshot);
        }
    }

    fn head_line(&self) -> Line {
        Line::Head {
            version: super::store::VERSION,
            name: self.name.clone(),
            kept_since: self.kept_since.clone(),
            first: self.first,
        }
    }

    /// How many changes there ever were.
    pub(super) fn head(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    pub(super) const fn first_mark(&self) -> Mark {
        Mark(self.first)
    }

    pub(super) fn head_mark(&self) -> Mark {
        Mark(self.head())
    }

    pub(super) fn mark_at(&self, time: DateTime<Utc>) -> Mark {
        let time = written(time);
        let before = self.kept.partition_point(|kept| kept.at < time);
        Mark(self.first + before as u64)
    }

    pub(super) fn mark(&self, text: &str) -> Result<Mark, FeedError> {
        let read: Cursor = cursor::decode(text).map_err(|_| FeedError::BadCursor)?;
        let mine = read.log == self.name && read.open == (self.sight == Sight::Open);
        if mine && (self.first..=self.head()).contains(&read.mark) {
            Ok(Mark(read.mark))
        } else {
            Err(FeedError::Gone)
        }
    }

    fn cursor(&self, mark: Mark) -> String {
        cursor::encode(&Cursor {
            log: self.name.clone(),
            open: self.sight == Sight::Open,
            mark: mark.0,
        })
    }

    /// The changes behind a mark, the oldest first.
    pub(super) fn page(&self, mark: Mark, limit: usize) -> ChangePage {
        let start = usize::try_from(mark.0 - self.first).unwrap_or(usize::MAX);
        let taken = self.kept.iter().skip(start).take(limit);
        let end = Mark(mark.0 + taken.len() as u64);
        let results = taken.filter_map(|kept| kept.event.clone()).collect();
        ChangePage {
            more: end.0 < self.head(),
            cursor: self.cursor(end),
            kept_since: self.kept_since.clone(),
            results,
        }
    }

    /// The changes before a mark, the newest first.
    pub(super) fn page_back(&self, mark: Mark, limit: usize) -> ChangePage {
        let end = usize::try_from(mark.0 - self.first).unwrap_or_default();
        let start = end.saturating_sub(limit);
        let taken = self.kept.range(start..end).rev();
        let results = taken.filter_map(|kept| kept.event.clone()).collect();
        ChangePage {
            more: start > 0,
            cursor: self.cursor(Mark(self.first + start as u64)),
            kept_since: self.kept_since.clone(),
            results,
        }
    }
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
