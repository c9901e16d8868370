//! Every note's frontmatter, one after another, for streaming.
//!
//! In: a shared snapshot. Out: an iterator that owns what it needs and copies nothing.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::{Note, Properties, Snapshot};

/// One note of the scan; serializes as [`ScanRecord`].
#[derive(Clone, Debug)]
pub struct ScanItem(Arc<Note>);

/// The JSON of one line of the scan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScanRecord<'a> {
    /// Where the note is.
    pub path: &'a str,
    /// Its id, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Its title.
    pub title: &'a str,
    /// Changes with every byte of the file.
    pub hash: String,
    /// Size of the file.
    pub bytes: u64,
    /// All properties as written.
    pub frontmatter: &'a Properties,
}

impl ScanItem {
    /// The note.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.0
    }

    /// The note as it is written in the scan.
    #[must_use]
    pub fn record(&self) -> ScanRecord<'_> {
        ScanRecord {
            path: self.0.path.as_str(),
            id: self.0.id(),
            title: &self.0.title,
            hash: self.0.hash.to_string(),
            bytes: self.0.bytes,
            frontmatter: &self.0.frontmatter,
        }
    }
}

impl Serialize for ScanItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.record().serialize(serializer)
    }
}

/// Walks over every note in the order of paths.
pub fn scan(snapshot: Arc<Snapshot>) -> impl ExactSizeIterator<Item = ScanItem> + Send + 'static {
    let count = snapshot.notes().len();
    (0..count).map(move |at| ScanItem(Arc::clone(&snapshot.notes()[at])))
}
