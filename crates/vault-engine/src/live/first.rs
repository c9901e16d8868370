//! The first reading: what the last run kept, as far as it is still true, and everything else from the files.
//!
//! In: a keeper that watches. Out: the first picture; with a vault that serves at once, some before it that say how much is read.
//! Never: a note of the last run shown before its file's stamp was looked at.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Changed,
    compare::Found,
    keeper::Keeper,
    pictures::{Made, Pictures},
};
use crate::{
    disk::{self, FoundFile},
    kept::{self, Keeping, Kept},
};

/// Files read before the first unfinished picture; the next have twice as many notes, so that all of them together cost
/// no more than the last.
const FIRST: usize = 1_024;
/// Shortest time between unfinished pictures.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads everything and shows it.
pub(super) fn read(keeper: &mut Keeper) {
    let began = Instant::now();
    let walked = recall(keeper);
    let present = walked.is_some();
    let walked = walked.unwrap_or_default();
    let differing = keeper.memory.differing(&walked);
    let gone = keeper.memory.forget(&walked);
    keeper.walked = walked.defects;
    let total = walked.files.len();
    let recalled = keeper.memory.len() - known_again(keeper, &differing);
    keeper.shared.recalled.store(recalled, Ordering::Relaxed);
    tracing::debug!(notes = total, recalled, gone, "vault.read");
    let (mut at, mut size, mut shown) = (0, FIRST, began);
    while let Some(batch) = differing.get(at..(at + size).min(differing.len()))
        && !batch.is_empty()
    {
        if keeper.shared.stop.load(Ordering::Acquire) {
            return;
        }
        let loaded = disk::load_all(batch, keeper.config.max_note_bytes);
        for (found, loaded) in batch.iter().zip(loaded) {
            keeper.pending += u64::from(keeper.memory.take(found.clone(), loaded));
        }
        at += batch.len();
        size *= 2;
        let unread = differing.get(at..).unwrap_or_default();
        if keeper.config.serve_at_once && !unread.is_empty() && shown.elapsed() >= PAUSE {
            show(keeper, began, unread, total);
            shown = Instant::now();
        }
    }
    keeper.note_changes(differing.len());
    let whole = keeper.pending;
    let open = keeper.publish(began);
    keeper.report(began, Changed { whole, open }, present);
}

/// How many notes of the last run have to be read again.
fn known_again(keeper: &Keeper, differing: &[FoundFile]) -> usize {
    let known = |found: &&FoundFile| keeper.memory.file_of(&found.path).is_some();
    differing.iter().filter(known).count()
}

/// Watches and lists the folder while what the last run kept is read.
fn recall(keeper: &mut Keeper) -> Option<disk::Walked> {
    let (config, root) = (&keeper.config.clone(), keeper.root);
    let (walked, kept) = thread::scope(|scope| {
        let recalling = config
            .state
            .as_deref()
            .zip(root)
            .map(|(folder, root)| scope.spawn(move || kept::load(folder, config, root)));
        // Watching starts before a file is looked at, so that no change falls between.
        keeper.start_watching();
        let found = Found::in_folder(config);
        let walked = found.and_then(|found| keeper.accept(found));
        let kept = recalling.map(|recalling| recalling.join().unwrap_or_default());
        (walked, kept)
    });
    if let Some(folder) = &keeper.config.state {
        let Kept { notes, index } = kept.unwrap_or_default();
        keeper.keeping = Some(Keeping::new(folder.clone(), !notes.is_empty()));
        let counted = notes.iter().map(|kept| Arc::clone(&kept.note));
        let pictures = Pictures::beginning(index, counted.collect());
        keeper.shared.pictures.store(Arc::new(pictures));
        keeper.memory.remember(notes);
    }
    walked
}

/// Shows what was read so far.
fn show(keeper: &Keeper, began: Instant, unread: &[FoundFile], total: usize) {
    let percent = (total - unread.len().min(total)) * 100 / total.max(1);
    let made = Made {
        began,
        read: Some(u8::try_from(percent).unwrap_or_default().min(99)),
    };
    let notes = keeper.memory.notes_without(unread);
    let before = keeper.shared.pictures.load_full();
    let privacy = keeper.config.privacy.as_ref();
    let next = before.next(notes, &keeper.walked, privacy, made);
    keeper.shared.pictures.store(Arc::new(next));
}
