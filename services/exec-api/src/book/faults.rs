//! What is wrong with notes: broken ones, and those that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use loop_shared::vault::{BlockState, DefectCode};
use loop_vault::Note;
use serde_json::{Map, Value};

use crate::calendar::{self, Month};
use crate::warning::{Said, Warning, said};

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
    key: impl Fn(&T) -> (K, String, Said),
) {
    let mut stated: BTreeMap<K, (BTreeSet<String>, Said)> = BTreeMap::new();
    for entry in entries.iter() {
        let (key, source, what) = key(entry);
        let (sources, _) = stated.entry(key).or_insert_with(|| (BTreeSet::new(), what));
        sources.insert(source);
    }
    for (sources, what) in stated.values().filter(|(sources, _)| sources.len() > 1) {
        let message = said(
            format!("more than one note states the {}; keep one", what.en),
            format!(
                "노트가 둘 이상 같은 것을 적었습니다: {}. 하나만 남기세요",
                what.ko
            ),
        );
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
        Some(defect) => {
            let message = said(
                defect.message.clone(),
                format!("속성을 읽을 수 없습니다: {}", defect.message),
            );
            Some(Warning::new("broken_note", source, message))
        }
        None if note.frontmatter.state() == BlockState::Recovered => {
            let message = said(
                "only a part of the properties can be read",
                "속성의 일부만 읽을 수 있습니다",
            );
            Some(Warning::new("broken_note", source, message))
        }
        None => None,
    }
}
