//! One change, as it is told.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::Entry;
use crate::{Note, changes::Change, history::PastChange, view::NoteRef};

/// What became of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its text or properties are others.
    Changed,
    /// It has another path.
    Moved,
    /// It is gone.
    Removed,
}

/// One property that is not as before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The property.
    pub field: String,
    /// What it was; absent when it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// One change of one note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEvent {
    /// Send it as `since` to go on behind this change.
    pub cursor: String,
    /// When it was noticed, RFC 3339.
    pub at: String,
    /// What became of the note.
    pub kind: ChangeKind,
    /// The note as it is now; as it last was when it is gone.
    #[serde(flatten)]
    pub note: NoteRef,
    /// Where it was, when it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Properties that are not as before: status, assignee, due, priority, project and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// A change without its place in the log.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: ChangeKind,
    pub(super) entry: Entry,
    pub(super) from: Option<String>,
    pub(super) fields: Vec<FieldChange>,
}

/// What is told of notes before and after, in the order of paths; a note that went and came again elsewhere has moved.
pub(super) fn drafts(pairs: Vec<(Option<Entry>, Option<Entry>)>) -> Vec<Draft> {
    let mut gone: HashMap<String, Vec<Entry>> = HashMap::new();
    let mut rest = Vec::new();
    for pair in pairs {
        match pair {
            (Some(old), None) => gone.entry(old.hash.clone()).or_default().push(old),
            other => rest.push(other),
        }
    }
    let mut drafts = Vec::new();
    for pair in rest {
        match pair {
            (Some(old), Some(new)) => drafts.push(Draft {
                kind: ChangeKind::Changed,
                fields: fields(Some(&old), Some(&new)),
                entry: new,
                from: None,
            }),
            (None, Some(new)) => {
                let old = gone.get_mut(&new.hash).and_then(Vec::pop);
                let kind = if old.is_some() {
                    ChangeKind::Moved
                } else {
                    ChangeKind::Added
                };
                drafts.push(Draft {
                    kind,
                    fields: old
                        .as_ref()
                        .map_or_else(Vec::new, |old| fields(Some(old), Some(&new))),
                    from: old.map(|old| old.note.path),
                    entry: new,
                });
            }
            (_, None) => {}
        }
    }
    drafts.extend(gone.into_values().flatten().map(|old| Draft {
        kind: ChangeKind::Removed,
        fields: Vec::new(),
        from: None,
        entry: old,
    }));
    drafts.sort_by(|a, b| a.entry.note.path.cmp(&b.entry.note.path));
    drafts
}

/// The changes between two pictures, without who made them.
pub(crate) fn difference(changes: &[Change]) -> Vec<PastChange> {
    let told = |draft: Draft| PastChange {
        kind: draft.kind,
        note: draft.entry.note,
        from: draft.from,
        fields: draft.fields,
        who: Vec::new(),
    };
    drafts(changes.iter().map(pair).collect())
        .into_iter()
        .map(told)
        .collect()
}

/// Properties of one note that differ.
pub(crate) fn fields_between(old: &Note, new: &Note) -> Vec<FieldChange> {
    fields(Some(&Entry::of(old)), Some(&Entry::of(new)))
}

/// A note before and after.
pub(super) fn pair(change: &Change) -> (Option<Entry>, Option<Entry>) {
    match change {
        Change::Added(new) => (None, Some(Entry::of(new))),
        Change::Changed(old, new) => (Some(Entry::of(old)), Some(Entry::of(new))),
        Change::Removed(old) => (Some(Entry::of(old)), None),
    }
}

fn fields(old: Option<&Entry>, new: Option<&Entry>) -> Vec<FieldChange> {
    let value = |entry: Option<&Entry>, name: &str| entry?.fields.get(name).cloned();
    let names: BTreeSet<&String> = [old, new]
        .into_iter()
        .flatten()
        .flat_map(|entry| entry.fields.keys())
        .collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (value(old, name), value(new, name));
            (before != after).then(|| FieldChange {
                field: name.clone(),
                before,
                after,
            })
        })
        .collect()
}
