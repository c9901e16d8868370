//! The name of a note inside its vault.
//!
//! In: a name from a disk, a link or a request. Out: [`NotePath`] or [`PathError`].
//! Never: the file system. A [`NotePath`] can be joined to the vault's root without leaving it.

use std::{fmt, sync::Arc};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::text::nfc;

const MAX_BYTES: usize = 1024;

/// A relative path with forward slashes, NFC, ending in `.md`, without hidden or `..` parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct NotePath(Arc<str>);

/// Why a name is not a note's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing was given.
    #[error("the path is empty")]
    Empty,
    /// More than 1,024 bytes.
    #[error("the path is too long")]
    TooLong,
    /// Starts at a root or a drive.
    #[error("the path is absolute")]
    Absolute,
    /// Holds a control character, a backslash or NUL.
    #[error("the path holds a character that is not allowed")]
    BadCharacter,
    /// Holds `.`, `..` or an empty part.
    #[error("the path leaves its folder")]
    Traversal,
    /// A part starts with a dot.
    #[error("the path is hidden")]
    Hidden,
    /// Does not end in `.md`.
    #[error("the path does not end in .md")]
    NotMarkdown,
}

impl NotePath {
    /// Checks and normalizes a path.
    ///
    /// # Errors
    /// [`PathError`] names the first rule broken.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        let path = nfc(raw);
        check(&path)?;
        let stem = path
            .len()
            .checked_sub(3)
            .and_then(|at| path.split_at_checked(at));
        match stem {
            Some((stem, suffix)) if suffix.eq_ignore_ascii_case(".md") && !stem.is_empty() => {
                Ok(Self(Arc::from(path.as_ref())))
            }
            _ => Err(PathError::NotMarkdown),
        }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's name without folders and `.md`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        name.get(..name.len().saturating_sub(3)).unwrap_or(name)
    }

    /// The folder, without a slash at its end; empty at the root.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The path without `.md`, as links write it.
    #[must_use]
    pub fn without_suffix(&self) -> &str {
        self.0
            .get(..self.0.len().saturating_sub(3))
            .unwrap_or(&self.0)
    }
}

fn check(path: &str) -> Result<(), PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    if path.len() > MAX_BYTES {
        return Err(PathError::TooLong);
    }
    if path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':') {
        return Err(PathError::Absolute);
    }
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return Err(PathError::BadCharacter);
    }
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(PathError::Traversal);
        }
        if part.starts_with('.') {
            return Err(PathError::Hidden);
        }
    }
    Ok(())
}

impl fmt::Display for NotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for NotePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_names_inside_the_vault_are_paths() {
        for (raw, expected) in [
            ("a.md", Ok("a.md")),
            ("폴더/노트.MD", Ok("폴더/노트.MD")),
            ("\u{1100}\u{1161}.md", Ok("가.md")),
            ("", Err(PathError::Empty)),
            ("/etc/passwd.md", Err(PathError::Absolute)),
            ("C:/x.md", Err(PathError::Absolute)),
            ("\\\\host\\x.md", Err(PathError::Absolute)),
            ("a/../b.md", Err(PathError::Traversal)),
            ("../b.md", Err(PathError::Traversal)),
            ("a//b.md", Err(PathError::Traversal)),
            ("./b.md", Err(PathError::Traversal)),
            ("a\\..\\b.md", Err(PathError::BadCharacter)),
            ("a\0.md", Err(PathError::BadCharacter)),
            ("a\nb.md", Err(PathError::BadCharacter)),
            (".obsidian/x.md", Err(PathError::Hidden)),
            ("a/.md", Err(PathError::Hidden)),
            ("a.txt", Err(PathError::NotMarkdown)),
            ("md", Err(PathError::NotMarkdown)),
        ] {
            let got = NotePath::parse(raw);
            assert_eq!(
                got.as_ref().map(NotePath::as_str),
                expected.as_ref().copied(),
                "{raw:?}"
            );
        }
    }

    #[test]
    fn a_path_knows_its_stem_and_folder() {
        let path = NotePath::parse("a/b/c.d.md").unwrap();
        assert_eq!(
            (path.stem(), path.folder(), path.without_suffix()),
            ("c.d", "a/b", "a/b/c.d")
        );
        assert_eq!(NotePath::parse("x.md").unwrap().folder(), "");
    }

    proptest! {
        #[test]
        fn a_parsed_path_never_leaves_the_root(raw in "\\PC{0,40}(\\.md)?") {
            if let Ok(path) = NotePath::parse(&raw) {
                let inside = std::path::Path::new(path.as_str())
                    .components()
                    .all(|c| matches!(c, std::path::Component::Normal(_)));
                prop_assert!(inside);
                prop_assert_eq!(NotePath::parse(path.as_str()), Ok(path));
            }
        }
    }
}
