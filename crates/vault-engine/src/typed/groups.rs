//! How many notes have which value.
//!
//! In: notes and a property. Out: its values, the largest group first.
//! Never: a note counted twice in a group; a text folded again that was seen before.

use std::{borrow::Cow, collections::HashMap};

use foldhash::quality::RandomState;
use loop_shared::vault::text::fold;
use serde_json::Value;

use super::{
    compare::{plain_text, value},
    literal::as_text,
    run::{Group, QueryPage},
};
use crate::Note;

/// Groups told at most; more are counted in [`QueryPage::group_total`].
const MAX_GROUPS: usize = 1_000;

#[derive(Default)]
struct Groups {
    /// In the order in which they were found.
    found: Vec<(String, Group)>,
    /// By folded text.
    names: HashMap<String, usize, RandomState>,
    /// By text as it is written.
    written: HashMap<String, usize, RandomState>,
}

/// Counts the notes of each value.
pub(super) fn groups<'a>(fitting: impl Iterator<Item = &'a Note>, field: &str) -> QueryPage {
    let (mut groups, mut total) = (Groups::default(), 0);
    for note in fitting {
        total += 1;
        let known = plain_text(note, field).and_then(|text| groups.written.get(text).copied());
        match known {
            Some(at) => groups.add(at),
            None => groups.count(value(note, field)),
        }
    }
    let mut groups = groups.found;
    groups.sort_unstable_by(|(a, one), (b, other)| {
        other.count.cmp(&one.count).then_with(|| a.cmp(b))
    });
    let group_total = groups.len() as u64;
    let told = groups.into_iter().take(MAX_GROUPS);
    QueryPage {
        total,
        groups: Some(told.map(|(_, group)| group).collect()),
        group_total: Some(group_total),
        ..QueryPage::default()
    }
}

impl Groups {
    /// One more note with this value; each item of a list counts by itself.
    fn count(&mut self, value: Option<Value>) {
        let mut own: Vec<usize> = match value {
            Some(Value::Array(items)) if !items.is_empty() => {
                items.into_iter().map(|item| self.place(item)).collect()
            }
            one => vec![self.place(one.unwrap_or_default())],
        };
        own.sort_unstable();
        own.dedup();
        for at in own {
            self.add(at);
        }
    }

    fn add(&mut self, at: usize) {
        if let Some((_, group)) = self.found.get_mut(at) {
            group.count += 1;
        }
    }

    /// The group of a value.
    fn place(&mut self, value: Value) -> usize {
        let Some(text) = as_text(&value).map(Cow::into_owned) else {
            return self.named(value.to_string(), value);
        };
        if let Some(&at) = self.written.get(&text) {
            return at;
        }
        let at = self.named(fold(&text), value);
        self.written.insert(text, at);
        at
    }

    fn named(&mut self, name: String, value: Value) -> usize {
        *self.names.entry(name).or_insert_with_key(|name| {
            self.found.push((name.clone(), Group { value, count: 0 }));
            self.found.len() - 1
        })
    }
}
