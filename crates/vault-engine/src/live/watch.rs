//! Asks the operating system for changes.
//!
//! In: the vault's folder. Out: messages to the keeper, each of all that was told within a moment, at most as many as its queue
//! holds.
//! Never: reading; a symbolic link followed; a change held back for longer than that moment because others follow it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use notify::{
    Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use super::Message;
use crate::{
    VaultConfig,
    disk::{is_hidden, is_ignored},
    patterns::Patterns,
};

const MIN_MOMENT: Duration = Duration::from_millis(20);
/// Paths told in one message; of more the whole folder is compared.
const MAX_PATHS: usize = 4_096;
/// Events that wait to be collected.
const QUEUE: usize = 4_096;

/// A running watcher; dropping it stops its threads.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
}

/// What one event means.
enum Told {
    Paths(Vec<PathBuf>),
    /// Something is missing.
    Doubt,
}

impl Watch {
    /// Starts watching a vault's folder with everything below it.
    pub(super) fn start(
        vault: &VaultConfig,
        missed: &Arc<AtomicBool>,
        sender: &SyncSender<Message>,
    ) -> notify::Result<Self> {
        let (tell, told) = sync_channel(QUEUE);
        let (folder, ignore) = (vault.root.clone(), vault.ignore.clone());
        let overflow = Arc::clone(missed);
        let handler = move |result: notify::Result<Event>| {
            if let Some(told) = meaning(&folder, &ignore, result)
                && tell.try_send(told).is_err()
            {
                overflow.store(true, Ordering::Release);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(handler, config)?;
        watcher.watch(&vault.root, RecursiveMode::Recursive)?;
        let (missed, sender) = (Arc::clone(missed), sender.clone());
        let moment = vault.debounce.max(MIN_MOMENT);
        // It ends with the watcher, which holds the other end.
        thread::Builder::new()
            .name("vault-watch".to_owned())
            .spawn(move || collect(&told, moment, &missed, &sender))
            .map_err(notify::Error::io)?;
        Ok(Self { _watcher: watcher })
    }
}

/// Gathers what is told within a moment of the first, and passes it on.
fn collect(
    told: &Receiver<Told>,
    moment: Duration,
    missed: &AtomicBool,
    sender: &SyncSender<Message>,
) {
    while let Ok(first) = told.recv() {
        let until = Instant::now() + moment;
        let (mut paths, mut doubt, mut open) = (BTreeSet::new(), false, true);
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Told::Paths(more) => paths.extend(more),
                Told::Doubt => doubt = true,
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let more = told.recv_timeout(left);
            open = !matches!(more, Err(RecvTimeoutError::Disconnected));
            next = more.ok();
        }
        let message = if doubt || paths.len() > MAX_PATHS {
            Message::Compare
        } else {
            Message::Changed(paths.into_iter().collect())
        };
        if sender.try_send(message).is_err() {
            missed.store(true, Ordering::Release);
        }
        if !open {
            return;
        }
    }
}

/// What an event means; reading a file is an event too and means nothing.
fn meaning(root: &Path, ignore: &Patterns, result: notify::Result<Event>) -> Option<Told> {
    let event = match result {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "vault.watch failed");
            return Some(Told::Doubt);
        }
    };
    if event.need_rescan() {
        return Some(Told::Doubt);
    }
    let wanted = |path: &PathBuf| !is_hidden(root, path) && !is_ignored(root, path, false, ignore);
    let paths: Vec<PathBuf> = if is_change(event.kind) {
        event.paths.into_iter().filter(wanted).collect()
    } else {
        Vec::new()
    };
    (!paths.is_empty()).then_some(Told::Paths(paths))
}

const fn is_change(kind: EventKind) -> bool {
    let written = matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
    );
    written || !matches!(kind, EventKind::Access(_))
}

/// Why there is no watching, without paths.
pub(super) fn cause(error: &notify::Error) -> String {
    use notify::ErrorKind;
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the system's limit of watches is reached".to_owned(),
        ErrorKind::Io(error) => error.to_string(),
        ErrorKind::Generic(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
