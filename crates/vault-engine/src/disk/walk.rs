//! Finds the notes of a folder.
//!
//! In: a root and what to ignore. Out: every other `.md` file outside hidden folders, with its stamp. A `.gitignore` in
//! the vault means nothing here.
//! Never: a symbolic link followed, an error because of one entry.

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use loop_shared::vault::{Defect, DefectCode, NotePath, text::nfc};

use super::stamp::Stamp;
use crate::{patterns::Patterns, snapshot::NoteDefect};

const MAX_DEPTH: usize = 64;

/// A file that is a note by its name.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) path: NotePath,
    /// Where it is on the disk; its spelling may differ from `path` in normalization.
    pub(crate) file: PathBuf,
    pub(crate) stamp: Stamp,
}

#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) files: Vec<FoundFile>,
    pub(crate) defects: Vec<NoteDefect>,
    /// Folders that could not be read this time though they are there.
    pub(crate) unsure: Vec<PathBuf>,
}

/// Lists the notes in the order of their paths, at most `max_notes`.
pub(crate) fn walk(root: &Path, max_notes: usize, ignore: &Patterns) -> Walked {
    let mut walk = Walk {
        root,
        ignore,
        real_root: root.canonicalize().ok(),
        found: BTreeMap::new(),
        walked: Walked::default(),
    };
    let mut folders = vec![(root.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let mut entries = walk.entries(&folder);
        // Which of two files with one name is served must not depend on the order of the disk.
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            if let Some(below) = walk.look(&entry) {
                if depth < MAX_DEPTH {
                    folders.push((below, depth + 1));
                } else {
                    walk.say(
                        &below,
                        DefectCode::TooDeep,
                        format!("more than {MAX_DEPTH} folders deep"),
                    );
                }
            }
        }
    }
    let Walk {
        found, mut walked, ..
    } = walk;
    let total = found.len();
    walked.files = found.into_values().take(max_notes).collect();
    if total > max_notes {
        let message = format!("{total} notes, {max_notes} are served");
        walked.defects.push(NoteDefect {
            path: String::new(),
            defect: Defect::whole(DefectCode::TooManyNotes, message),
        });
    }
    walked.defects.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

struct Walk<'a> {
    root: &'a Path,
    ignore: &'a Patterns,
    real_root: Option<PathBuf>,
    found: BTreeMap<NotePath, FoundFile>,
    walked: Walked,
}

impl Walk<'_> {
    fn entries(&mut self, folder: &Path) -> Vec<DirEntry> {
        match fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(Result::ok).collect(),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    self.say(
                        folder,
                        DefectCode::Unreadable,
                        format!("the folder cannot be read: {}", error.kind()),
                    );
                }
                if !matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
                ) {
                    self.walked.unsure.push(folder.to_path_buf());
                }
                Vec::new()
            }
        }
    }

    /// Takes a note in; a folder to walk is returned.
    fn look(&mut self, entry: &DirEntry) -> Option<PathBuf> {
        let file = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            return None;
        }
        let kind = entry.file_type().ok()?;
        if is_ignored(self.root, &file, kind.is_dir(), self.ignore) {
            return None;
        }
        if kind.is_dir() {
            return Some(file);
        }
        if kind.is_symlink() {
            self.symlink(&file);
        } else if is_markdown(&file) {
            if kind.is_file() {
                self.take(file);
            } else {
                self.say(&file, DefectCode::NotAFile, "no regular file".to_owned());
            }
        }
        None
    }

    fn take(&mut self, file: PathBuf) {
        let Some(path) = note_path(self.root, &file) else {
            self.say(
                &file,
                DefectCode::BadName,
                "the name cannot be addressed".to_owned(),
            );
            return;
        };
        // A file that is gone by now was deleted while we walked.
        let Ok(metadata) = fs::symlink_metadata(&file) else {
            return;
        };
        let stamp = Stamp::of(&metadata);
        if let Some(other) = self.found.get(&path) {
            let message = format!(
                "the same name as {} after normalization",
                shown(self.root, &other.file)
            );
            self.say(&file, DefectCode::DuplicatePath, message);
            return;
        }
        self.found
            .insert(path.clone(), FoundFile { path, file, stamp });
    }

    fn symlink(&mut self, link: &Path) {
        let leads_to_folder = fs::metadata(link).is_ok_and(|target| target.is_dir());
        if !leads_to_folder && !is_markdown(link) {
            return;
        }
        let inside = match (link.canonicalize(), &self.real_root) {
            (Ok(target), Some(root)) => target.starts_with(root),
            // It leads nowhere or in a circle.
            _ => true,
        };
        if inside {
            self.say(
                link,
                DefectCode::SymlinkNotFollowed,
                "a symbolic link".to_owned(),
            );
        } else {
            self.say(
                link,
                DefectCode::SymlinkOutside,
                "a symbolic link out of the vault".to_owned(),
            );
        }
    }

    fn say(&mut self, file: &Path, code: DefectCode, message: String) {
        let path = shown(self.root, file);
        self.walked.defects.push(NoteDefect {
            path,
            defect: Defect::whole(code, message),
        });
    }
}

/// Looks at one file that is said to have changed; `None` when it is no note any more.
pub(crate) fn find_one(root: &Path, file: &Path) -> Option<FoundFile> {
    let path = note_path(root, file)?;
    let mut folder = file.parent()?;
    while folder != root {
        if !fs::symlink_metadata(folder).ok()?.is_dir() {
            return None;
        }
        folder = folder.parent()?;
    }
    let metadata = fs::symlink_metadata(file).ok()?;
    metadata.is_file().then(|| FoundFile {
        path,
        file: file.to_path_buf(),
        stamp: Stamp::of(&metadata),
    })
}

/// Whether a file or folder is to be ignored.
pub(crate) fn is_ignored(root: &Path, file: &Path, is_folder: bool, ignore: &Patterns) -> bool {
    if ignore.is_empty() {
        return false;
    }
    let below = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
    ignore.mean(&nfc(&below), is_folder)
}

/// Whether a part of the path below the root is hidden.
pub(crate) fn is_hidden(root: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(root).unwrap_or(file);
    below
        .components()
        .any(|part| part.as_os_str().to_string_lossy().starts_with('.'))
}

fn is_markdown(file: &Path) -> bool {
    file.extension()
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case("md"))
}

/// The note that a file is by its name.
pub(crate) fn note_path(root: &Path, file: &Path) -> Option<NotePath> {
    let below = file.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    NotePath::parse(&parts?.join("/")).ok()
}

fn shown(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
    below
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
