//! Reads notes, many at a time.
//!
//! In: files found. Out: notes. Never: more bytes than the limit, a half-written file taken for settled.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use loop_shared::vault::{Defect, DefectCode, NotePath};

use super::{FoundFile, Stamp};
use crate::{note::Note, privacy::MAX_HEAD};

const ATTEMPTS: usize = 3;
const MAX_THREADS: usize = 8;
const FEW: usize = 16;

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// Read; without a stamp when it may change again unnoticed, so that it is read again next time.
    Note(Arc<Note>, Option<Stamp>),
    /// It is not there any more.
    Gone,
}

/// Reads files on a few threads; the answers are in the order of the files.
pub(crate) fn load_all(files: &[FoundFile], max_bytes: u64) -> Vec<Loaded> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MAX_THREADS);
    if files.len() < FEW || threads == 1 {
        return files.iter().map(|file| load(file, max_bytes)).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Loaded)>> = Mutex::new(Vec::with_capacity(files.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { break };
                    mine.push((at, load(file, max_bytes)));
                }
                done.lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .append(&mut mine);
            });
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, loaded)| loaded).collect()
}

/// Reads one file.
fn load(found: &FoundFile, max_bytes: u64) -> Loaded {
    for last in [false; ATTEMPTS - 1].into_iter().chain([true]) {
        match attempt(found, max_bytes) {
            Ok(Attempt::Steady(bytes, stamp)) => {
                let stamp = stamp.is_settled().then_some(stamp);
                return Loaded::Note(Arc::new(parse(found.path.clone(), &bytes)), stamp);
            }
            Ok(Attempt::Moving(bytes)) if last => {
                let note = parse(found.path.clone(), &bytes).unsettled();
                return Loaded::Note(Arc::new(note), None);
            }
            Ok(Attempt::Moving(_) | Attempt::Replaced) => {}
            Ok(Attempt::TooLarge(stamp)) => {
                let message = format!("{} bytes, more than {max_bytes}", stamp.size());
                let defect = Defect::whole(DefectCode::NoteTooLarge, message);
                let note = Note::unread(found.path.clone(), stamp.size(), defect);
                let note = match head(found, &stamp) {
                    Some(head) => note.beginning_with(&head),
                    None => note,
                };
                return Loaded::Note(Arc::new(note), Some(stamp));
            }
            Ok(Attempt::NoFile) => return Loaded::Gone,
            Err(error) if error.kind() == ErrorKind::NotFound => return Loaded::Gone,
            Err(error) => {
                let defect = Defect::whole(
                    DefectCode::Unreadable,
                    format!("cannot be read: {}", error.kind()),
                );
                return Loaded::Note(
                    Arc::new(Note::unread(found.path.clone(), found.stamp.size(), defect)),
                    None,
                );
            }
        }
    }
    Loaded::Gone
}

enum Attempt {
    /// The file did not change while it was read.
    Steady(Vec<u8>, Stamp),
    Moving(Vec<u8>),
    TooLarge(Stamp),
    Replaced,
    NoFile,
}

fn attempt(found: &FoundFile, max_bytes: u64) -> io::Result<Attempt> {
    let named = fs::symlink_metadata(&found.file)?;
    if !named.is_file() {
        return Ok(Attempt::NoFile);
    }
    let named = Stamp::of(&named);
    if named.size() > max_bytes {
        return Ok(Attempt::TooLarge(named));
    }
    let file = File::open(&found.file)?;
    let before = Stamp::of(&file.metadata()?);
    if !before.is_same_file(&named) {
        // Replaced between looking and opening, perhaps by a symbolic link: look again.
        return Ok(Attempt::Replaced);
    }
    let mut bytes = Vec::with_capacity(
        usize::try_from(before.size())
            .unwrap_or(0)
            .saturating_add(1),
    );
    (&file)
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    let after = Stamp::of(&file.metadata()?);
    if bytes.len() as u64 > max_bytes {
        return Ok(Attempt::TooLarge(after));
    }
    Ok(if before == after {
        Attempt::Steady(bytes, after)
    } else {
        Attempt::Moving(bytes)
    })
}

/// The beginning of a file too large to load: enough for its properties.
fn head(found: &FoundFile, stamp: &Stamp) -> Option<Vec<u8>> {
    let file = File::open(&found.file).ok()?;
    if !Stamp::of(&file.metadata().ok()?).is_same_file(stamp) {
        return None;
    }
    let mut bytes = Vec::with_capacity(MAX_HEAD);
    (&file).take(MAX_HEAD as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A parser that gives up on one note must not take the others with it.
pub(crate) fn parse(path: NotePath, bytes: &[u8]) -> Note {
    catch_unwind(AssertUnwindSafe(|| Note::read(path.clone(), bytes))).unwrap_or_else(|_| {
        let defect = Defect::whole(DefectCode::Unreadable, "the text cannot be parsed");
        Note::unread(path, bytes.len() as u64, defect)
    })
}
