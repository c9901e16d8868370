//! Where in a note a word can stand.
//!
//! In: a note. Out: its searched texts, each with its place.

use crate::note::Note;

/// Places in a note, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Fields(u8);

impl Fields {
    pub(crate) const BODY: Self = Self(1);
    pub(crate) const PROPERTY: Self = Self(2);
    pub(crate) const HEADING: Self = Self(4);
    pub(crate) const TAG: Self = Self(8);
    pub(crate) const TITLE: Self = Self(16);
    pub(crate) const NAME: Self = Self(32);
    pub(crate) const ALL: Self = Self(63);

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Calls back with every searched text of a note, folded.
///
/// A heading is said before the body, of which it is a part.
pub(crate) fn each_text<'a>(note: &'a Note, mut found: impl FnMut(Fields, &'a str)) {
    let folded = &note.folded;
    found(Fields::NAME, &folded.stem);
    if let Some(id) = folded.id.as_deref().filter(|id| *id != &*folded.stem) {
        found(Fields::NAME, id);
    }
    for alias in &folded.aliases {
        found(Fields::NAME, alias);
    }
    found(Fields::TITLE, &folded.title);
    for tag in &folded.tags {
        found(Fields::TAG, tag);
    }
    found(Fields::PROPERTY, &folded.properties);
    found(Fields::HEADING, &folded.headings);
    found(Fields::BODY, note.text.folded());
}
