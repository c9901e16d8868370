//! Reads what the last run left.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read},
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use loop_shared::vault::NotePath;

use super::{
    FILE, KeptNote, MAX_FILE,
    frames::FramesIn,
    head::head,
    is_private, notes,
    pieces::{self, GONE, Piece},
};
use crate::{
    Note, VaultConfig,
    disk::RootId,
    index::{Index, Segment},
    wire::Rest,
};

const MAX_THREADS: usize = 8;

/// What the last run left.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The notes, by path.
    pub(crate) notes: Vec<KeptNote<Arc<Note>>>,
    /// The index of these notes.
    pub(crate) index: Index,
}

/// One frame behind the first.
enum Frame {
    Notes(Vec<KeptNote<Note>>),
    Piece(Piece),
}

/// What kind of frame it is: its first byte.
pub(super) const NOTES: u8 = 1;
pub(super) const PIECE: u8 = 2;

/// Reads the file of a state folder; nothing when there is none, or it is not to be believed. A line in the log says why.
pub(crate) fn load(folder: &Path, config: &VaultConfig, root: RootId) -> Kept {
    match read(folder, config, root) {
        Ok(kept) => kept,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
        Err(error) => {
            tracing::warn!(%error, "what the last run kept of the vault is not used; every note is read");
            Kept::default()
        }
    }
}

fn read(folder: &Path, config: &VaultConfig, root: RootId) -> io::Result<Kept> {
    is_private(folder)?;
    let file = open(&folder.join(FILE))?;
    let doubt = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let broken = || doubt("the file is damaged");
    let mut frames = FramesIn::begin(BufReader::with_capacity(64 * 1024, file.take(MAX_FILE)))
        .ok_or_else(broken)?;
    let mut first = Vec::new();
    frames.next(&mut first).ok_or_else(broken)?;
    if head(config, root).is_none_or(|expected| expected != first) {
        return Err(doubt("it is of another program or another vault"));
    }
    let frames = Mutex::new(frames);
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        let mut frame = Vec::new();
        while let Some(number) = { lock(&frames).next(&mut frame) } {
            lock(&found).insert(number, decode(&frame, &config.root));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 1..threads.min(MAX_THREADS) {
            scope.spawn(work);
        }
        work();
    });
    if !lock(&frames).is_whole() {
        return Err(broken());
    }
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    together(found.into_values()).ok_or_else(broken)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decode(frame: &[u8], root: &Path) -> Option<Frame> {
    let (&kind, rest) = frame.split_first()?;
    let mut rest = Rest(rest);
    let frame = match kind {
        NOTES => Frame::Notes(rest.many(|rest| notes::read(rest, root))?),
        PIECE => Frame::Piece(pieces::read(&mut rest)?),
        _ => return None,
    };
    rest.0.is_empty().then_some(frame)
}

/// Gives the pieces their notes.
fn together(frames: impl Iterator<Item = Option<Frame>>) -> Option<Kept> {
    let mut kept = Kept::default();
    let mut pieces = Vec::new();
    for frame in frames {
        match frame? {
            Frame::Notes(notes) => kept.notes.extend(notes.into_iter().map(shared)),
            Frame::Piece(piece) => pieces.push(piece),
        }
    }
    if !kept.notes.is_sorted_by(|a, b| a.note.path < b.note.path) {
        return None;
    }
    let gone = Arc::new(Note::read(NotePath::parse("gone.md").ok()?, b""));
    let mut placed = Vec::with_capacity(pieces.len());
    for Piece { notes: at, parts } in pieces {
        let note = |&number: &u32| {
            if number == GONE {
                return Some(Arc::clone(&gone));
            }
            let kept = kept.notes.get(number as usize)?;
            Some(Arc::clone(&kept.note))
        };
        let notes: Option<Vec<Arc<Note>>> = at.iter().map(note).collect();
        placed.push((Arc::new(Segment::again(notes?, parts)), at));
    }
    kept.index = Index::of_pieces(placed, kept.notes.len());
    Some(kept)
}

fn shared(kept: KeptNote<Note>) -> KeptNote<Arc<Note>> {
    KeptNote {
        file: kept.file,
        stamp: kept.stamp,
        note: Arc::new(kept.note),
    }
}

/// A regular file that is this user's alone.
fn open(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = OpenOptions::new().read(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if file.metadata()?.mode() & 0o077 != 0 {
            return Err(io::Error::other("others may read or write it"));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Snapshot,
        kept::save::{frame_of_notes, frame_of_piece},
        query::Page,
        search::search,
        wire::Written,
    };
    use proptest::prelude::*;

    fn frames(snapshot: &Snapshot) -> Vec<Vec<u8>> {
        let mut notes = Written::default();
        for note in snapshot.notes() {
            let kept = KeptNote {
                file: Path::new("/v").join(note.path.as_str()),
                stamp: None,
                note: &**note,
            };
            notes::write(&mut notes, Path::new("/v"), &kept).unwrap();
        }
        let pieces = snapshot.index().pieces().iter().map(frame_of_piece);
        let notes = frame_of_notes(&mut notes, snapshot.notes().len());
        [notes].into_iter().chain(pieces).collect()
    }

    fn vault() -> Snapshot {
        Snapshot::of_texts([
            (
                "a.md",
                "---\nentity_id: a\ndue: 2026-01-02\nn: [1, 2.5]\n---\n# One 결제\n[[b]] OAuth token #tag",
            ),
            ("b.md", "---\nx: \"open\n---\n롤백했다 [[nowhere]]"),
            ("c/d.md", "session tokens, session token"),
        ])
    }

    #[test]
    fn notes_and_pieces_are_read_as_they_were_written() {
        let snapshot = vault();
        let frames = frames(&snapshot);
        let kept = together(frames.iter().map(|frame| decode(frame, Path::new("/v")))).unwrap();
        let notes: Vec<_> = kept.notes.into_iter().map(|kept| kept.note).collect();
        assert_eq!(format!("{notes:?}"), format!("{:?}", snapshot.notes()));
        let beginning = Snapshot::beginning(kept.index, notes.clone());
        assert!(search(&beginning, "결제", &Page::default()).unwrap().total == 0);
        let again = beginning.next(notes, &[]);
        assert_eq!(again.unindexed(), 0);
        for query in ["결제", "token", "\"session token\"", "tag:tag", "롤백 -one"] {
            let found = |snapshot| format!("{:?}", search(snapshot, query, &Page::default()));
            assert_eq!(found(&again), found(&snapshot), "{query}");
        }
    }

    proptest! {
        /// Whoever can make a checksum fit still cannot make the service panic.
        #[test]
        fn a_frame_that_lies_ends_in_nothing_or_in_answers_and_not_in_a_panic(
            which: prop::sample::Index,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut frames = frames(&vault());
            let which = which.index(frames.len());
            for (at, byte) in changes {
                let at = at.index(frames[which].len());
                frames[which][at] = byte;
            }
            let kept = together(frames.iter().map(|frame| decode(frame, Path::new("/v"))));
            let kept = kept.unwrap_or_default();
            let notes: Vec<_> = kept.notes.into_iter().map(|kept| kept.note).collect();
            let again = Snapshot::beginning(kept.index, notes.clone()).next(notes, &[]);
            for query in ["결제", "token", "\"session token\"", "toke~", "s", "tokens", "tsk-0"] {
                let _ = search(&again, query, &Page::default());
            }
            let bodies: usize = again.notes().iter().map(|note| note.body().len()).sum();
            prop_assert!(bodies < 10_000);
        }
    }
}
