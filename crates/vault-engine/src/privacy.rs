//! Which notes are private.
//!
//! In: one note by itself, and the folders that are private. Out: yes or no.
//! Never: a note shown because it could not be told. What is broken, half read or oddly written is private when it may say so.
//! Source: [decision 20](../../../docs/decisions/0020-one-view-per-caller.md).

use loop_shared::vault::{BlockState, Defect, DefectCode, Frontmatter, text::fold};
use serde_json::Value;

use crate::{Note, patterns::Patterns, snapshot::NoteDefect};

/// The property that decides.
const PROPERTY: &str = "visibility";
/// Words that hide nothing; every other one does, a misspelt `private` too.
const OPEN: [&str; 9] = [
    "public", "team", "internal", "open", "shared", "all", "everyone", "true", "",
];
/// Bytes of a text that are looked through when its properties cannot be read.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Who sees what of a vault. Whoever is not told otherwise sees what is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sight {
    /// The notes that are not private, as if the others were not there.
    #[default]
    Open,
    /// Every note.
    Whole,
}

/// The rules by which notes are private: `visibility: private` in a note, and folders.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    /// Paths whose notes are private, whatever they say.
    pub folders: Patterns,
}

impl Privacy {
    /// Whether a note is private.
    #[must_use]
    pub fn hides(&self, note: &Note) -> bool {
        note.marks.private || self.folders.mean(note.path.as_str(), false)
    }

    /// Whether a mistake found while walking is told; `hidden` says whether a note of this path is private.
    pub(crate) fn tells(&self, found: &NoteDefect, hidden: impl Fn(&str) -> bool) -> bool {
        let inside = self.folders.mean(&found.path, false) || self.folders.mean(&found.path, true);
        // How many notes there are in all is not told.
        let counts = found.defect.code == DefectCode::TooManyNotes;
        !inside && !counts && !hidden(&found.path)
    }
}

/// Whether a note says that it is private, or may be saying so.
pub(crate) fn says_private(frontmatter: &Frontmatter, defects: &[Defect], text: &str) -> bool {
    frontmatter
        .fields
        .iter()
        .any(|(name, value)| hides(name, value))
        || (is_doubtful(frontmatter, defects, text) && head_hides(text))
}

fn hides(name: &str, value: &Value) -> bool {
    match fold(name.trim()).as_str() {
        PROPERTY => !is_open(value),
        // Merged maps (YAML 1.1) are kept as they stand.
        "<<" => merged(value),
        _ => false,
    }
}

fn merged(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, value)| hides(name, value)),
        Value::Array(items) => items.iter().any(merged),
        _ => false,
    }
}

fn is_open(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(open) => *open,
        Value::String(word) => OPEN.contains(&fold(word.trim()).as_str()),
        Value::Array(items) => items.iter().all(is_open),
        Value::Number(_) | Value::Object(_) => false,
    }
}

/// Whether the properties read may not be all that a person wrote.
fn is_doubtful(frontmatter: &Frontmatter, defects: &[Defect], text: &str) -> bool {
    if !defects.is_empty() {
        return true;
    }
    // A block that does not start on the first line is no frontmatter, and was perhaps meant to be.
    frontmatter.state == BlockState::Absent && legible(text).trim_start().starts_with("---")
}

/// Whether a line at the top of a text reads like the property with a word that hides.
fn head_hides(text: &str) -> bool {
    let legible = legible(text);
    legible.lines().any(|line| {
        let line = fold(line);
        let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        let Some(rest) = line.strip_prefix(PROPERTY) else {
            return false;
        };
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        rest.strip_prefix([':', '=']).is_some_and(|value| {
            let word = value.split('#').next().unwrap_or_default();
            let mut words = word
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .peekable();
            // Nothing on this line: a list or a text may follow on the next.
            words.peek().is_none() || words.any(|word| !OPEN.contains(&word))
        })
    })
}

/// The beginning of a text, in whatever encoding it was.
fn legible(text: &str) -> String {
    let head = text.get(..text.floor_char_boundary(MAX_HEAD));
    let odd = |c: &char| !matches!(c, '\0' | '\u{fffd}' | '\u{feff}');
    head.unwrap_or_default().chars().filter(odd).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loop_shared::vault::NotePath;

    fn private(bytes: &[u8]) -> bool {
        let note = Note::read(NotePath::parse("a.md").unwrap(), bytes);
        Privacy::default().hides(&note)
    }

    #[test]
    fn a_note_is_private_however_it_says_so() {
        for text in [
            "---\nvisibility: private\n---\n",
            "---\nvisibility: Private \n---\n",
            "---\nvisibility: \"private\"\n---\n",
            "---\nvisibility: ｐｒｉｖａｔｅ\n---\n",
            "---\nVisibility: PRIVATE\n---\n",
            "---\n\"visibility\": private\n---\n",
            "---\nvisibility: [private]\n---\n",
            "---\nvisibility:\n  - team\n  - private\n---\n",
            "---\nvisibility: {who: me}\n---\n",
            "---\nvisibility: false\n---\n",
            "---\nvisibility: 0\n---\n",
            "---\nvisibility: privat\n---\n",
            "---\nx: &p private\nvisibility: *p\n---\n",
            "---\n<<: {visibility: private}\n---\n",
            "\u{feff}---\r\nvisibility: private\r\n---\r\n",
            // Twice, in either order.
            "---\nvisibility: private\nvisibility: public\n---\n",
            "---\nvisibility: public\nvisibility: private\n---\n",
            // Broken, not closed, not at the top.
            "---\nvisibility: private\ntitle: \"unclosed\n---\n",
            "---\ntitle: \"unclosed\nvisibility: private\n---\n",
            "---\ntitle: [a\n  visibility: private\n---\n",
            "---\nvisibility:private\n---\n",
            "---\nvisibility: [private\n---\n",
            "---\nvisibility:\n- private\n x: : y\n---\n",
            "---\nvisibility: private\n",
            "---\ntitle: x\nvisibility: private\ntext without an end",
            "\n---\nvisibility: private\n---\n",
            " ---\nvisibility: private\n---\n",
            "---\n- a list\n- visibility: private\n---\n",
            "---\na: &a [x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nvisibility: private\nf: {g: [}\n---\n",
        ] {
            assert!(private(text.as_bytes()), "{text:?}");
        }
        let wide: Vec<u8> = "---\nvisibility: private\n---\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(private(&wide));
        assert!(private(&[&[0xff, 0xfe], wide.as_slice()].concat()));
        assert!(private(b"---\nvisibility: private\nname: \xff\n---\n"));
    }

    #[test]
    fn a_note_is_open_when_it_says_nothing_or_says_so() {
        for text in [
            "",
            "text",
            "---\n---\n",
            "---\nvisibility:\n---\n",
            "---\nvisibility: public\n---\n",
            "---\nvisibility: Team\n---\n",
            "---\nvisibility: [team, internal]\n---\n",
            "---\nvisibility: true\n---\n",
            "---\nacl: {visibility: private}\n---\n",
            "---\ntitle: \"unclosed\nvisibility: public\n---\n",
            "---\ntitle: \"unclosed\n---\n",
            // What a text says about the property is no property.
            "---\ntitle: How to hide\n---\nWrite `visibility: private`.\n\nvisibility: private\n",
            "How to hide:\n\nvisibility: private\n",
        ] {
            assert!(!private(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn a_folder_is_private_whatever_its_notes_say() {
        let privacy = Privacy {
            folders: Patterns::parse(["/hr/"]).unwrap(),
        };
        let note = |path: &str| Note::read(NotePath::parse(path).unwrap(), b"text");
        assert!(privacy.hides(&note("hr/pay/a.md")));
        assert!(privacy.hides(&note("HR/a.md")));
        assert!(!privacy.hides(&note("x/hr/a.md")));
    }
}
