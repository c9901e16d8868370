//! Notes that nobody reaches, and work that nobody touches.

use loop_shared::vault::IsoDate;

use super::{Finding, Level, Schema};
use crate::{Note, Snapshot, names::At};

pub(super) fn check(
    snapshot: &Snapshot,
    schema: &Schema,
    today: Option<&IsoDate>,
    findings: &mut Vec<Finding>,
) {
    for (at, note) in (0..).zip(snapshot.notes()) {
        let mut say = |line, code: &str, message: String, fix: &str| {
            findings.push(Finding {
                path: note.path.as_str().to_owned(),
                line,
                column: None,
                code: code.to_owned(),
                level: Level::Advice,
                message,
                fix: fix.to_owned(),
                instead: None,
            });
        };
        if schema.rules.orphans && is_orphan(snapshot, at, note) {
            say(
                None,
                "orphan",
                "nothing links here, and it links to nothing".to_owned(),
                "link it from where it belongs",
            );
        }
        if let Some((status, days)) = stale(note, schema, today) {
            let message = format!("`{status}` for {days} days without a change");
            say(
                Some(note.frontmatter.line_of("status")),
                "stale",
                message,
                "close it, or write what happened",
            );
        }
    }
}

fn is_orphan(snapshot: &Snapshot, at: At, note: &Note) -> bool {
    let graph = snapshot.graph();
    note.relations.is_empty()
        && note.links.is_empty()
        && graph.backlinks(at).is_empty()
        && graph.incoming(at).is_empty()
}

/// Status and days, when work in hand has not been touched for too long.
fn stale<'a>(note: &'a Note, schema: &Schema, today: Option<&IsoDate>) -> Option<(&'a str, i64)> {
    let rule = schema.rules.stale.as_ref()?;
    let entity = note.entity.as_ref()?;
    let status = entity.status.as_deref()?;
    if !rule
        .statuses
        .iter()
        .any(|known| known.eq_ignore_ascii_case(status))
    {
        return None;
    }
    let touched = [&entity.updated, &entity.start_date, &entity.created]
        .into_iter()
        .flatten();
    let touched = touched.filter_map(IsoDate::day).max()?;
    let days = (today?.day()? - touched).num_days();
    (days > rule.days).then_some((status, days))
}
