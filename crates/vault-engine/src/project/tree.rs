//! What hangs below what.
//!
//! In: a snapshot and a root. Out: every entity whose parent or project leads to the root, directly or not, each once.
//! Never: a circle: those who only lead to each other hang below the root itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Snapshot, names::At};

const PARENT: &str = "parent";
const PROJECT: &str = "project";

struct Place {
    at: At,
    /// Number of the place above, counted from 1; 0 is the root.
    above: usize,
}

/// The places in order: whoever is below comes behind, siblings by path.
pub(super) struct Tree {
    root: At,
    places: Vec<Place>,
}

impl Tree {
    pub(super) fn below(snapshot: &Snapshot, root: At) -> Self {
        let members = members(snapshot, root);
        let mut children: BTreeMap<At, Vec<At>> = BTreeMap::new();
        for &at in &members {
            let above = above(snapshot, at, root, &members);
            children.entry(above).or_default().push(at);
        }
        let mut left = members;
        reach(root, &children, &mut left);
        // What is left hangs on circles: its first goes below the root, and takes along what hangs on it.
        while let Some(&first) = left.first() {
            for list in children.values_mut() {
                list.retain(|&at| at != first);
            }
            let top = children.entry(root).or_default();
            top.push(first);
            top.sort_unstable();
            left.remove(&first);
            reach(first, &children, &mut left);
        }
        let mut tree = Self {
            root,
            places: Vec::new(),
        };
        tree.hang(root, &children);
        tree
    }

    /// In the order of reading: a place, then all below it. Without recursion: trees may be deep.
    fn hang(&mut self, root: At, children: &BTreeMap<At, Vec<At>>) {
        let of = |at: At| children.get(&at).map(Vec::as_slice).unwrap_or_default();
        let mut open: Vec<(At, usize)> = of(root).iter().rev().map(|&at| (at, 0)).collect();
        while let Some((at, above)) = open.pop() {
            self.places.push(Place { at, above });
            let number = self.places.len();
            open.extend(of(at).iter().rev().map(|&child| (child, number)));
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn at(&self, place: usize) -> Option<At> {
        self.places.get(place).map(|place| place.at)
    }

    /// Number of the place above, counted from 1; 0 is the root.
    pub(super) fn place_above(&self, place: usize) -> usize {
        self.places.get(place).map_or(0, |place| place.above)
    }

    /// The note above.
    pub(super) fn above(&self, place: usize) -> At {
        let above = self.place_above(place).checked_sub(1);
        above.and_then(|above| self.at(above)).unwrap_or(self.root)
    }

    /// The notes from below the root down to a place.
    pub(super) fn chain(&self, place: usize) -> Vec<At> {
        let mut chain = Vec::new();
        let mut number = place + 1;
        while let Some(place) = number
            .checked_sub(1)
            .and_then(|place| self.places.get(place))
        {
            chain.push(place.at);
            number = place.above;
        }
        chain.reverse();
        chain
    }
}

/// Every entity from which parents and projects lead to the root.
fn members(snapshot: &Snapshot, root: At) -> BTreeSet<At> {
    let mut members = BTreeSet::new();
    let mut rim = vec![root];
    while let Some(at) = rim.pop() {
        for &(from, position) in snapshot.graph().incoming(at) {
            let stated = snapshot
                .at(from)
                .and_then(|note| note.relations.get(position as usize));
            let holds =
                stated.is_some_and(|stated| stated.kind == PARENT || stated.kind == PROJECT);
            if holds && from != root && members.insert(from) {
                rim.push(from);
            }
        }
    }
    members
}

/// Its parent if that is here, else its project if that is here.
fn above(snapshot: &Snapshot, at: At, root: At, members: &BTreeSet<At>) -> At {
    let note = snapshot.at(at);
    let stated = note
        .map(|note| note.relations.as_slice())
        .unwrap_or_default();
    let targets = snapshot.graph().targets(at);
    let targets = targets
        .map(|targets| &*targets.relations)
        .unwrap_or_default();
    let first = |kind: &str| {
        let mut led = stated
            .iter()
            .zip(targets)
            .filter(|(stated, _)| stated.kind == kind);
        let here = |target: At| target != at && (target == root || members.contains(&target));
        led.find_map(|(_, target)| target.filter(|&target| here(target)))
    };
    first(PARENT).or_else(|| first(PROJECT)).unwrap_or(root)
}

/// Takes out everything that hangs below a note.
fn reach(from: At, children: &BTreeMap<At, Vec<At>>, left: &mut BTreeSet<At>) {
    let mut rim = vec![from];
    while let Some(at) = rim.pop() {
        for &child in children.get(&at).map(Vec::as_slice).unwrap_or_default() {
            if left.remove(&child) {
                rim.push(child);
            }
        }
    }
}
