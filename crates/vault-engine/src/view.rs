//! The shapes in which notes and entities leave the engine, for REST and MCP alike.

use loop_shared::vault::{IsoDate, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::note::Note;

/// A note, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteRef {
    /// Where it is.
    pub path: String,
    /// Its id, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its type, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// Its status, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl NoteRef {
    /// Names a note.
    #[must_use]
    pub fn of(note: &Note) -> Self {
        Self {
            path: note.path.as_str().to_owned(),
            id: note.id().map(str::to_owned),
            title: note.title.clone(),
            entity_type: note.entity_type().map(str::to_owned),
            status: note
                .entity
                .as_ref()
                .and_then(|entity| entity.status.clone()),
        }
    }
}

/// An entity in a list; fields it does not have are absent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EntityItem {
    /// Id, path, title, type and status.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Its project, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// What it belongs to, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Day of creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<IsoDate>,
    /// Day of the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<IsoDate>,
    /// Day it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<IsoDate>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<IsoDate>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<IsoDate>,
    /// Tags of the frontmatter and the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl EntityItem {
    /// The list form of an entity; `None` for a note that is none.
    #[must_use]
    pub fn of(note: &Note) -> Option<Self> {
        let entity = note.entity.as_ref()?;
        Some(Self {
            note: NoteRef::of(note),
            assignee: entity.assignee.clone(),
            project_id: entity.project_id.as_ref().map(ToString::to_string),
            parent_id: entity.parent_id.as_ref().map(ToString::to_string),
            priority: entity.priority,
            created: entity.created.clone(),
            updated: entity.updated.clone(),
            closed: entity.closed.clone(),
            start_date: entity.start_date.clone(),
            due: entity.due.clone(),
            tags: note.tags.clone(),
        })
    }
}

/// Why a page cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The cursor is not one of ours, or belongs to another question.
    #[error("the cursor is not valid for this query; ask again without it")]
    BadCursor,
    /// Nothing to search for.
    #[error("the query is empty")]
    EmptyQuery,
    /// More than 512 characters or 16 terms.
    #[error("the query is too long: at most 512 characters and 16 terms")]
    QueryTooLong,
}
