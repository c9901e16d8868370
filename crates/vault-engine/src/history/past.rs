//! The vault of one commit, and what changed between two.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use loop_shared::vault::{Defect, DefectCode, NotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{History, HistoryError, Moment};
use crate::{
    Note, Snapshot, changes, disk,
    feed::{ChangeKind, FieldChange, difference},
    note::ContentHash,
    query::{Page, cursor},
    view::NoteRef,
};

/// Bytes of all notes of one moment, and of the list of their names.
const MAX_BYTES: usize = 512 * 1024 * 1024;
const MAX_LIST: usize = 128 * 1024 * 1024;

/// What became of one note between two moments.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PastChange {
    /// What became of it.
    pub kind: ChangeKind,
    /// The note as it was at the later moment; at the earlier one when it is gone.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Where it was, when it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Properties that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Who wrote in it between the moments, by the commits.
    pub who: Vec<String>,
}

/// One page of what changed between two moments.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PastChanges {
    /// The earlier moment.
    pub from: Moment,
    /// The later one.
    pub to: Moment,
    /// The changes, by path.
    pub results: Vec<PastChange>,
    /// How many there are.
    pub total: u64,
    /// How many of each kind.
    pub by_kind: BTreeMap<String, u64>,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    from: String,
    to: String,
    path: String,
}

/// A file of a commit.
struct Blob {
    id: String,
    size: u64,
    path: NotePath,
}

impl History {
    /// Reads every note of a commit; one that is the same today is shared.
    pub(super) fn read(
        &self,
        moment: &Moment,
        present: &Snapshot,
    ) -> Result<Snapshot, HistoryError> {
        let arguments = ["ls-tree", "-r", "-z", "-l", &moment.commit];
        let list = self.git.ask(&arguments, &[], MAX_LIST)?;
        let blobs: BTreeMap<NotePath, Blob> = list
            .split(|&byte| byte == 0)
            .filter_map(|line| blob(std::str::from_utf8(line).ok()?))
            .filter(|blob| !self.config.ignore.mean(blob.path.as_str(), false))
            .map(|blob| (blob.path.clone(), blob))
            .take(self.config.max_notes)
            .collect();
        let small = |blob: &&Blob| blob.size <= self.config.max_note_bytes;
        let wanted: String = blobs
            .values()
            .filter(small)
            .fold(String::new(), |text, blob| text + &blob.id + "\n");
        let contents = self
            .git
            .ask(&["cat-file", "--batch"], wanted.as_bytes(), MAX_BYTES)?;
        let mut contents = Contents(&contents);
        let mut notes = Vec::with_capacity(blobs.len());
        for blob in blobs.into_values() {
            if blob.size > self.config.max_note_bytes {
                let message = format!("{} bytes", blob.size);
                let defect = Defect::whole(DefectCode::NoteTooLarge, message);
                notes.push(Arc::new(Note::unread(blob.path, blob.size, defect)));
                continue;
            }
            let bytes = contents.next().ok_or(HistoryError::Unavailable)?;
            let known = present
                .note(&blob.path)
                .filter(|note| note.path == blob.path && note.hash == ContentHash::of([bytes]));
            notes.push(match known {
                Some(note) => Arc::clone(note),
                None => Arc::new(disk::parse(blob.path, bytes)),
            });
        }
        Ok(Snapshot::of_notes(notes))
    }

    /// What changed from one moment to a later one.
    pub(crate) fn between(
        &self,
        moments: (Moment, Moment),
        pictures: (&Snapshot, &Snapshot),
        page: &Page,
    ) -> Result<PastChanges, HistoryError> {
        let (from, to) = moments;
        let after: Option<Cursor> = page
            .cursor
            .as_deref()
            .map(cursor::decode)
            .transpose()
            .map_err(|_| HistoryError::BadMoment)?;
        if after
            .as_ref()
            .is_some_and(|after| after.from != from.commit || after.to != to.commit)
        {
            return Err(HistoryError::BadMoment);
        }
        let found = difference(&changes::between(pictures.0, pictures.1));
        let mut by_kind: BTreeMap<String, u64> = BTreeMap::new();
        for change in &found {
            let kind = format!("{:?}", change.kind).to_lowercase();
            *by_kind.entry(kind).or_default() += 1;
        }
        let total = found.len() as u64;
        let start = after.map_or(0, |after| {
            found.partition_point(|change| change.note.path <= after.path)
        });
        let end = (start + page.size()).min(found.len());
        let next_cursor = found
            .get(end.wrapping_sub(1))
            .filter(|_| end < found.len())
            .map(|last| {
                cursor::encode(&Cursor {
                    from: from.commit.clone(),
                    to: to.commit.clone(),
                    path: last.note.path.clone(),
                })
            });
        let writers = self.writers(&from, &to)?;
        let results = found.into_iter().take(end).skip(start).map(|mut change| {
            let paths = [Some(&change.note.path), change.from.as_ref()];
            let who: BTreeSet<&String> = paths
                .into_iter()
                .flatten()
                .filter_map(|path| writers.get(path))
                .flatten()
                .collect();
            change.who = who.into_iter().cloned().collect();
            change
        });
        Ok(PastChanges {
            results: results.collect(),
            from,
            to,
            total,
            by_kind,
            next_cursor,
        })
    }

    /// By path: who wrote in it between two commits.
    fn writers(
        &self,
        from: &Moment,
        to: &Moment,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, HistoryError> {
        let range = format!("{}..{}", from.commit, to.commit);
        let arguments = [
            "log",
            "-z",
            "--name-only",
            "--no-renames",
            "--format=%x1e%an",
            &range,
            "--",
            ".",
        ];
        let text = self.git.ask(&arguments, &[], MAX_LIST)?;
        let text = String::from_utf8_lossy(&text);
        let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for commit in text.split('\u{1e}').skip(1) {
            let mut parts = commit.split('\0');
            let author = super::versions::clean(parts.next().unwrap_or_default());
            for path in parts.map(|path| path.trim_start_matches('\n')) {
                if let Some(path) = path.strip_prefix(&self.prefix) {
                    writers
                        .entry(path.to_owned())
                        .or_default()
                        .insert(author.clone());
                }
            }
        }
        Ok(writers)
    }
}

/// `100644 blob <id> <size>\t<path>`, when it is a file that a note can be.
fn blob(line: &str) -> Option<Blob> {
    let (facts, path) = line.split_once('\t')?;
    let mut facts = facts.split_ascii_whitespace();
    let (mode, kind, id, size) = (facts.next()?, facts.next()?, facts.next()?, facts.next()?);
    let is_file = mode.starts_with("100") && kind == "blob";
    is_file.then_some(())?;
    Some(Blob {
        id: id.to_owned(),
        size: size.parse().ok()?,
        path: NotePath::parse(path).ok()?,
    })
}

/// The files that `cat-file --batch` writes one after another: `<id> blob <size>\n<bytes>\n`.
pub(super) struct Contents<'a>(pub(super) &'a [u8]);

impl<'a> Contents<'a> {
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| byte == b'\n')?;
        let head = std::str::from_utf8(self.0.get(..end)?).ok()?;
        let rest = self.0.get(end + 1..)?;
        let mut words = head.split(' ').skip(1);
        if words.next() != Some("blob") {
            // `<name> missing`.
            self.0 = rest;
            return None;
        }
        let size: usize = words.next()?.parse().ok()?;
        let bytes = rest.get(..size)?;
        self.0 = rest.get(size + 1..)?;
        Some(bytes)
    }
}
