//! Answers a query: filter, count, sort, cut.

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

use loop_shared::vault::{IsoDate, Priority, text::fold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Query, QueryError,
    compare::{Ready, value},
    groups::groups,
    literal::as_text,
};
use crate::{
    Note, Snapshot,
    query::{Page, cursor},
    view::NoteRef,
};

/// A note that fits.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueryItem {
    /// The note.
    #[serde(flatten)]
    pub note: NoteRef,
    /// The selected properties it has.
    pub fields: Map<String, Value>,
}

/// One value and how many notes have it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Group {
    /// The value; `null` for notes without the property. Each item of a list counts by itself.
    pub value: Value,
    /// How many notes.
    pub count: u64,
}

/// One page of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct QueryPage {
    /// The notes of this page; empty when groups were asked for.
    pub results: Vec<QueryItem>,
    /// How many notes fit, on all pages together.
    pub total: u64,
    /// The groups, the largest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Group>>,
    /// How many groups there are, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_total: Option<u64>,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A sort key; numbers before texts, nothing last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(f64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    query: u64,
    keys: Vec<Option<Key>>,
    path: String,
}

/// Answers from a snapshot. Without a day, conditions about `today` cannot be used.
///
/// # Errors
/// [`QueryError`].
pub fn query(
    snapshot: &Snapshot,
    query: &Query,
    page: &Page,
    today: Option<&IsoDate>,
) -> Result<QueryPage, QueryError> {
    query.check()?;
    let today = today.and_then(IsoDate::day);
    let ready = query
        .condition
        .as_ref()
        .map(|condition| Ready::of(condition, today))
        .transpose()?;
    let fitting = snapshot
        .notes()
        .iter()
        .filter(|note| ready.as_ref().is_none_or(|ready| ready.holds(note)));
    match &query.group {
        Some(field) => Ok(groups(fitting.map(AsRef::as_ref), field)),
        None => list(query, fitting.map(AsRef::as_ref), page),
    }
}

fn list<'a>(
    query: &Query,
    fitting: impl Iterator<Item = &'a Note>,
    page: &Page,
) -> Result<QueryPage, QueryError> {
    let fingerprint = fingerprint(query);
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let cursor: Cursor = cursor::decode(text).map_err(|_| QueryError::BadCursor)?;
            if cursor.query != fingerprint || cursor.keys.len() != query.sort.len() {
                return Err(QueryError::BadCursor);
            }
            Some(cursor)
        }
    };
    let order = |a: (&[Option<Key>], &str), b: (&[Option<Key>], &str)| {
        let keys = a.0.iter().zip(b.0).zip(&query.sort);
        let keys = keys.map(|((a, b), order)| by_key(a.as_ref(), b.as_ref(), order.desc));
        keys.fold(Ordering::Equal, Ordering::then)
            .then_with(|| a.1.cmp(b.1))
    };
    let mut total = 0;
    let mut rest: Vec<(Vec<Option<Key>>, &Note)> = Vec::new();
    for note in fitting {
        total += 1;
        let keys: Vec<Option<Key>> = query
            .sort
            .iter()
            .map(|order| key(note, &order.field))
            .collect();
        let is_behind = |after: &Cursor| {
            order((&keys, note.path.as_str()), (&after.keys, &after.path)) == Ordering::Greater
        };
        if after.as_ref().is_none_or(is_behind) {
            rest.push((keys, note));
        }
    }
    let by_order = |a: &(Vec<Option<Key>>, &Note), b: &(Vec<Option<Key>>, &Note)| {
        order((&a.0, a.1.path.as_str()), (&b.0, b.1.path.as_str()))
    };
    let size = page.size();
    let more = rest.len() > size;
    if more {
        rest.select_nth_unstable_by(size, by_order);
        rest.truncate(size);
    }
    rest.sort_unstable_by(by_order);
    let selected = selected(query);
    let results = rest.iter().map(|(_, note)| item(note, &selected)).collect();
    let next_cursor = rest.pop().filter(|_| more).map(|(keys, note)| {
        let path = note.path.as_str().to_owned();
        cursor::encode(&Cursor {
            query: fingerprint,
            keys,
            path,
        })
    });
    Ok(QueryPage {
        results,
        total,
        next_cursor,
        ..QueryPage::default()
    })
}

fn key(note: &Note, field: &str) -> Option<Key> {
    let value = value(note, field)?;
    let one = match &value {
        Value::Array(items) => items.first()?,
        one => one,
    };
    match one {
        Value::Number(number) => number.as_f64().map(Key::Number),
        other => {
            let text = as_text(other)?;
            // Priorities go from low to critical, not by the alphabet.
            let rank = field
                .starts_with("priority")
                .then(|| Priority::parse(&text))
                .flatten();
            Some(rank.map_or_else(
                || Key::Text(fold(&text)),
                |rank| Key::Number(f64::from(rank as u8)),
            ))
        }
    }
}

fn by_key(a: Option<&Key>, b: Option<&Key>, desc: bool) -> Ordering {
    let order = match (a, b) {
        (None, None) => return Ordering::Equal,
        // Without the property comes last, in both directions.
        (Some(_), None) => return Ordering::Less,
        (None, Some(_)) => return Ordering::Greater,
        (Some(Key::Number(a)), Some(Key::Number(b))) => a.total_cmp(b),
        (Some(Key::Text(a)), Some(Key::Text(b))) => a.cmp(b),
        (Some(Key::Number(_)), Some(Key::Text(_))) => Ordering::Less,
        (Some(Key::Text(_)), Some(Key::Number(_))) => Ordering::Greater,
    };
    if desc { order.reverse() } else { order }
}

/// The properties to give with each note.
fn selected(query: &Query) -> Vec<String> {
    if !query.select.is_empty() {
        return query.select.clone();
    }
    let mut fields: Vec<String> = Vec::new();
    let mut take = |field: &str| {
        if !fields.iter().any(|known| known == field) {
            fields.push(field.to_owned());
        }
    };
    if let Some(condition) = &query.condition {
        condition.each_field(&mut take);
    }
    query.sort.iter().for_each(|order| take(&order.field));
    fields
}

fn item(note: &Note, selected: &[String]) -> QueryItem {
    let fields = selected
        .iter()
        .filter_map(|field| Some((field.clone(), value(note, field)?)));
    QueryItem {
        note: NoteRef::of(note),
        fields: fields.collect(),
    }
}

fn fingerprint(query: &Query) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(query)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}
