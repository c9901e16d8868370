//! When the file is written, and by whom: a thread of its own, so that nobody waits for the disk.
//!
//! In: what the keeper knows. Out: a file now and then: soon after much was read, later after little changed.
//! Never: two writers at once; a writer that outlives the vault.

use std::{
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{KeptNote, head::head, save};
use crate::{Note, VaultConfig, disk::RootId, index::Placed};

/// Changes that are worth a new file at once: one of so many notes, and at least this many.
const MANY: usize = 16;
const LEAST: u64 = 64;
/// Shortest time between two files, and the longest that a change waits for one.
const OFTEN: Duration = Duration::from_mins(1);
const SELDOM: Duration = Duration::from_mins(10);

/// Writes the file now and then.
#[derive(Debug)]
pub(crate) struct Keeping {
    folder: PathBuf,
    /// Notes read since the file was written.
    changed: u64,
    last: Option<Instant>,
    writer: Option<JoinHandle<()>>,
}

impl Keeping {
    /// For this folder; `known` says whether its file was of use.
    pub(crate) fn new(folder: PathBuf, known: bool) -> Self {
        Self {
            folder,
            changed: 0,
            last: known.then(Instant::now),
            writer: None,
        }
    }

    /// Notes were read that the file does not know.
    pub(crate) const fn note_changes(&mut self, count: u64) {
        self.changed = self.changed.saturating_add(count);
    }

    /// Whether the file should be written now, of a vault of so many notes.
    pub(crate) fn is_due(&self, notes: usize) -> bool {
        let idle = self.writer.as_ref().is_none_or(JoinHandle::is_finished);
        let age = self.last.map(|last| last.elapsed());
        let many = self.changed >= ((notes / MANY) as u64).max(LEAST);
        let often = age.is_none_or(|age| age >= OFTEN);
        let seldom = age.is_none_or(|age| age >= SELDOM);
        idle && self.changed > 0 && (many && often || seldom)
    }

    /// Writes this moment of the vault on a thread of its own.
    pub(crate) fn write(
        &mut self,
        config: &VaultConfig,
        root: RootId,
        notes: Vec<KeptNote<Arc<Note>>>,
        pieces: Vec<Placed>,
    ) {
        self.finish();
        self.changed = 0;
        self.last = Some(Instant::now());
        let Some(head) = head(config, root) else {
            return;
        };
        let moment = save::Moment {
            head,
            root: config.root.clone(),
            notes,
            pieces,
        };
        let folder = self.folder.clone();
        let writer = thread::Builder::new()
            .name("vault-kept".to_owned())
            .spawn(move || write(&folder, &moment));
        self.writer = writer.ok();
    }

    fn finish(&mut self) {
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.finish();
    }
}

#[tracing::instrument(name = "vault.keep", skip_all, fields(notes = moment.notes.len(), bytes))]
fn write(folder: &std::path::Path, moment: &save::Moment) {
    match save::save(folder, moment) {
        Ok(bytes) => {
            tracing::Span::current().record("bytes", bytes);
        }
        Err(error) => {
            tracing::warn!(%error, "what the next start needs cannot be kept; it will read every note");
        }
    }
}
