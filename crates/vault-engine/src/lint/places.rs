//! Notes as files: without properties, with marks that editors leave.

use super::{Finding, Level, Schema};
use crate::{Note, Snapshot};

pub(super) fn check(snapshot: &Snapshot, schema: &Schema, findings: &mut Vec<Finding>) {
    let notes = snapshot.notes();
    // In a vault written on Windows every note ends its lines so; what is said is that some differ.
    let few_crlf = notes.iter().filter(|note| note.marks.crlf).count() * 2 < notes.len();
    let is_plain = |note: &Note| {
        schema
            .rules
            .plain_notes
            .iter()
            .any(|name| name.eq_ignore_ascii_case(note.path.stem()))
    };
    for note in notes {
        let mut say = |line, code: &str, level, message: &str, fix: &str| {
            findings.push(Finding {
                path: note.path.as_str().to_owned(),
                line: Some(line),
                column: None,
                code: code.to_owned(),
                level,
                message: message.to_owned(),
                fix: fix.to_owned(),
                instead: None,
            });
        };
        if note.marks.bom {
            say(
                1,
                "byte-order-mark",
                Level::Warning,
                "the file starts with a byte order mark",
                "save it as UTF-8 without a byte order mark",
            );
        }
        if note.marks.crlf && few_crlf {
            say(
                1,
                "crlf",
                Level::Warning,
                "the lines end as on Windows, those of most other notes do not",
                "save it with LF line ends",
            );
        }
        if let Some(level) = schema.rules.notes_without_properties
            && note.frontmatter.is_empty()
            && note.defects.is_empty()
            && !is_plain(note)
        {
            say(
                1,
                "no-properties",
                level,
                "the note has no properties",
                "begin it with --- and the properties of its type",
            );
        }
    }
}
