//! One link between notes, as Obsidian writes it.
//!
//! In: the text between `[[` and `]]`. Out: [`WikiLink`].
//! Never: a look at other notes; where a link leads is the engine's business.
//! Source: Obsidian's help on internal links (`[[note#heading|shown]]`, `[[note#^block]]`, `![[embed]]`).

use super::text::nfc;

/// Suffixes of files that notes link to besides notes.
const FILE_SUFFIXES: &[&str] = &[
    "py",
    "rs",
    "ts",
    "tsx",
    "js",
    "jsx",
    "mjs",
    "go",
    "java",
    "kt",
    "swift",
    "c",
    "h",
    "cpp",
    "cs",
    "rb",
    "php",
    "sh",
    "sql",
    "html",
    "css",
    "scss",
    "json",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "env",
    "xml",
    "csv",
    "tsv",
    "txt",
    "log",
    "pdf",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "avif",
    "bmp",
    "mp3",
    "wav",
    "m4a",
    "ogg",
    "mp4",
    "mov",
    "webm",
    "mkv",
    "zip",
    "canvas",
    "base",
    "excalidraw",
    "ipynb",
    "docx",
    "xlsx",
    "pptx",
    "dockerfile",
    "lock",
];

/// The part of a note that a link selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// `#heading`, or `#a#b` for a heading under a heading.
    Heading(String),
    /// `#^block`.
    Block(String),
}

/// A link written in a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WikiLink {
    /// Name or path of what is linked, NFC, without fragment; empty for a link inside the same note.
    pub target: String,
    /// The part selected.
    pub fragment: Option<Fragment>,
    /// The text shown instead.
    pub alias: Option<String>,
    /// `![[…]]`.
    pub embed: bool,
    /// Line in the file, from 1.
    pub line: u32,
}

impl WikiLink {
    /// Reads the text between the brackets; `None` when it names nothing.
    #[must_use]
    pub fn parse(inner: &str, embed: bool, line: u32) -> Option<Self> {
        let (place, alias) = match inner.split_once('|') {
            Some((place, alias)) => (place, Some(alias.trim())),
            None => (inner, None),
        };
        // In a table the bar is written `\|`, and the parser cuts behind the backslash.
        let place = place.strip_suffix('\\').unwrap_or(place);
        let (target, fragment) = match place.split_once('#') {
            Some((target, fragment)) => (target, Some(fragment.trim())),
            None => (place, None),
        };
        let target = nfc(target.trim()).into_owned();
        let fragment = fragment.filter(|text| !text.is_empty()).map(|text| {
            let text = nfc(text);
            match text.strip_prefix('^') {
                Some(block) => Fragment::Block(block.to_owned()),
                None => Fragment::Heading(text.into_owned()),
            }
        });
        if target.is_empty() && fragment.is_none() {
            return None;
        }
        let alias = alias
            .filter(|text| !text.is_empty())
            .map(|text| nfc(text).into_owned());
        Some(Self {
            target,
            fragment,
            alias,
            embed,
            line,
        })
    }

    /// Whether the target is a file that is no note, such as `api/routers/oauth.py`.
    #[must_use]
    pub fn names_a_file(&self) -> bool {
        let name = self.target.rsplit('/').next().unwrap_or_default();
        let Some((stem, suffix)) = name.rsplit_once('.') else {
            return false;
        };
        !stem.is_empty()
            && FILE_SUFFIXES
                .iter()
                .any(|known| suffix.eq_ignore_ascii_case(known))
    }
}

/// The links written inside a text, such as a frontmatter value.
#[must_use]
pub fn in_text(text: &str, line: u32) -> Vec<WikiLink> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        let Some((inner, tail)) = after.split_once("]]") else {
            break;
        };
        // `[[[x]]]`: the innermost brackets count.
        let inner = inner
            .rsplit("[[")
            .next()
            .unwrap_or(inner)
            .trim_start_matches('[');
        links.extend(WikiLink::parse(inner, before.ends_with('!'), line));
        rest = tail;
    }
    links
}

/// The name inside a text that is one link (`[[prj-1|x]]` is `prj-1`); other text is returned trimmed.
#[must_use]
pub fn bare_target(text: &str) -> String {
    let trimmed = text.trim();
    trimmed
        .strip_prefix("[[")
        .and_then(|rest| rest.strip_suffix("]]"))
        .and_then(|inner| WikiLink::parse(inner, false, 0))
        .map_or_else(|| nfc(trimmed).into_owned(), |link| link.target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(target: &str, fragment: Option<Fragment>, alias: Option<&str>) -> WikiLink {
        WikiLink {
            target: target.to_owned(),
            fragment,
            alias: alias.map(str::to_owned),
            embed: false,
            line: 1,
        }
    }

    #[test]
    fn links_are_read_as_obsidian_writes_them() {
        let heading = |text: &str| Some(Fragment::Heading(text.to_owned()));
        for (inner, expected) in [
            ("prj-1", Some(link("prj-1", None, None))),
            (" a/b |보기 ", Some(link("a/b", None, Some("보기")))),
            ("a#목표", Some(link("a", heading("목표"), None))),
            ("a#h1#h2|x", Some(link("a", heading("h1#h2"), Some("x")))),
            (
                "a#^ref-1",
                Some(link("a", Some(Fragment::Block("ref-1".to_owned())), None)),
            ),
            ("#here", Some(link("", heading("here"), None))),
            ("a\\|b", Some(link("a", None, Some("b")))),
            ("a|", Some(link("a", None, None))),
            ("", None),
            ("  ", None),
            ("|x", None),
            ("#", None),
        ] {
            assert_eq!(WikiLink::parse(inner, false, 1), expected, "{inner:?}");
        }
    }

    #[test]
    fn source_files_and_attachments_are_file_links() {
        for (target, expected) in [
            ("api/routers/oauth.py", true),
            ("diagram.PNG", true),
            ("v1.2", false),
            ("Dr. Smith", false),
            ("prj-1", false),
            (".py", false),
        ] {
            assert_eq!(
                link(target, None, None).names_a_file(),
                expected,
                "{target:?}"
            );
        }
    }

    #[test]
    fn links_are_found_in_texts() {
        let found: Vec<String> = in_text("[[a]], ![[b|c]] and [[[d]]] [[open", 3)
            .into_iter()
            .map(|l| l.target)
            .collect();
        assert_eq!(found, ["a", "b", "d"]);
        assert_eq!(bare_target(" [[prj-1|x]] "), "prj-1");
        assert_eq!(bare_target("prj-1"), "prj-1");
    }
}
