//! The log in a file, for services without a database: one line of JSON a record.
//!
//! In: entries, from any thread. Out: lines, on the disk before a waiting caller is answered. Never: two writers of one file,
//! a queue without a bound, a line that is taken back.
//!
//! *Order and safety.* One thread writes. What waits is written together (at most [`BATCH`] records) and then `fdatasync`ed;
//! only then [`Handle::record`] returns. `kill -9` loses what nobody was told of, and may leave the last line half
//! written: the next start keeps these bytes, ends the line, and writes a record `audit_recovered` with their number and
//! SHA-256, which [`verify_files`] demands behind anything unreadable.
//!
//! *Rotation.* A file that has reached [`FileSettings::max_bytes`] is renamed to `NAME.<number of its last record>.jsonl` and the
//! chain goes on in a new one. Nothing is deleted; old files may be moved away, oldest first.

mod open;
mod verify;
mod write;

use std::{io, path::PathBuf, thread::JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::{chain::Head, record::Entry};
use write::{Job, Writer};

pub use verify::{Verified, verify_files};

/// Records that are written together at most.
const BATCH: usize = 64;
/// The longest line that is read, in bytes; the longest that is written is shorter.
const MAX_LINE: usize = 64 * 1024;
/// What a log's name ends with.
const SUFFIX: &str = ".jsonl";

/// Where the log is and how much of it waits.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// The file that is written; its directory must be there.
    pub path: PathBuf,
    /// From how many bytes on a file is put aside.
    pub max_bytes: u64,
    /// How many records may wait to be written.
    pub queue: usize,
}

impl FileSettings {
    /// A log at `path` with 64 MiB a file and 1024 waiting records.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self {
            path,
            max_bytes: 64 * 1024 * 1024,
            queue: 1024,
        }
    }
}

/// Why something is not in the log.
#[derive(Debug, thiserror::Error)]
pub enum FileLogError {
    /// The file cannot be used.
    #[error("the audit log {path} cannot be used: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the audit log {path} is written by another process; give each its own file", path = .0.display())]
    InUse(PathBuf),
    /// No record can be found at its end.
    #[error("the audit log {path} does not end with a record; move it away as evidence and start again", path = .0.display())]
    Damaged(PathBuf),
    /// More records wait than may.
    #[error("the audit log does not keep up: too many records wait to be written")]
    Full,
    /// A record was not written.
    #[error("the audit log was not written: {0}")]
    Failed(String),
    /// The log has been closed.
    #[error("the audit log is closed")]
    Closed,
}

/// An open log. Dropping it writes what waits and closes the file.
#[derive(Debug)]
pub struct FileLog {
    handle: Option<Handle>,
    thread: Option<JoinHandle<()>>,
}

/// Records things in a log. Clones share it.
#[derive(Clone, Debug)]
pub struct Handle {
    queue: mpsc::Sender<Job>,
}

impl FileLog {
    /// Opens the log (mode 0600 when it is new), takes its lock, and goes on after the last record, whatever a crash has left.
    ///
    /// # Errors
    /// [`FileLogError`] names the file and says what to do.
    pub fn open(settings: &FileSettings) -> Result<Self, FileLogError> {
        let writer = Writer::open(settings)?;
        let (queue, jobs) = mpsc::channel(settings.queue.max(1));
        let thread = std::thread::Builder::new()
            .name("loop-audit".to_owned())
            .spawn(move || writer.serve(jobs))
            .map_err(|source| FileLogError::Io {
                path: settings.path.clone(),
                source,
            })?;
        Ok(Self {
            handle: Some(Handle { queue }),
            thread: Some(thread),
        })
    }

    /// How to record things; `None` never happens before the log is dropped.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        self.handle.clone()
    }
}

impl Drop for FileLog {
    /// Waits until everything is written, unless another [`Handle`] lives on: then that is who ends the thread.
    fn drop(&mut self) {
        let last = self
            .handle
            .take()
            .is_some_and(|handle| handle.queue.strong_count() == 1);
        if let Some(thread) = self.thread.take()
            && last
        {
            let _ = thread.join();
        }
    }
}

impl Handle {
    /// Records something and waits until it is on the disk. Returns the head after it.
    ///
    /// # Errors
    /// [`FileLogError::Full`] at once when too many wait; [`FileLogError::Failed`] when the disk refuses. It is not in the log
    /// then; whoever must not act unseen does not act.
    pub async fn record(&self, entry: Entry) -> Result<Head, FileLogError> {
        let (reply, outcome) = oneshot::channel();
        self.send(Job {
            entry,
            reply: Some(reply),
        })?;
        outcome
            .await
            .map_err(|_| FileLogError::Closed)?
            .map_err(FileLogError::Failed)
    }

    /// Records something without waiting; a failure of the disk is logged as an error.
    ///
    /// # Errors
    /// [`FileLogError::Full`] or [`FileLogError::Closed`]: it is not in the log.
    pub fn note(&self, entry: Entry) -> Result<(), FileLogError> {
        self.send(Job { entry, reply: None })
    }

    fn send(&self, job: Job) -> Result<(), FileLogError> {
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => FileLogError::Full,
            mpsc::error::TrySendError::Closed(_) => FileLogError::Closed,
        })
    }
}

#[cfg(test)]
mod tests;
