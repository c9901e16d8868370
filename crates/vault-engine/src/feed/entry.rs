//! What the feed remembers of a note: enough to say what changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Note, view::NoteRef};

/// Properties whose changes are told one by one.
const TRACKED: [&str; 14] = [
    "status",
    "assignee",
    "due",
    "start_date",
    "closed",
    "priority",
    "project_id",
    "parent_id",
    "validates",
    "validated_by",
    "estimated_hours",
    "actual_hours",
    "tags",
    "entity_type",
];
/// Bytes of one value; longer ones are cut.
const MAX_VALUE: usize = 300;

/// A note, as far as the feed cares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) note: NoteRef,
    pub(super) hash: String,
    pub(super) fields: Map<String, Value>,
}

impl Entry {
    pub(super) fn of(note: &Note) -> Self {
        let fields = TRACKED.iter().filter_map(|&name| {
            let value = note.frontmatter.get(name)?;
            Some((name.to_owned(), short(value)))
        });
        Self {
            note: NoteRef::of(note),
            hash: note.hash.to_string(),
            fields: fields.collect(),
        }
    }
}

impl Entry {
    /// The path alone.
    pub(super) fn nameless(self) -> Self {
        Self {
            note: NoteRef {
                title: String::new(),
                id: None,
                entity_type: None,
                status: None,
                ..self.note
            },
            hash: String::new(),
            fields: Map::new(),
        }
    }
}

fn short(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= MAX_VALUE {
        return value;
    }
    let head = text.get(..text.floor_char_boundary(MAX_VALUE));
    Value::String(format!("{}…", head.unwrap_or_default()))
}
