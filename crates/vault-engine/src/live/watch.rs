//! Asks the operating system for changes.
//!
//! In: the vault's folder. Out: messages to the keeper, at most as many as its queue holds.
//! Never: reading; a symbolic link followed.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::SyncSender,
    },
    time::Duration,
};

use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer_opt,
    notify::{
        self, Config, EventKind, RecommendedWatcher, RecursiveMode,
        event::{AccessKind, AccessMode},
    },
};

use super::Message;
use crate::{
    VaultConfig,
    disk::{is_hidden, is_ignored},
    patterns::Patterns,
};

const MIN_DEBOUNCE: Duration = Duration::from_millis(20);

/// A running watcher; dropping it stops its threads.
pub(super) struct Watch {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

impl Watch {
    /// Starts watching a vault's folder with everything below it.
    pub(super) fn start(
        vault: &VaultConfig,
        missed: &Arc<AtomicBool>,
        sender: &SyncSender<Message>,
    ) -> notify::Result<Self> {
        let (missed, sender) = (Arc::clone(missed), sender.clone());
        let (folder, ignore) = (vault.root.clone(), vault.ignore.clone());
        let handler = move |result: DebounceEventResult| {
            let message = match result {
                Ok(events) => message(&folder, &ignore, &events),
                Err(errors) => {
                    tracing::warn!(
                        count = errors.len(),
                        first = errors.first().map(tracing::field::display),
                        "vault.watch failed"
                    );
                    Some(Message::Compare)
                }
            };
            if let Some(message) = message
                && sender.try_send(message).is_err()
            {
                missed.store(true, Ordering::Release);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let debounce = vault.debounce.max(MIN_DEBOUNCE);
        let mut debouncer =
            new_debouncer_opt(debounce, None, handler, RecommendedCache::new(), config)?;
        debouncer.watch(&vault.root, RecursiveMode::Recursive)?;
        Ok(Self {
            _debouncer: debouncer,
        })
    }
}

/// What events mean; reading a file is an event too and means nothing.
fn message(root: &Path, ignore: &Patterns, events: &[DebouncedEvent]) -> Option<Message> {
    if events.iter().any(|event| event.need_rescan()) {
        return Some(Message::Compare);
    }
    let told = events
        .iter()
        .filter(|event| is_change(event.kind))
        .flat_map(|event| event.paths.iter());
    let mut paths: Vec<PathBuf> = told
        .filter(|path| !is_hidden(root, path) && !is_ignored(root, path, false, ignore))
        .cloned()
        .collect();
    paths.sort();
    paths.dedup();
    (!paths.is_empty()).then_some(Message::Changed(paths))
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
