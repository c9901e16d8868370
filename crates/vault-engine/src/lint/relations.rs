//! Relations between entities: types, circles, and what only one end says.

use std::collections::HashSet;

use super::{Finding, Level, Schema};
use crate::{Note, Snapshot, names::At};

pub(super) fn check(snapshot: &Snapshot, schema: &Schema, findings: &mut Vec<Finding>) {
    for (at, note) in (0..).zip(snapshot.notes()) {
        for (position, (kind, target)) in stated(snapshot, at).enumerate() {
            let line = note.relations.get(position).map(|relation| relation.line);
            if let Some(message) = wrong_type(note, kind, snapshot.at(target), schema) {
                findings.push(Finding {
                    line,
                    ..finding(
                        note,
                        "wrong-type",
                        Level::Error,
                        message,
                        "point it at an entity of the right type",
                    )
                });
            }
            if let Some(message) = one_sided(snapshot, schema, at, kind, target) {
                findings.push(Finding {
                    line,
                    ..finding(
                        note,
                        "one-sided",
                        Level::Advice,
                        message,
                        "state it at both ends",
                    )
                });
            }
        }
    }
    for kind in &schema.rules.acyclic {
        circles(snapshot, kind, findings);
    }
}

fn finding(note: &Note, code: &str, level: Level, message: String, fix: &str) -> Finding {
    Finding {
        path: note.path.as_str().to_owned(),
        line: None,
        column: None,
        code: code.to_owned(),
        level,
        message,
        fix: fix.to_owned(),
        instead: None,
    }
}

/// Kind and target of every relation that a note states; [`At::MAX`] for what does not exist.
fn stated(snapshot: &Snapshot, at: At) -> impl Iterator<Item = (&str, At)> {
    let note = snapshot.at(at);
    let relations = note
        .map(|note| note.relations.as_slice())
        .unwrap_or_default();
    let targets = snapshot
        .graph()
        .targets(at)
        .map(|targets| &*targets.relations);
    let pairs = relations.iter().zip(targets.unwrap_or_default());
    pairs.map(|(relation, target)| (relation.kind.as_str(), target.unwrap_or(At::MAX)))
}

fn wrong_type(
    note: &Note,
    kind: &str,
    target: Option<&std::sync::Arc<Note>>,
    schema: &Schema,
) -> Option<String> {
    let rules = schema.rules.relations.get(kind)?;
    let mine = note.entity_type()?;
    let same = |name: &&String| name.eq_ignore_ascii_case(mine);
    let allowed = rules
        .keys()
        .find(same)
        .or_else(|| rules.keys().find(|name| *name == "*"));
    let allowed = rules.get(allowed?)?;
    let target = target?;
    let theirs = target.entity_type()?;
    if allowed.iter().any(|name| name.eq_ignore_ascii_case(theirs)) {
        return None;
    }
    let name = target.id().unwrap_or(target.path.as_str());
    Some(format!(
        "{kind} of a {mine} is {}; `{name}` is a {theirs}",
        allowed.join(" or ")
    ))
}

fn one_sided(
    snapshot: &Snapshot,
    schema: &Schema,
    at: At,
    kind: &str,
    target: At,
) -> Option<String> {
    let pairs = schema.rules.mutual.iter();
    let mut sides = pairs.flat_map(|(one, other)| [(one, other), (other, one)]);
    let (_, back) = sides.find(|(side, _)| *side == kind)?;
    let other = snapshot.at(target).filter(|other| other.entity.is_some())?;
    let answered = stated(snapshot, target).any(|(kind, to)| kind == back && to == at);
    (!answered).then(|| {
        format!(
            "`{}` does not say {back}",
            other.id().unwrap_or(other.path.as_str())
        )
    })
}

/// Every circle of a relation is said once, at its first note by path.
fn circles(snapshot: &Snapshot, kind: &str, findings: &mut Vec<Finding>) {
    let next = |at: At| {
        stated(snapshot, at)
            .find(|&(stated, to)| stated == kind && to != At::MAX && to != at)
            .map(|(_, to)| to)
    };
    let mut known: HashSet<At> = HashSet::new();
    for (start, _) in (0..).zip(snapshot.notes()) {
        let mut way: Vec<At> = Vec::new();
        let mut on_way: HashSet<At> = HashSet::new();
        let mut here = Some(start);
        while let Some(at) = here.filter(|at| !known.contains(at)) {
            if !on_way.insert(at) {
                let circle: Vec<At> = way.iter().copied().skip_while(|&step| step != at).collect();
                say(snapshot, kind, &circle, findings);
                break;
            }
            way.push(at);
            here = next(at);
        }
        known.extend(way);
    }
}

fn say(snapshot: &Snapshot, kind: &str, circle: &[At], findings: &mut Vec<Finding>) {
    let first = circle
        .iter()
        .enumerate()
        .min_by_key(|(_, at)| **at)
        .map_or(0, |(place, _)| place);
    let turned = circle.iter().cycle().skip(first).take(circle.len() + 1);
    let names: Vec<&str> = turned
        .filter_map(|&at| snapshot.at(at))
        .map(|note| note.id().unwrap_or(note.path.as_str()))
        .take(12)
        .collect();
    if let Some(note) = circle.get(first).and_then(|&at| snapshot.at(at)) {
        let line = note
            .relations
            .iter()
            .find(|relation| relation.kind == kind)
            .map(|relation| relation.line);
        let message = format!("{kind} leads round in a circle: {}", names.join(" → "));
        findings.push(Finding {
            line,
            ..finding(
                note,
                "relation-cycle",
                Level::Error,
                message,
                "take one of them out",
            )
        });
    }
}
