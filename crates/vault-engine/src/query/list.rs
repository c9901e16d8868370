//! Lists of entities: filtered, then sorted, then cut.

use std::cmp::Ordering;

use loop_shared::vault::{IsoDate, text::fold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    cursor,
    filter::{EntityFilter, Ready},
};
use crate::{
    Note, Snapshot,
    view::{EntityItem, PageError},
};

/// The largest page.
pub(crate) const MAX_LIMIT: u32 = 200;

/// What a list is sorted by. Entities without the field come last, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortField {
    /// Day of the last change.
    #[default]
    Updated,
    /// Day of creation.
    Created,
    /// Last day.
    Due,
    /// Urgency, from low to critical.
    Priority,
    /// Title.
    Name,
    /// Id.
    Id,
    /// Status, by the alphabet.
    Status,
}

/// Field and direction; the path decides between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sort {
    /// By what.
    pub field: SortField,
    /// Largest first.
    pub desc: bool,
}

impl Default for Sort {
    /// Last changed first.
    fn default() -> Self {
        Self {
            field: SortField::Updated,
            desc: true,
        }
    }
}

impl Sort {
    /// Reads `due` (ascending) or `-due` (descending).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (desc, name) = text
            .trim()
            .strip_prefix('-')
            .map_or((false, text.trim()), |name| (true, name));
        let field = match name {
            "updated" => SortField::Updated,
            "created" => SortField::Created,
            "due" => SortField::Due,
            "priority" => SortField::Priority,
            "name" => SortField::Name,
            "id" => SortField::Id,
            "status" => SortField::Status,
            _ => return None,
        };
        Some(Self { field, desc })
    }

    fn key(self, note: &Note) -> Option<String> {
        let entity = note.entity.as_ref()?;
        let day = |date: &Option<IsoDate>| date.as_ref().map(|date| date.as_str().to_owned());
        match self.field {
            SortField::Updated => day(&entity.updated),
            SortField::Created => day(&entity.created),
            SortField::Due => day(&entity.due),
            SortField::Priority => entity.priority.map(|priority| (priority as u8).to_string()),
            SortField::Name => Some(note.folded.title.to_string()),
            SortField::Id => note.folded.id.as_deref().map(str::to_owned),
            SortField::Status => entity.status.as_deref().map(fold),
        }
    }

    fn order(self, one: &Position, other: &Position) -> Ordering {
        let keys = match (&one.key, &other.key) {
            (Some(a), Some(b)) if self.desc => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        keys.then_with(|| one.path.cmp(&other.path))
    }
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most this many, 1 to 200; other numbers are brought into that range.
    pub limit: u32,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: 50,
            cursor: None,
        }
    }
}

impl Page {
    pub(crate) fn size(&self) -> usize {
        self.limit.clamp(1, MAX_LIMIT) as usize
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EntityPage {
    /// The entities of this page; `results` in JSON.
    #[serde(rename = "results")]
    pub items: Vec<EntityItem>,
    /// How many entities pass the filter, on all pages together.
    pub total: u64,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Place of an item in a sorted list.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    key: Option<String>,
    path: String,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    after: Position,
}

/// Lists entities.
///
/// # Errors
/// [`PageError::BadCursor`] when the cursor was not made by a list of the same order.
pub fn entities(
    snapshot: &Snapshot,
    filter: &EntityFilter,
    sort: Sort,
    page: &Page,
) -> Result<EntityPage, PageError> {
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let cursor: Cursor = cursor::decode(text)?;
            if cursor.sort != sort {
                return Err(PageError::BadCursor);
            }
            Some(cursor.after)
        }
    };
    let ready = Ready::of(snapshot, filter);
    let mut total = 0;
    let mut rest: Vec<(Position, &Note)> = Vec::new();
    let notes = snapshot.notes().iter().enumerate();
    for (_, note) in notes.filter(|(at, note)| ready.keeps(snapshot, *at, note)) {
        total += 1;
        let position = Position {
            key: sort.key(note),
            path: note.path.as_str().to_owned(),
        };
        if after
            .as_ref()
            .is_none_or(|after| sort.order(&position, after) == Ordering::Greater)
        {
            rest.push((position, note.as_ref()));
        }
    }
    let size = page.size();
    let more = rest.len() > size;
    if more {
        rest.select_nth_unstable_by(size, |(a, _), (b, _)| sort.order(a, b));
        rest.truncate(size);
    }
    rest.sort_unstable_by(|(a, _), (b, _)| sort.order(a, b));
    let items = rest
        .iter()
        .filter_map(|(_, note)| EntityItem::of(note))
        .collect();
    let last = rest.pop().filter(|_| more);
    let next_cursor = last.map(|(after, _)| cursor::encode(&Cursor { sort, after }));
    Ok(EntityPage {
        items,
        total,
        next_cursor,
    })
}
