//! Numbers that go up a tree.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loop_shared::vault::{Entity, IsoDate};
use schemars::JsonSchema;
use serde::Serialize;

use super::tree::Tree;
use crate::{Snapshot, lint::Schema};

/// What a number of entities add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Rollup {
    /// All of them.
    pub total: u64,
    /// Neither done nor dropped.
    pub open: u64,
    /// Done.
    pub done: u64,
    /// Given up: archived, cancelled, rejected.
    pub dropped: u64,
    /// Open behind their last day.
    pub overdue: u64,
    /// Hours planned, of those that say.
    pub estimated_hours: f64,
    /// Hours spent, of those that say.
    pub actual_hours: f64,
    /// Hours planned of the open ones.
    pub open_hours: f64,
    /// Open ones that say no hours.
    pub without_estimate: u64,
    /// By status as written; those without under `(none)`.
    pub by_status: BTreeMap<String, u64>,
    /// By type; those without under `(none)`.
    pub by_type: BTreeMap<String, u64>,
}

/// How far an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Done,
    Dropped,
}

/// What decides how far an entity is.
pub(super) struct Judge<'a> {
    schema: &'a Schema,
    today: Option<NaiveDate>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(schema: &'a Schema, today: Option<&IsoDate>) -> Self {
        Self {
            schema,
            today: today.and_then(IsoDate::day),
        }
    }

    pub(super) fn fate(&self, entity: &Entity) -> Fate {
        let status = entity.status.as_deref().unwrap_or_default();
        let one_of = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(status));
        match () {
            () if one_of(self.schema.finished()) => Fate::Done,
            () if one_of(self.schema.dropped()) => Fate::Dropped,
            () => Fate::Open,
        }
    }

    pub(super) fn is_overdue(&self, entity: &Entity, fate: Fate) -> bool {
        let due = entity.due.as_ref().and_then(IsoDate::day);
        let late = due.zip(self.today).is_some_and(|(due, today)| due < today);
        late && fate.is_open()
    }
}

/// One roll-up for the root, then one for each place of the tree.
pub(super) fn all(tree: &Tree, snapshot: &Snapshot, judge: &Judge) -> Vec<Rollup> {
    let mut rollups = vec![Rollup::default(); tree.len() + 1];
    // From the last to the first: whoever is below comes behind.
    for place in (0..tree.len()).rev() {
        let below = rollups.get(place + 1).cloned().unwrap_or_default();
        let entity = tree
            .at(place)
            .and_then(|at| snapshot.at(at)?.entity.as_ref());
        let Some(above) = rollups.get_mut(tree.place_above(place)) else {
            continue;
        };
        above.add(&below);
        if let Some(entity) = entity {
            above.count(entity, judge);
        }
    }
    rollups
}

impl Rollup {
    fn count(&mut self, entity: &Entity, judge: &Judge) {
        let fate = judge.fate(entity);
        let open = fate.is_open();
        self.total += 1;
        self.open += u64::from(open);
        self.done += u64::from(fate == Fate::Done);
        self.dropped += u64::from(fate == Fate::Dropped);
        self.overdue += u64::from(judge.is_overdue(entity, fate));
        self.estimated_hours += entity.estimated_hours.unwrap_or_default();
        self.actual_hours += entity.actual_hours.unwrap_or_default();
        if open {
            self.open_hours += entity.estimated_hours.unwrap_or_default();
            self.without_estimate += u64::from(entity.estimated_hours.is_none());
        }
        let mut tally = |map: fn(&mut Self) -> &mut BTreeMap<String, u64>,
                         word: &Option<String>| {
            let word = word.clone().unwrap_or_else(|| "(none)".to_owned());
            *map(self).entry(word).or_default() += 1;
        };
        tally(|rollup| &mut rollup.by_status, &entity.status);
        tally(|rollup| &mut rollup.by_type, &entity.entity_type);
    }

    fn add(&mut self, below: &Self) {
        self.total += below.total;
        self.open += below.open;
        self.done += below.done;
        self.dropped += below.dropped;
        self.overdue += below.overdue;
        self.estimated_hours += below.estimated_hours;
        self.actual_hours += below.actual_hours;
        self.open_hours += below.open_hours;
        self.without_estimate += below.without_estimate;
        for (map, more) in [
            (&mut self.by_status, &below.by_status),
            (&mut self.by_type, &below.by_type),
        ] {
            for (word, count) in more {
                *map.entry(word.clone()).or_default() += count;
            }
        }
    }
}
