//! A vault that follows its folder.
//!
//! In: [`VaultConfig`]. Out: [`Vault`], a handle that gives the present [`Snapshot`] without waiting.
//! Never: blocking work on a caller's thread after [`Vault::open`]; a write into the folder.

mod compare;
mod due;
mod feeds;
mod first;
mod keep;
mod keeper;
mod memory;
mod past;
mod pictures;
mod show;
mod status;
mod told;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use crate::{
    Sight, Snapshot, VaultConfig,
    feed::Feed,
    history::History,
    stats::{Stats, stats},
};
use arc_swap::ArcSwap;
pub use status::{LastScan, VaultStatus, WatcherState};

use feeds::Feeds;
use keeper::Keeper;
use pictures::Pictures;
use status::{Changed, State};

/// Changes that wait for the keeper; beyond it the whole folder is compared instead.
const QUEUE: usize = 64;

/// Why a vault cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing.
    #[error("the vault {} does not exist", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("the vault {} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be read.
    #[error("the vault {} cannot be read: {cause}", .root.display())]
    Unreadable {
        /// The folder.
        root: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// No thread can be started.
    #[error("the vault's thread cannot be started: {0}")]
    Thread(std::io::Error),
}

impl OpenError {
    fn unreadable(root: &Path, cause: std::io::Error) -> Self {
        Self::Unreadable {
            root: root.to_path_buf(),
            cause,
        }
    }
}

/// What the keeper and the handles share.
#[derive(Debug)]
struct Shared {
    pictures: ArcSwap<Pictures>,
    state: ArcSwap<State>,
    /// Changes did not fit into the queue. Apart from the rest: the watcher outlives the vault by a moment.
    missed: Arc<AtomicBool>,
    stop: AtomicBool,
    /// What changed since the first picture, which comes before it.
    feeds: OnceLock<Feeds>,
    /// Notes of the last run that were still true at this start.
    recalled: AtomicUsize,
}

enum Message {
    Changed(Vec<PathBuf>),
    Compare,
    /// A walk has ended.
    Walked,
    Stop,
}

/// An open vault. Clones share it; dropping the last one stops its threads.
#[derive(Clone, Debug)]
pub struct Vault {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    sender: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    history: Option<History>,
}

impl Vault {
    /// Reads the whole folder on several threads, then follows it. Blocks until everything is read, unless it is to serve at
    /// once ([`VaultConfig::serve_at_once`]): then pictures say how much was read ([`Snapshot::reading`]).
    ///
    /// # Errors
    /// [`OpenError`] when there is no readable folder; never because of a note.
    #[tracing::instrument(name = "vault.open", skip_all, fields(notes, bytes, defects, load_ms))]
    pub fn open(config: VaultConfig) -> Result<Self, OpenError> {
        let (sender, receiver) = sync_channel(QUEUE);
        let history = History::open(&config);
        let at_once = config.serve_at_once;
        let mut keeper = Keeper::prepare(config, sender.clone())?;
        let shared = keeper.shared();
        if !at_once {
            keeper.begin();
        }
        let snapshot = shared.seen(Sight::Whole);
        let span = tracing::Span::current();
        span.record("notes", snapshot.notes().len());
        span.record("bytes", snapshot.bytes());
        span.record("defects", snapshot.defects().len());
        span.record("load_ms", snapshot.load_time().as_millis());
        drop(snapshot);
        let thread = std::thread::Builder::new()
            .name("vault-keeper".to_owned())
            .spawn(move || {
                if at_once {
                    keeper.begin();
                }
                keeper.run(&receiver);
            })
            .map_err(OpenError::Thread)?;
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                sender,
                thread: Mutex::new(Some(thread)),
                history,
            }),
        })
    }

    /// The present picture of every note; never waits.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.seen(Sight::Whole)
    }

    /// The present picture as a reader of this sight sees it; never waits, and costs nothing more.
    #[must_use]
    pub fn seen(&self, sight: Sight) -> Arc<Snapshot> {
        self.inner.shared.seen(sight)
    }

    /// Watcher, last comparison, and whether the folder is there.
    #[must_use]
    pub fn status(&self) -> VaultStatus {
        self.status_seen(Sight::Whole)
    }

    /// The same for a reader of this sight, who is not told that a private note changed.
    #[must_use]
    pub fn status_seen(&self, sight: Sight) -> VaultStatus {
        self.inner.shared.state.load().seen(sight)
    }

    /// What changed, as a reader of this sight sees it.
    #[must_use]
    pub fn feed(&self, sight: Sight) -> Arc<Feed> {
        let empty = || Arc::new(Feed::empty(sight));
        let feeds = self.inner.shared.feeds.get();
        feeds.map_or_else(empty, |feeds| feeds.seen(sight))
    }

    /// How much of the vault is read, in percent, while it is not all.
    #[must_use]
    pub fn reading(&self) -> Option<u8> {
        self.inner
            .shared
            .pictures
            .load()
            .seen(Sight::Whole)
            .reading()
    }

    /// How many notes were not read at this start, because the last run had and their files are the same.
    #[must_use]
    pub fn recalled(&self) -> usize {
        self.inner.shared.recalled.load(Ordering::Relaxed)
    }

    /// The vault in numbers, with at most `examples` places for each kind of mistake.
    #[must_use]
    pub fn stats(&self, examples: usize) -> Stats {
        stats(&self.snapshot(), &self.status(), examples)
    }

    /// Asks for a comparison of the whole folder soon; does not wait for it.
    pub fn compare_soon(&self) {
        if self.inner.sender.try_send(Message::Compare).is_err() {
            self.inner.shared.missed.store(true, Ordering::Release);
        }
    }
}

impl Shared {
    fn seen(&self, sight: Sight) -> Arc<Snapshot> {
        Arc::clone(self.pictures.load().seen(sight))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // A full queue means that the keeper is about to look at the flag.
        let _ = self.sender.try_send(Message::Stop);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}
