//! What is wrong with notes: broken ones, and those that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use loop_shared::vault::{BlockState, DefectCode};
use loop_vault::Note;
use serde_json::{Map, Value};

use crate::calendar::{self, Month};
use crate::warning::Warning;

/// What is wrong with a note.
#[derive(Debug)]
pub(super) struct Fault {
    /// The kind of note; `None` when it is not known.
    pub(super) kind: Option<&'static str>,
    /// The month that it is about, as far as that can be told.
    pub(super) month: Option<Month>,
    pub(super) warning: Warning,
}

/// Keeps the entries whose key only one note states; the others are a contradiction.
pub(super) fn unique<T, K: Ord + Clone>(
    entries: &mut Vec<T>,
    kind: &'static str,
    faults: &mut Vec<Fault>,
    key: impl Fn(&T) -> (K, String, String),
) {
    let mut stated: BTreeMap<K, (BTreeSet<String>, String)> = BTreeMap::new();
    for entry in entries.iter() {
        let (key, source, what) = key(entry);
        let (sources, _) = stated.entry(key).or_insert_with(|| (BTreeSet::new(), what));
        sources.insert(source);
    }
    for (sources, what) in stated.values().filter(|(sources, _)| sources.len() > 1) {
        let message = format!("more than one note states the {what}; keep one");
        let sources = sources.iter().cloned().collect();
        faults.push(Fault {
            kind: Some(kind),
            month: None,
            warning: Warning::about("contradiction", sources, message),
        });
    }
    entries.retain(|entry| {
        let (key, _, _) = key(entry);
        stated
            .get(&key)
            .is_none_or(|(sources, _)| sources.len() == 1)
    });
}

/// The month that a note is about, when it says so in a way that can be read.
pub(super) fn month(properties: &Map<String, Value>) -> Option<Month> {
    let text = |name: &str| properties.get(name).and_then(Value::as_str).map(str::trim);
    text("month")
        .and_then(Month::parse)
        .or_else(|| text("date").and_then(calendar::day).map(Month::of))
}

/// Why a note's properties cannot be trusted as a whole.
pub(super) fn broken(note: &Note) -> Option<Warning> {
    let source = note.path.as_str();
    let defect = note.defects.iter().find(|defect| {
        matches!(
            defect.code,
            DefectCode::YamlSyntax
                | DefectCode::YamlDuplicateKey
                | DefectCode::YamlLimit
                | DefectCode::FrontmatterUnterminated
                | DefectCode::FrontmatterNotAMap
                | DefectCode::NoteTooLarge
                | DefectCode::InvalidUtf8
                | DefectCode::Unreadable
        )
    });
    match defect {
        Some(defect) => Some(Warning::new("broken_note", source, defect.message.clone())),
        None if note.frontmatter.state() == BlockState::Recovered => {
            let message = "only a part of the properties can be read";
            Some(Warning::new("broken_note", source, message))
        }
        None => None,
    }
}
