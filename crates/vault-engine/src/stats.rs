//! The vault in numbers.
//!
//! In: a snapshot and the state of its vault. Out: [`Stats`].

use std::collections::BTreeMap;

use loop_shared::vault::DefectCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Snapshot,
    live::{LastScan, VaultStatus, WatcherState},
};

/// One place where a mistake was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DefectExample {
    /// The file.
    pub path: String,
    /// Line in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong there.
    pub message: String,
}

/// All mistakes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DefectGroup {
    /// The kind.
    pub code: DefectCode,
    /// How many.
    pub count: u64,
    /// What to do about it.
    pub fix: String,
    /// The first ones by path.
    pub examples: Vec<DefectExample>,
}

/// The vault in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stats {
    /// All notes.
    pub notes: u64,
    /// Notes that are entities.
    pub entities: u64,
    /// Bytes of all notes.
    pub bytes: u64,
    /// Entities by type.
    pub by_type: BTreeMap<String, u64>,
    /// Entities by status.
    pub by_status: BTreeMap<String, u64>,
    /// Mistakes, all kinds together.
    pub defect_count: u64,
    /// Mistakes by kind, the most frequent first.
    pub defects: Vec<DefectGroup>,
    /// Grows by one with every change, from 1.
    pub generation: u64,
    /// Changes with every byte of the vault.
    pub hash: String,
    /// How long the present picture took to make. Milliseconds.
    pub load_ms: u64,
    /// How changes are noticed.
    pub watcher: WatcherState,
    /// The last comparison of the folder with memory.
    pub last_scan: LastScan,
    /// Whether the folder is there; if not, the last picture is served.
    pub root_present: bool,
}

/// Counts; at most `examples` places for each kind of mistake.
#[must_use]
pub fn stats(snapshot: &Snapshot, status: &VaultStatus, examples: usize) -> Stats {
    let mut by_type: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
    let mut entities = 0;
    for entity in snapshot
        .notes()
        .iter()
        .filter_map(|note| note.entity.as_ref())
    {
        entities += 1;
        let count = |map: &mut BTreeMap<String, u64>, name: &Option<String>| {
            *map.entry(name.clone().unwrap_or_else(|| "(none)".to_owned()))
                .or_default() += 1;
        };
        count(&mut by_type, &entity.entity_type);
        count(&mut by_status, &entity.status);
    }
    Stats {
        notes: snapshot.notes().len() as u64,
        entities,
        bytes: snapshot.bytes(),
        by_type,
        by_status,
        defect_count: snapshot.defects().len() as u64,
        defects: groups(snapshot, examples),
        generation: snapshot.generation(),
        hash: snapshot.hash().to_string(),
        load_ms: u64::try_from(snapshot.load_time().as_millis()).unwrap_or(u64::MAX),
        watcher: status.watcher.clone(),
        last_scan: status.last_scan.clone(),
        root_present: status.root_present,
    }
}

fn groups(snapshot: &Snapshot, examples: usize) -> Vec<DefectGroup> {
    let mut groups: BTreeMap<DefectCode, DefectGroup> = BTreeMap::new();
    for found in snapshot.defects() {
        let code = found.defect.code;
        let group = groups.entry(code).or_insert_with(|| DefectGroup {
            code,
            count: 0,
            fix: code.fix().to_owned(),
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < examples {
            group.examples.push(DefectExample {
                path: found.path.clone(),
                line: found.defect.line,
                message: found.defect.message.clone(),
            });
        }
    }
    let mut groups: Vec<DefectGroup> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}
