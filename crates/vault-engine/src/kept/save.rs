//! Writes what the next start needs.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    FILE, KeptNote, MAX_FILE,
    frames::{FramesOut, MAX_FRAME},
    is_private,
    load::{NOTES, PIECE},
    pieces::{self, GONE},
};
use crate::{
    Note,
    index::{NOWHERE, Placed},
    names::At,
    wire::Written,
};

/// Bytes of notes after which a frame is closed.
const FULL: usize = 1024 * 1024;

/// Everything that is to be written: one moment of the vault.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) head: Vec<u8>,
    pub(super) root: PathBuf,
    /// By path, as in the snapshot.
    pub(super) notes: Vec<KeptNote<Arc<Note>>>,
    pub(super) pieces: Vec<Placed>,
}

/// Puts a new file in the place of the old one; returns its size.
pub(super) fn save(folder: &Path, moment: &Moment) -> io::Result<u64> {
    make(folder)?;
    is_private(folder)?;
    let fresh = folder.join(format!("{FILE}.new"));
    let _ = fs::remove_file(&fresh);
    let saved = write(&fresh, moment).and_then(|bytes| {
        fs::rename(&fresh, folder.join(FILE))?;
        Ok(bytes)
    });
    if saved.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    saved
}

fn write(fresh: &Path, moment: &Moment) -> io::Result<u64> {
    let file = private(fresh)?;
    let mut out = FramesOut::begin(BufWriter::with_capacity(256 * 1024, &file))?;
    out.put(&moment.head)?;
    let (mut notes, mut count) = (Written::default(), 0);
    for kept in &moment.notes {
        let note = KeptNote {
            file: kept.file.clone(),
            stamp: kept.stamp,
            note: &*kept.note,
        };
        super::notes::write(&mut notes, &moment.root, &note)
            .ok_or_else(|| io::Error::other("a file's name cannot be written"))?;
        count += 1;
        if notes.0.len() > MAX_FRAME / 2 {
            return Err(io::Error::other("a note is too large"));
        }
        if notes.0.len() > FULL {
            out.put(&frame_of_notes(&mut notes, count))?;
            count = 0;
        }
    }
    out.put(&frame_of_notes(&mut notes, count))?;
    for placed in &moment.pieces {
        let piece = frame_of_piece(placed);
        // Its notes are indexed anew at the next start.
        if piece.len() <= MAX_FRAME {
            out.put(&piece)?;
        }
    }
    out.end()?.flush()?;
    let bytes = file.metadata()?.len();
    if bytes > MAX_FILE {
        return Err(io::Error::other("it would be too large"));
    }
    file.sync_all()?;
    Ok(bytes)
}

/// A frame of so many notes, which are written already; they are taken out.
pub(super) fn frame_of_notes(notes: &mut Written, count: usize) -> Vec<u8> {
    let mut out = Written(vec![NOTES]);
    out.length(count);
    out.0.append(&mut notes.0);
    out.0
}

/// A frame of one piece; it names notes by their number among all.
pub(super) fn frame_of_piece(placed: &Placed) -> Vec<u8> {
    let number = |&at: &At| if at == NOWHERE { GONE } else { at };
    let numbers: Vec<u32> = placed.at.iter().map(number).collect();
    let mut out = Written(vec![PIECE]);
    pieces::write(&mut out, &numbers, &placed.segment);
    out.0
}

/// A folder for this user alone, unless it is there.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// A new file for this user alone.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
