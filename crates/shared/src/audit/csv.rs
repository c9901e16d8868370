//! Records as lines of a table (RFC 4180).
//!
//! In: records. Out: lines that a spreadsheet shows and never calculates: a cell that begins like a formula gets an apostrophe
//! before it (OWASP, CSV injection). Never: an unquoted cell.

use chrono::SecondsFormat;

use super::record::Record;

/// The names of the columns, as a line.
pub const HEADER: &str = "\"seq\",\"at\",\"event\",\"outcome\",\"actor\",\"subject\",\"client\",\"address\",\"details\",\"prev\",\"hash\"\r\n";

/// A record as a line, its end included. Details are `name=value`, with `; ` between them.
#[must_use]
pub fn line(record: &Record) -> String {
    let entry = &record.entry;
    let details: Vec<_> = entry
        .details
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = [
        record.seq.to_string(),
        entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        entry.event.to_string(),
        entry.outcome.as_str().to_owned(),
        or_empty(&entry.actor),
        or_empty(&entry.subject),
        or_empty(&entry.client),
        or_empty(&entry.address),
        details.join("; "),
        record.prev.to_string(),
        record.hash.to_string(),
    ];
    let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

/// One cell: quoted, and text to every spreadsheet.
#[must_use]
pub fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with([
        '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '|', '%',
    ]);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Entry, Head, Outcome, link},
        *,
    };

    #[test]
    fn no_cell_is_a_formula_and_none_leaves_its_place() {
        for (text, expected) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            (
                "=HYPERLINK(\"http://evil\")",
                "\"'=HYPERLINK(\"\"http://evil\"\")\"",
            ),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("|cmd", "\"'|cmd\""),
            ("a,b\"c", "\"a,b\"\"c\""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }

    /// How many cells a line has: commas outside quotes, and one.
    fn cells(line: &str) -> usize {
        let mut quoted = false;
        let outside = line.chars().filter(|c| {
            quoted ^= *c == '"';
            *c == ',' && !quoted
        });
        outside.count() + 1
    }

    #[test]
    fn a_record_is_one_line_of_as_many_cells_as_the_header() {
        let at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let entry = Entry::new(at, "login", Outcome::Done)
            .actor("=1+1\r\n\"x\",\"y\"")
            .client("@c")
            .with("=k", "v");
        let line = line(&link(Head::GENESIS, entry));
        assert_eq!(line.matches("\r\n").count(), 1);
        assert_eq!(cells(&line), cells(HEADER));
        assert!(
            line.contains("\"'=1+1") && line.contains("\"'@c\"") && line.contains("\"'=k=v\""),
            "{line}"
        );
    }
}
