//! What was written of one note, commit by commit.

use std::collections::BTreeSet;

use loop_shared::vault::NotePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{History, HistoryError, Present, past::Contents};
use crate::{
    Note, Sight, disk,
    feed::{ChangeKind, FieldChange, fields_between},
    note::ContentHash,
    query::{Page, cursor},
};

/// Bytes of the list of commits, and of the notes of one page.
const MAX_LIST: usize = 16 * 1024 * 1024;
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Commits of one note that are looked at.
const MAX_SKIP: usize = 5_000;
/// Letters of an author's name or a commit's first line.
const MAX_TEXT: usize = 200;

/// One commit that wrote in a note.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Version {
    /// The commit's id; good as `as_of`.
    pub commit: String,
    /// When, RFC 3339.
    pub at: String,
    /// Who, by the commit.
    pub who: String,
    /// The first line of what they said.
    pub subject: String,
    /// What became of the note.
    pub kind: ChangeKind,
    /// Where it was after that.
    pub path: String,
    /// Where it was before, when it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Properties that differ from the version before, when that is on the page or the next one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// One page of a note's history.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Versions {
    /// The commits, the newest first.
    pub results: Vec<Version>,
    /// Ask with it for older ones; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    path: String,
    head: String,
    skip: usize,
}

impl History {
    /// What was written of the note at a path, which the reader sees today.
    pub(crate) fn versions(
        &self,
        path: &NotePath,
        sight: Sight,
        page: &Page,
    ) -> Result<Versions, HistoryError> {
        let (head, skip) = self.place(path, page)?;
        let size = page.size();
        // Where a note was cannot be followed from the middle; and one more, to say what the last one changed.
        let count = format!("-{}", skip + size + 1);
        let format = "--format=%x1e%H%x1f%cI%x1f%an%x1f%s";
        let arguments = [
            "log",
            "-z",
            "--follow",
            "--name-status",
            format,
            &count,
            &head,
            "--",
            path.as_str(),
        ];
        let text = self.git.ask(&arguments, &[], MAX_LIST)?;
        let text = String::from_utf8_lossy(&text);
        let mut versions: Vec<Version> = Vec::new();
        for one in text.split('\u{1e}').skip(1) {
            let Some((version, ends)) = version(one, &self.prefix) else {
                break;
            };
            versions.push(version);
            if ends {
                break;
            }
        }
        let mut versions = versions.split_off(skip.min(versions.len()));
        let notes = self.notes(&versions)?;
        let more = versions.len() > size;
        versions.truncate(size);
        for (at, version) in versions.iter_mut().enumerate() {
            let (new, old) = (notes.get(at), notes.get(at + 1));
            if let (Some(Some(new)), Some(Some(old))) = (new, old) {
                version.fields = fields_between(old, new);
            }
        }
        let mut results = Vec::with_capacity(versions.len());
        for (version, at) in versions.into_iter().zip(0..) {
            results.extend(self.told(version, &notes, at, sight));
        }
        Ok(Versions {
            results,
            next_cursor: more.then(|| {
                cursor::encode(&Cursor {
                    path: path.as_str().to_owned(),
                    head,
                    skip: skip + size,
                })
            }),
        })
    }

    /// From which commit, and how many versions have been told.
    fn place(&self, path: &NotePath, page: &Page) -> Result<(String, usize), HistoryError> {
        let after: Option<Cursor> = page
            .cursor
            .as_deref()
            .map(cursor::decode)
            .transpose()
            .map_err(|_| HistoryError::BadMoment)?;
        match after {
            Some(after) => {
                let hex = after.head.bytes().all(|byte| byte.is_ascii_hexdigit());
                let near = after.skip <= MAX_SKIP && after.head.len() >= 40;
                if after.path != path.as_str() || !hex || !near {
                    return Err(HistoryError::BadMoment);
                }
                Ok((after.head, after.skip))
            }
            None => Ok((self.git.line(&["rev-parse", "HEAD"])?, 0)),
        }
    }

    /// A version as this reader may see it: not at all when it was private, nor what it was before when that was.
    fn told(
        &self,
        mut version: Version,
        notes: &[Option<Note>],
        at: usize,
        sight: Sight,
    ) -> Option<Version> {
        let Some(privacy) = self
            .config
            .privacy
            .as_ref()
            .filter(|_| sight == Sight::Open)
        else {
            return Some(version);
        };
        let is_open = |note: Option<&Option<Note>>| match note {
            Some(Some(note)) => !privacy.hides(note),
            Some(None) | None => false,
        };
        let removed = version.kind == ChangeKind::Removed;
        if removed || !is_open(notes.get(at)) {
            return None;
        }
        let has_older = version.kind != ChangeKind::Added;
        if has_older && !is_open(notes.get(at + 1)) {
            version.fields.clear();
            version.from = None;
        }
        Some(version)
    }

    /// The note as each version left it.
    fn notes(&self, versions: &[Version]) -> Result<Vec<Option<Note>>, HistoryError> {
        let wanted = versions.iter().fold(String::new(), |text, version| {
            let name = format!("{}:{}{}\n", version.commit, self.prefix, version.path);
            text + &name
        });
        let contents = self
            .git
            .ask(&["cat-file", "--batch"], wanted.as_bytes(), MAX_BYTES)?;
        let mut contents = Contents(&contents);
        let read = |version: &Version| {
            let bytes = contents.next()?;
            let path = NotePath::parse(&version.path).ok()?;
            Some(disk::parse(path, bytes))
        };
        Ok(versions.iter().map(read).collect())
    }
}

/// `<commit> <time> <author> <subject>\0\n<status>\0<path>\0[<path>\0]`, and whether the note's own past ends there: one
/// that was copied from another has that one's past no more than its words.
fn version(text: &str, prefix: &str) -> Option<(Version, bool)> {
    let mut parts = text.split('\0');
    let mut head = parts.next()?.split('\u{1f}');
    let (commit, at, who) = (head.next()?, head.next()?, head.next()?);
    let subject = head.next().unwrap_or_default();
    let status = parts.next()?.trim_start_matches('\n').get(..1)?;
    let mut paths = parts.filter(|path| !path.is_empty()).take(2);
    let (first, second) = (paths.next()?, paths.next());
    let path = second.unwrap_or(first).strip_prefix(prefix)?.to_owned();
    let from = second.and_then(|_| first.strip_prefix(prefix));
    let from = from.filter(|_| status == "R").map(str::to_owned);
    let kind = match status {
        "D" => ChangeKind::Removed,
        "R" if from.is_some() => ChangeKind::Moved,
        "A" | "C" | "R" => ChangeKind::Added,
        _ => ChangeKind::Changed,
    };
    // A line end in a path would be a second question.
    let plain = !path.contains(['\n', '\r']);
    let version = plain.then(|| Version {
        commit: commit.to_owned(),
        at: at.to_owned(),
        who: clean(who),
        subject: clean(subject),
        kind,
        path,
        from,
        fields: Vec::new(),
    })?;
    Some((version, kind == ChangeKind::Added))
}

/// One short line.
pub(super) fn clean(text: &str) -> String {
    let letters = text.trim().chars().filter(|c| !c.is_control());
    letters.take(MAX_TEXT).collect()
}

/// The names of what is private now.
pub(super) struct HiddenNow {
    paths: BTreeSet<String>,
    ids: BTreeSet<String>,
    stems: BTreeSet<String>,
    hashes: BTreeSet<ContentHash>,
}

pub(super) fn hidden_now(present: Present) -> HiddenNow {
    let mut hidden = HiddenNow {
        paths: BTreeSet::new(),
        ids: BTreeSet::new(),
        stems: BTreeSet::new(),
        hashes: BTreeSet::new(),
    };
    for note in present.whole.notes() {
        let seen = present.open.note(&note.path);
        if seen.is_some_and(|seen| seen.path == note.path) {
            continue;
        }
        hidden.paths.insert(note.folded.path.to_string());
        hidden.stems.insert(note.folded.stem.to_string());
        hidden
            .ids
            .extend(note.folded.id.as_deref().map(str::to_owned));
        hidden.hashes.insert(note.hash);
    }
    hidden
}

impl HiddenNow {
    /// Whether an old note is one that is private now.
    pub(super) fn names(&self, note: &Note, present: Present) -> bool {
        let folded = &note.folded;
        let here = present.open.note(&note.path).is_some();
        self.paths.contains(&*folded.path)
            || folded.id.as_deref().is_some_and(|id| self.ids.contains(id))
            || (!here && (self.hashes.contains(&note.hash) || self.stems.contains(&*folded.stem)))
    }
}
