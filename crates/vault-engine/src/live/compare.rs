//! The comparison of the whole folder with memory, while told changes go on being taken in.
//!
//! In: a keeper. Out: a walk on a thread of its own, and its outcome in memory.
//! Never: a told change that waits for a walk; a note taken for gone because it came while the folder was walked.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread::{self, JoinHandle},
    time::Instant,
};

use super::{Changed, Message, keeper::Keeper};
use crate::{
    VaultConfig,
    disk::{self, RootId, Walked},
};

/// What a walk found, and in which folder.
pub(super) struct Found {
    root: RootId,
    walked: Walked,
}

impl Found {
    /// Walks; `None` while the folder is away.
    pub(super) fn in_folder(config: &VaultConfig) -> Option<Self> {
        let root = disk::root_id(&config.root).ok()?;
        let walked = disk::walk(&config.root, config.max_notes, &config.ignore);
        Some(Self { root, walked })
    }
}

/// A walk that goes on.
pub(super) struct Walking {
    began: Instant,
    outcome: Receiver<Option<Found>>,
    thread: Option<JoinHandle<()>>,
    /// Files told to have changed meanwhile: the walk may have seen them before or after.
    told: BTreeSet<PathBuf>,
    /// There is doubt that this walk may not settle.
    again: bool,
}

impl Drop for Walking {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Walking {
    fn start(config: VaultConfig, sender: SyncSender<Message>) -> std::io::Result<Self> {
        let (tell, outcome) = sync_channel(1);
        let walk = move || {
            let _ = tell.send(Found::in_folder(&config));
            // A full queue wakes the keeper as well.
            let _ = sender.try_send(Message::Walked);
        };
        let thread = thread::Builder::new().name("vault-walk".to_owned());
        Ok(Self {
            began: Instant::now(),
            outcome,
            thread: Some(thread.spawn(walk)?),
            told: BTreeSet::new(),
            again: false,
        })
    }
}

impl Keeper {
    /// Starts a walk; when one goes on already, another follows it.
    pub(super) fn compare(&mut self) {
        if let Some(walking) = &mut self.walking {
            walking.again = true;
            return;
        }
        let Ok(walking) = Walking::start(self.config.clone(), self.sender.clone()) else {
            // No thread to be had: here and now, then.
            let (began, found) = (Instant::now(), Found::in_folder(&self.config));
            self.take_in(began, found, &BTreeSet::new());
            return;
        };
        self.walking = Some(walking);
    }

    /// Whether a walk goes on.
    pub(super) const fn is_walking(&self) -> bool {
        self.walking.is_some()
    }

    /// These files are told to have changed.
    pub(super) fn note_told(&mut self, told: &[PathBuf]) {
        if let Some(walking) = &mut self.walking {
            walking.told.extend(told.iter().cloned());
        }
    }

    /// Takes in a walk that has ended; whether there was one.
    pub(super) fn end_walk(&mut self) -> bool {
        let Some(walking) = &mut self.walking else {
            return false;
        };
        let found = match walking.outcome.try_recv() {
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => None,
            Ok(found) => found,
        };
        let (began, told, again) = (
            walking.began,
            std::mem::take(&mut walking.told),
            walking.again,
        );
        self.walking = None;
        self.take_in(began, found, &told);
        if again {
            self.compare();
        }
        true
    }

    /// Brings memory to what a walk found, and reads what differs.
    #[tracing::instrument(
        name = "vault.compare",
        level = "debug",
        skip_all,
        fields(changed, took_ms)
    )]
    fn take_in(&mut self, began: Instant, found: Option<Found>, told: &BTreeSet<PathBuf>) {
        let Some(mut walked) = found.and_then(|found| self.accept(found)) else {
            self.watch = None;
            "the folder is away".clone_into(&mut self.no_watch);
            self.report(began, Changed::default(), false);
            return;
        };
        if self.watch.is_none() && self.config.watch {
            self.start_watching();
        }
        self.look_again(&mut walked, told);
        let differing = self.memory.differing(&walked);
        let gone = self.memory.forget(&walked);
        self.pending += gone;
        self.note_changes(differing.len());
        let loaded = disk::load_all(&differing, self.config.max_note_bytes);
        for (found, loaded) in differing.into_iter().zip(loaded) {
            self.pending += u64::from(self.memory.take(found, loaded));
        }
        let same_defects = self.walked == walked.defects;
        self.walked = walked.defects;
        let whole = self.pending;
        let open = if whole > 0 || !same_defects {
            self.publish(began)
        } else {
            0
        };
        self.report(began, Changed { whole, open }, true);
        let span = tracing::Span::current();
        span.record("changed", whole);
        span.record("took_ms", began.elapsed().as_millis());
    }

    /// What was found, unless it is the folder's empty place.
    pub(super) fn accept(&mut self, Found { root, walked }: Found) -> Option<Walked> {
        let replaced = self.root != Some(root);
        if replaced && walked.files.is_empty() && !self.memory.is_empty() {
            // Another, empty folder stands here: a mount point without its file system.
            return None;
        }
        if replaced {
            self.root = Some(root);
            self.watch = None;
        }
        Some(walked)
    }

    /// Puts what was told during a walk as it is now in the place of what the walk saw of it.
    fn look_again(&self, walked: &mut Walked, told: &BTreeSet<PathBuf>) {
        let root = &self.config.root;
        for file in told {
            let Some(path) = disk::note_path(root, file) else {
                continue;
            };
            let place = walked.files.binary_search_by(|found| found.path.cmp(&path));
            let other = |at: usize| {
                walked
                    .files
                    .get(at)
                    .is_some_and(|found| found.file != *file)
            };
            match (disk::find_one(root, file), place) {
                // Another spelling of the name: the walk has decided which is served.
                (_, Ok(at)) if other(at) => {}
                (Some(found), Ok(at)) => walked.files.splice(at..=at, [found]).for_each(drop),
                (Some(found), Err(at)) => walked.files.insert(at, found),
                (None, Ok(at)) => drop(walked.files.remove(at)),
                (None, Err(_)) => {}
            }
        }
    }
}
