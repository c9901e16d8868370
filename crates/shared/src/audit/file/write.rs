//! The thread that writes a log.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    BATCH, FileLogError, FileSettings,
    open::{self, Opened},
};
use crate::{
    audit::{
        chain::{Hash, Head, link},
        record::{Entry, Outcome},
    },
    service::clock::{Clock as _, SystemClock},
};

/// The event that stands behind bytes which a crash has left.
pub(super) const RECOVERED: &str = "audit_recovered";

/// Something to be written, and who waits for it.
pub(super) struct Job {
    pub(super) entry: Entry,
    pub(super) reply: Option<oneshot::Sender<Result<Head, String>>>,
}

/// The open file and the chain's end.
pub(super) struct Writer {
    path: PathBuf,
    max_bytes: u64,
    file: File,
    length: u64,
    head: Head,
    /// A write failed half-way and could not be taken back: the file is to be looked at anew.
    lost: bool,
}

impl Writer {
    /// Opens the file; records what a crash has left.
    pub(super) fn open(settings: &FileSettings) -> Result<Self, FileLogError> {
        let path = settings.path.clone();
        let Opened {
            file,
            length,
            head,
            torn,
            unended,
        } = open::open(&path)?;
        let mut writer = Self {
            max_bytes: settings.max_bytes,
            file,
            length,
            head,
            lost: false,
            path: path.clone(),
        };
        writer
            .recover(torn, unended)
            .and_then(|()| File::open(open::folder_of(&path))?.sync_all())
            .map_err(|source| FileLogError::Io { path, source })?;
        Ok(writer)
    }

    /// Writes until nobody can send any more.
    pub(super) fn serve(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job);
            }
            self.write(batch);
        }
    }

    /// Writes a batch and answers it.
    fn write(&mut self, batch: Vec<Job>) {
        let mut replies = Vec::with_capacity(batch.len());
        let mut entries = Vec::with_capacity(batch.len());
        for job in batch {
            entries.push(job.entry);
            replies.push(job.reply);
        }
        let heads = match self.append(entries) {
            Ok(heads) => heads.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, path = %self.path.display(), records = replies.len(), "the audit log was not written");
                vec![Err(error.to_string()); replies.len()]
            }
        };
        for (reply, head) in replies.into_iter().zip(heads) {
            // Who does not wait does not hear it.
            let _ = reply.map(|reply| reply.send(head));
        }
    }

    /// Appends and syncs; on failure the chain stays where it was.
    fn append(&mut self, entries: Vec<Entry>) -> io::Result<Vec<Head>> {
        if self.lost {
            self.look_again()?;
        }
        if self.length >= self.max_bytes {
            self.rotate()?;
        }
        let (mut head, mut text, mut heads) = (self.head, String::new(), Vec::new());
        for entry in entries {
            let record = link(head, entry);
            text.push_str(&record.to_line()?);
            text.push('\n');
            head = record.head();
            heads.push(head);
        }
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Nobody was told of these bytes. If they stay, the next write finds them as a crash's.
            self.lost = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.head = head;
        self.length += text.len() as u64;
        Ok(heads)
    }

    /// Ends a torn line and says so in a record.
    fn recover(&mut self, mut torn: Vec<u8>, unended: bool) -> io::Result<()> {
        if unended {
            self.file.write_all(b"\n")?;
            self.length += 1;
        }
        if torn.is_empty() {
            return Ok(());
        }
        if torn.last() != Some(&b'\n') {
            self.file.write_all(b"\n")?;
            self.length += 1;
            torn.push(b'\n');
        }
        tracing::warn!(path = %self.path.display(), bytes = torn.len(), "the audit log ended in the middle of a record; it goes on behind it");
        let entry = Entry::new(SystemClock.now(), RECOVERED, Outcome::Done)
            .actor("system")
            .with("bytes", torn.len())
            .with("sha256", Hash::of(&torn));
        self.append(vec![entry]).map(drop)
    }

    fn look_again(&mut self) -> io::Result<()> {
        self.file.unlock()?;
        let opened = open::open(&self.path).map_err(|error| io::Error::other(error.to_string()))?;
        self.file = opened.file;
        self.length = opened.length;
        self.head = opened.head;
        self.lost = false;
        self.recover(opened.torn, opened.unended)
    }

    /// Puts the file aside and begins another.
    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, open::archive_of(&self.path, self.head.seq))?;
        let file = open::append(&self.path)?;
        file.try_lock()
            .map_err(|_| io::Error::other("another process has the new file"))?;
        File::open(open::folder_of(&self.path))?.sync_all()?;
        self.file = file;
        self.length = 0;
        Ok(())
    }
}
