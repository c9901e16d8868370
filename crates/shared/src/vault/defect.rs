//! What can be wrong with a note, and what to write instead.
//!
//! In: nothing. Out: [`Defect`], a value that travels beside the healthy part of the note.
//! Never: an error that hides a note.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of mistake; the text form is kebab-case and stable.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DefectCode {
    /// The frontmatter is not YAML.
    YamlSyntax,
    /// A property is written twice.
    YamlDuplicateKey,
    /// The frontmatter is too large, too deep or expands too far.
    YamlLimit,
    /// `---` opens the frontmatter and nothing closes it.
    FrontmatterUnterminated,
    /// The frontmatter is a list or a single value.
    FrontmatterNotAMap,
    /// A property holds a value of another type than it should.
    FieldType,
    /// A list is written as one text with commas.
    ListAsText,
    /// A date that is not in the calendar or not `YYYY-MM-DD`.
    BadDate,
    /// A `status` nobody knows.
    UnknownStatus,
    /// A `priority` that is not low, medium, high or critical.
    UnknownPriority,
    /// An entity without `entity_id`.
    EntityIdMissing,
    /// `entity_id` without `entity_type`.
    EntityTypeMissing,
    /// Two notes carry one `entity_id`.
    DuplicateId,
    /// A wikilink that leads nowhere.
    DanglingLink,
    /// A relation whose target does not exist.
    DanglingRelation,
    /// The file is larger than the limit; its text is not loaded.
    NoteTooLarge,
    /// The file is not UTF-8; unreadable bytes are shown as U+FFFD.
    InvalidUtf8,
    /// The file cannot be opened or read.
    Unreadable,
    /// A symbolic link whose target is outside the vault.
    SymlinkOutside,
    /// A symbolic link inside the vault, or one that leads nowhere.
    SymlinkNotFollowed,
    /// Something called `.md` that is no regular file.
    NotAFile,
    /// A file name that cannot be addressed.
    BadName,
    /// Two files whose names differ only in Unicode normalization.
    DuplicatePath,
    /// The vault holds more notes than the limit.
    TooManyNotes,
    /// Folders nested deeper than the limit.
    TooDeep,
}

impl DefectCode {
    /// The stable text of the code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.texts().0
    }

    /// What to do about it, in one line.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        self.texts().1
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::YamlSyntax => (
                "yaml-syntax",
                "quote texts that hold : # [ ] { } or quotes, close quotes, indent with spaces",
            ),
            Self::YamlDuplicateKey => ("yaml-duplicate-key", "keep one line of this property"),
            Self::YamlLimit => (
                "yaml-limit",
                "move long content into the body; avoid anchors and deep nesting",
            ),
            Self::FrontmatterUnterminated => (
                "frontmatter-unterminated",
                "end the frontmatter with a line ---",
            ),
            Self::FrontmatterNotAMap => (
                "frontmatter-not-a-map",
                "write properties as `name: value` lines",
            ),
            Self::FieldType => ("field-type", "write the type the property expects"),
            Self::ListAsText => ("list-as-text", "write a list: [a, b]"),
            Self::BadDate => ("bad-date", "write an existing day as YYYY-MM-DD"),
            Self::UnknownStatus => (
                "unknown-status",
                "use a known status such as todo, doing, done, blocked",
            ),
            Self::UnknownPriority => ("unknown-priority", "use low, medium, high or critical"),
            Self::EntityIdMissing => ("entity-id-missing", "add entity_id, unique in the vault"),
            Self::EntityTypeMissing => (
                "entity-type-missing",
                "add entity_type, such as Task or Project",
            ),
            Self::DuplicateId => ("duplicate-id", "give each note its own entity_id"),
            Self::DanglingLink => ("dangling-link", "create the note or correct the link"),
            Self::DanglingRelation => ("dangling-relation", "create the entity or correct the id"),
            Self::NoteTooLarge => ("note-too-large", "split the note or raise the size limit"),
            Self::InvalidUtf8 => ("invalid-utf8", "save the file as UTF-8"),
            Self::Unreadable => ("unreadable", "let the server's user read the file"),
            Self::SymlinkOutside => ("symlink-outside", "copy the note into the vault"),
            Self::SymlinkNotFollowed => (
                "symlink-not-followed",
                "replace the symbolic link by the file",
            ),
            Self::NotAFile => ("not-a-file", "keep only regular files with the suffix .md"),
            Self::BadName => (
                "bad-name",
                "rename the file: no control characters, no backslash, valid UTF-8",
            ),
            Self::DuplicatePath => ("duplicate-path", "rename one of the two files"),
            Self::TooManyNotes => (
                "too-many-notes",
                "raise the limit of notes or serve a smaller folder",
            ),
            Self::TooDeep => ("too-deep", "move the folder up"),
        }
    }
}

impl fmt::Display for DefectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One mistake in one note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Defect {
    /// What kind of mistake.
    pub code: DefectCode,
    /// Line in the file, from 1; absent when the mistake has no place.
    pub line: Option<u32>,
    /// Column in the line, in letters, from 1; absent when the whole line is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong, for a person.
    pub message: String,
    /// What to write instead of the line, when that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

impl Defect {
    /// A mistake at a line of the file.
    #[must_use]
    pub fn at(code: DefectCode, line: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            line: Some(line),
            column: None,
            message: message.into(),
            instead: None,
        }
    }

    /// A mistake of the note as a whole.
    #[must_use]
    pub fn whole(code: DefectCode, message: impl Into<String>) -> Self {
        Self {
            code,
            line: None,
            column: None,
            message: message.into(),
            instead: None,
        }
    }
}
