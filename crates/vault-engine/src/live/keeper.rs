//! Keeps memory like the folder.
//!
//! In: changes told, and time passing. Out: new snapshots. Runs on its own thread.
//! Never: a picture of half a change taken for settled; an empty picture because the folder is away.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use super::{
    Message, OpenError, Shared, State,
    compare::Walking,
    due::{Due, MIN_POLL},
    first,
    memory::Memory,
    pictures::Pictures,
    watch::{Watch, cause},
};
use crate::{
    Sight, VaultConfig,
    disk::{self, RootId},
    index::Index,
    kept::Keeping,
    snapshot::NoteDefect,
};
use arc_swap::ArcSwap;

pub(super) struct Keeper {
    pub(super) config: VaultConfig,
    pub(super) sender: SyncSender<Message>,
    pub(super) shared: Arc<Shared>,
    pub(super) memory: Memory,
    pub(super) walked: Vec<NoteDefect>,
    pub(super) watch: Option<Watch>,
    pub(super) no_watch: String,
    pub(super) root: Option<RootId>,
    /// Notes taken in since the last picture.
    pub(super) pending: u64,
    /// What the next start needs, with a state folder.
    pub(super) keeping: Option<Keeping>,
    /// A comparison of the whole folder that goes on.
    pub(super) walking: Option<Walking>,
}

impl Keeper {
    /// Checks the folder; nothing is read yet.
    pub(super) fn prepare(
        config: VaultConfig,
        sender: SyncSender<Message>,
    ) -> Result<Self, OpenError> {
        let root = disk::root_id(&config.root).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => OpenError::Missing(config.root.clone()),
            std::io::ErrorKind::NotADirectory => OpenError::NotAFolder(config.root.clone()),
            _ => OpenError::unreadable(&config.root, error),
        })?;
        std::fs::read_dir(&config.root)
            .map_err(|error| OpenError::unreadable(&config.root, error))?;
        let shared = Arc::new(Shared {
            pictures: ArcSwap::from_pointee(Pictures::beginning(Index::default(), Vec::new())),
            state: ArcSwap::from_pointee(State::beginning(Instant::now())),
            missed: Arc::new(AtomicBool::new(false)),
            stop: AtomicBool::new(false),
            feeds: OnceLock::new(),
            recalled: AtomicUsize::new(0),
        });
        Ok(Self {
            config,
            sender,
            shared,
            memory: Memory::default(),
            walked: Vec::new(),
            watch: None,
            no_watch: String::new(),
            root: Some(root),
            pending: 0,
            keeping: None,
            walking: None,
        })
    }

    /// Starts watching, and reads everything.
    pub(super) fn begin(&mut self) {
        first::read(self);
        if !self.config.serve_at_once {
            self.settle();
        }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Works until told to stop.
    pub(super) fn run(mut self, receiver: &Receiver<Message>) {
        self.follow(receiver);
        self.settle();
    }

    fn follow(&mut self, receiver: &Receiver<Message>) {
        let mut due = Due::after(self.interval());
        while !self.shared.stop.load(Ordering::Acquire) {
            if self.end_walk() {
                due = Due::after(self.interval());
            }
            self.index();
            self.settle();
            self.keep();
            let mut compare = false;
            let mut told: Vec<PathBuf> = Vec::new();
            // While a walk goes on, its end is waited for.
            let least = if self.is_walking() {
                MIN_POLL
            } else {
                Duration::ZERO
            };
            match receiver.recv_timeout(due.left().max(least)) {
                Ok(first) => {
                    for message in std::iter::once(first).chain(receiver.try_iter()) {
                        match message {
                            Message::Changed(mut paths) => told.append(&mut paths),
                            Message::Compare => compare = true,
                            Message::Walked => {}
                            Message::Stop => return,
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            compare |= self.shared.missed.swap(false, Ordering::AcqRel);
            compare |= due.is_past() && !self.is_walking(); // also when changes never end
            if told.contains(&self.config.root) {
                // The folder itself was moved or deleted; what watches it watches something else now.
                self.watch = None;
            }
            self.note_told(&told);
            let clear = self.reread(&told);
            if !clear {
                self.doubt(&told);
            }
            if compare || !clear {
                self.compare();
                due = Due::after(self.interval());
            } else if !told.is_empty() {
                due.told(self.shared.state.load().took);
            }
        }
    }

    /// Brings the notes into the index that were served without.
    fn index(&self) {
        let pictures = self.shared.pictures.load_full();
        if pictures.seen(Sight::Whole).unindexed() > 0 {
            self.shared.pictures.store(Arc::new(pictures.indexed()));
        }
    }

    /// Notes told to have changed are read again even if their stamps look the same.
    fn doubt(&mut self, told: &[PathBuf]) {
        for file in told {
            if let Some(found) = disk::find_one(&self.config.root, file) {
                self.memory.doubt(&found.path);
            }
        }
    }

    fn interval(&self) -> Duration {
        let state = self.shared.state.load();
        if self.watch.is_some() && state.root_present {
            return self.config.rescan_interval.max(MIN_POLL / 10);
        }
        (state.took * 10)
            .max(MIN_POLL)
            .min(self.config.rescan_interval.max(MIN_POLL / 10))
    }

    pub(super) fn start_watching(&mut self) {
        if !self.config.watch {
            "switched off".clone_into(&mut self.no_watch);
            return;
        }
        match Watch::start(&self.config, &self.shared.missed, &self.sender) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => {
                let reason = cause(&error);
                if reason != self.no_watch {
                    tracing::warn!(%reason, "vault.watch unavailable; comparing often instead");
                }
                self.no_watch = reason;
            }
        }
    }
}
