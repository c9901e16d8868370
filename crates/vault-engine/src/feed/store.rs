//! The feed's file: what was known of every note, and what changed since, a JSON value a line.
//!
//! In: a state folder. Out: what the last run left there, or nothing when it cannot be trusted.
//! Never: a half-written line believed; two processes in one file; readable for others.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{ChangeEvent, ChangeKind, entry::Entry, log::Kept};
use crate::{Sight, Snapshot};

pub(super) const VERSION: u32 = 1;
/// Longest line that is believed, in bytes.
const MAX_LINE: usize = 64 * 1024;
/// How the line of a note begins.
const NOTE: &[u8] = b"{\"note\":";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Head {
        version: u32,
        name: String,
        kept_since: String,
        first: u64,
    },
    Note(Entry),
    /// An older change, which the notes of this file know already.
    Past(Box<ChangeEvent>),
    /// An older change that is not told any more, and when it was.
    Untold(String),
    Change(Box<(ChangeEvent, Entry)>),
    /// The hash of the picture that everything above amounts to.
    At(String),
}

/// What the last run left.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) name: String,
    pub(super) kept_since: String,
    pub(super) first: u64,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) changes: VecDeque<Kept>,
    /// Nothing changed since: the notes are those of the picture that was asked about, and `entries` was not read.
    pub(super) same: bool,
}

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    file: File,
    /// Held as long as this process uses the folder's file.
    _lock: File,
    changes: usize,
}

impl Store {
    /// Opens the file of one sight, and reads it: the changes alone when it ends at the picture with this hash.
    pub(super) fn open(
        folder: &Path,
        sight: Sight,
        hash: &str,
    ) -> io::Result<(Self, Option<Remembered>)> {
        fs::create_dir_all(folder)?;
        let name = match sight {
            Sight::Open => "changes-open",
            Sight::Whole => "changes-whole",
        };
        let lock = private(&folder.join(format!("{name}.lock")))?;
        lock.try_lock()
            .map_err(|_| io::Error::other("another process uses the state folder"))?;
        let path = folder.join(format!("{name}.ndjson"));
        let file = private(&path)?;
        let same = ends_at(&file, hash)?;
        let remembered = read(&file, same)?;
        let (length, remembered) =
            remembered.map_or((0, None), |(length, read)| (length, Some(read)));
        // What is behind the last whole line was being written when the process ended.
        file.set_len(length)?;
        let changes = remembered.as_ref().map_or(0, |read| read.changes.len());
        let store = Self {
            path,
            file,
            _lock: lock,
            changes,
        };
        Ok((store, remembered))
    }

    /// Changes that the file holds.
    pub(super) const fn changes(&self) -> usize {
        self.changes
    }

    /// Puts everything into a new file in the place of the old.
    pub(super) fn rewrite(
        &mut self,
        head: &Line,
        snapshot: &Snapshot,
        kept: &VecDeque<Kept>,
    ) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let _ = fs::remove_file(&fresh);
        let file = private(&fresh)?;
        let mut out = BufWriter::new(&file);
        write(&mut out, head)?;
        for note in snapshot.notes() {
            write(&mut out, &Line::Note(Entry::of(note)))?;
        }
        for Kept { at, event } in kept {
            let line = match event {
                Some(event) => Line::Past(Box::new(ChangeEvent::clone(event))),
                None => Line::Untold(at.clone()),
            };
            write(&mut out, &line)?;
        }
        write(&mut out, &Line::At(snapshot.hash().to_string()))?;
        out.flush()?;
        drop(out);
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        self.file = private(&self.path)?;
        self.changes = kept.len();
        Ok(())
    }

    /// Adds changes; they are on the disk when this returns.
    pub(super) fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut out = Vec::new();
        for line in lines {
            write(&mut out, line)?;
        }
        self.file.write_all(&out)?;
        self.file.sync_data()?;
        let changes = lines.iter().filter(|line| matches!(line, Line::Change(_)));
        self.changes += changes.count();
        Ok(())
    }

    /// Leaves nothing that a later run could take for the truth.
    pub(super) fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn write(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// A file for this user alone, written at its end.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Whether the last line says that the file amounts to the picture with this hash.
fn ends_at(mut file: &File, hash: &str) -> io::Result<bool> {
    let mut wanted = Vec::new();
    write(&mut wanted, &Line::At(hash.to_owned()))?;
    let length = file.metadata()?.len();
    let Some(start) = length.checked_sub(wanted.len() as u64) else {
        return Ok(false);
    };
    file.seek(SeekFrom::Start(start))?;
    let mut last = Vec::with_capacity(wanted.len());
    file.take(wanted.len() as u64).read_to_end(&mut last)?;
    file.rewind()?;
    Ok(last == wanted)
}

/// Everything up to the first line that is not whole, and where that begins; nothing when the head is not ours. Of notes that
/// are the `same` nothing has to be known.
fn read(file: &File, same: bool) -> io::Result<Option<(u64, Remembered)>> {
    let mut lines = BufReader::new(file);
    let mut remembered: Option<Remembered> = None;
    let (mut length, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line)?;
        let whole = line.ends_with(b"\n") && line.len() <= MAX_LINE;
        if same && whole && remembered.is_some() && line.starts_with(NOTE) {
            length += read as u64;
            continue;
        }
        let Some(parsed) = whole.then(|| serde_json::from_slice(&line).ok()).flatten() else {
            return Ok(remembered.map(|remembered| (length, remembered)));
        };
        match (&mut remembered, parsed) {
            (
                None,
                Line::Head {
                    version,
                    name,
                    kept_since,
                    first,
                },
            ) if version == VERSION => {
                remembered = Some(Remembered {
                    name,
                    kept_since,
                    first,
                    same,
                    ..Remembered::default()
                });
            }
            (Some(known), Line::Note(entry)) => {
                known.entries.insert(entry.note.path.clone(), entry);
            }
            (Some(known), Line::Past(event)) => known.changes.push_back(Kept::told(*event)),
            (Some(known), Line::Untold(at)) => known.changes.push_back(Kept { at, event: None }),
            (Some(known), Line::Change(change)) => known.follow(change.0, change.1),
            (Some(_), Line::At(_)) => {}
            _ => return Ok(None),
        }
        length += read as u64;
    }
}

impl Remembered {
    fn follow(&mut self, event: ChangeEvent, entry: Entry) {
        if let Some(from) = &event.from {
            self.entries.remove(from);
        }
        if event.kind == ChangeKind::Removed {
            self.entries.remove(&event.note.path);
        } else {
            self.entries.insert(event.note.path.clone(), entry);
        }
        self.changes.push_back(Kept::told(event));
    }
}
