//! Patterns of paths, in the notation of `.gitignore`.
//!
//! In: lines such as `/drafts/` or `*.tmp.md`. Out: whether a path below the vault's folder is meant.
//! Never: the file system. Case and normalization do not matter: what keeps notes away must not depend on how a disk spells them.
//! Source: gitignore(5), "PATTERN FORMAT"; a file below a folder that is meant is meant too, whatever comes behind.

use std::fmt;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use loop_shared::vault::text::nfc;

/// Patterns, ready to be asked. The default means nothing.
#[derive(Clone, Default)]
pub struct Patterns(Option<Gitignore>);

/// A line that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line:?} is no pattern: {cause}")]
pub struct PatternError {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub cause: String,
}

impl Patterns {
    /// Reads patterns, one an item; empty ones and comments mean nothing.
    ///
    /// # Errors
    /// [`PatternError`] names the first line that is no pattern.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        let mut builder = GitignoreBuilder::new("");
        builder.allow_unclosed_class(false);
        let mut empty = true;
        for line in lines {
            let said = |cause: &dyn fmt::Display| PatternError {
                line: line.to_owned(),
                cause: cause.to_string(),
            };
            builder
                .add_line(None, &folded(line))
                .map_err(|error| said(&error))?;
            empty &= line.trim().is_empty();
        }
        if empty {
            return Ok(Self::default());
        }
        let all = builder.build().map_err(|error| PatternError {
            line: String::new(),
            cause: error.to_string(),
        })?;
        Ok(Self((!all.is_empty()).then_some(all)))
    }

    /// Whether there is any.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a path is meant, by itself or by a folder above it. Slashes separate folders.
    pub(crate) fn mean(&self, path: &str, is_folder: bool) -> bool {
        let Some(patterns) = &self.0 else {
            return false;
        };
        let path = folded(path);
        let above = path.match_indices('/');
        above
            .filter_map(|(at, _)| path.get(..at))
            .filter(|folder| !folder.is_empty())
            .any(|folder| patterns.matched(folder, true).is_ignore())
            || (!path.is_empty() && patterns.matched(&*path, is_folder).is_ignore())
    }
}

/// What is compared.
fn folded(text: &str) -> String {
    nfc(text).to_lowercase()
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, Gitignore::num_ignores);
        write!(f, "Patterns({count})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_gitignore_means() {
        for (lines, path, folder, expected) in [
            (&["drafts/"][..], "drafts", true, true),
            (&["drafts/"], "drafts", false, false),
            (&["drafts/"], "drafts/a.md", false, true),
            (&["drafts/"], "x/drafts/y/a.md", false, true),
            (&["/drafts/"], "x/drafts/a.md", false, false),
            (&["*.tmp.md"], "x/a.tmp.md", false, true),
            (&["*.tmp.md"], "a.md", false, false),
            (&["hr/**"], "hr/pay/a.md", false, true),
            (&["*.md", "!keep.md"], "keep.md", false, false),
            (&["*.md", "!keep.md"], "other.md", false, true),
            // What stands in a folder that is meant cannot be taken out again.
            (
                &["drafts/", "!drafts/keep.md"],
                "drafts/keep.md",
                false,
                true,
            ),
            (&["# a comment", "", "  "], "# a comment", false, false),
            (&[], "a.md", false, false),
        ] {
            let patterns = Patterns::parse(lines.iter().copied()).unwrap();
            assert_eq!(patterns.mean(path, folder), expected, "{lines:?} {path}");
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let decomposed = "\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}";
        for (line, path) in [
            ("비밀/", format!("{decomposed}/a.md")),
            (decomposed, "비밀/a.md".to_owned()),
            ("Private/", "PRIVATE/a.md".to_owned()),
        ] {
            let patterns = Patterns::parse([line]).unwrap();
            assert!(patterns.mean(&path, false), "{line} {path}");
        }
    }

    #[test]
    fn a_line_that_is_no_pattern_is_named() {
        let error = Patterns::parse(["fine", "a[b"]).unwrap_err();
        assert_eq!(error.line, "a[b");
    }
}
