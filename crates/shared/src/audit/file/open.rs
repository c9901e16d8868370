//! Opens a log's file and finds where its chain goes on.
//!
//! In: a path. Out: the locked file, the head, and what a crash left behind the last record. Never: shortens a file.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{FileLogError, MAX_LINE, SUFFIX};
use crate::audit::{chain::Head, record::Record};

/// How long the lock is asked for.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// A log's file, ready to be written at its end.
pub(super) struct Opened {
    pub(super) file: File,
    /// Its length in bytes.
    pub(super) length: u64,
    /// The last record.
    pub(super) head: Head,
    /// What stands behind the last record and is none.
    pub(super) torn: Vec<u8>,
    /// The last record is whole, but its line has no end.
    pub(super) unended: bool,
}

/// Opens and locks the file; goes on after older files when it is new or empty.
pub(super) fn open(path: &Path) -> Result<Opened, FileLogError> {
    let io = |source| FileLogError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = append(path).map_err(io)?;
    lock(&file, path)?;
    let length = file.metadata().map_err(io)?.len();
    let tail = read_tail(&mut file, length).map_err(io)?;
    let (mut head, mut torn) = split(&tail);
    let unended = read(torn);
    if let Some(last) = unended {
        (head, torn) = (Some(last), &[]);
    }
    if head.is_none() {
        if length > tail.len() as u64 {
            return Err(FileLogError::Damaged(path.to_owned()));
        }
        head = newest_archive(path).map_err(io)?.map_or(Ok(None), |old| {
            last_of(&old)?.map_or(Err(FileLogError::Damaged(old)), |head| Ok(Some(head)))
        })?;
    }
    Ok(Opened {
        length,
        head: head.unwrap_or(Head::GENESIS),
        torn: torn.to_vec(),
        unended: unended.is_some(),
        file,
    })
}

/// Takes the lock. A program that this process starts has every open file until it runs, so a lock that was just let go may be
/// held for a moment more; whoever holds it longer is another writer.
fn lock(file: &File, path: &Path) -> Result<(), FileLogError> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_PATIENCE / 50);
            }
            Err(TryLockError::WouldBlock) => return Err(FileLogError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => {
                return Err(FileLogError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        }
    }
}

/// Opens for reading and appending; new files are for their owner alone.
pub(super) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The head of a file that is not written any more.
fn last_of(path: &Path) -> Result<Option<Head>, FileLogError> {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        read_tail(&mut file, length)
    };
    let tail = read().map_err(|source| FileLogError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(split(&tail).0)
}

fn read_tail(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    // A torn line, and a whole one before it.
    let from = length.saturating_sub(2 * MAX_LINE as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

/// The last record in these bytes, and what stands behind it. A whole record whose line has no end counts as torn.
fn split(tail: &[u8]) -> (Option<Head>, &[u8]) {
    let mut end = tail.len();
    while let Some(newline) = tail
        .get(..end)
        .and_then(|it| it.iter().rposition(|b| *b == b'\n'))
    {
        let start = tail
            .get(..newline)
            .and_then(|it| it.iter().rposition(|b| *b == b'\n'))
            .map_or(0, |at| at + 1);
        let line = tail.get(start..newline).unwrap_or_default();
        if let Some(head) = read(line) {
            return (Some(head), tail.get(newline + 1..).unwrap_or_default());
        }
        end = newline;
    }
    (None, tail)
}

/// The head after the record that a line is.
fn read(line: &[u8]) -> Option<Head> {
    let line = std::str::from_utf8(line).ok()?;
    Record::from_line(line).map(|record| record.head())
}

/// Where a file goes whose last record has this number.
pub(super) fn archive_of(path: &Path, seq: u64) -> PathBuf {
    path.with_file_name(format!("{}.{seq:020}{SUFFIX}", stem(path)))
}

/// The file's name without `.jsonl`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned()
}

/// The files that were put aside, oldest first.
pub(super) fn archives(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = folder_of(path);
    let prefix = format!("{}.", stem(path));
    let is_archive = |name: &str| {
        name.strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(SUFFIX))
            .is_some_and(|seq| seq.len() == 20 && seq.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if is_archive(&file.file_name().to_string_lossy()) {
            found.push(file.path());
        }
    }
    found.sort();
    Ok(found)
}

fn newest_archive(path: &Path) -> io::Result<Option<PathBuf>> {
    Ok(archives(path)?.pop())
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
