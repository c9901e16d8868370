//! Comma-separated values that a spreadsheet shows and never runs (RFC 4180).
//!
//! In: headings and cells. Out: text with every cell in quotes. A cell that a spreadsheet could take for a formula
//! gets an apostrophe before it, unless it is a plain number. Source: OWASP, "CSV Injection".

use crate::money::decimal;

/// A table as a client may save it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The headings.
    pub(crate) head: &'static [&'static str],
    /// The rows, each as long as the headings.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// The text, with a mark at its beginning by which spreadsheets know UTF-8.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from('\u{feff}');
        line(&mut out, self.head.iter().copied());
        for row in &self.rows {
            line(&mut out, row.iter().map(String::as_str));
        }
        out
    }
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push('"');
        if is_dangerous(cell) {
            out.push('\'');
        }
        for letter in cell.chars() {
            if letter == '"' {
                out.push('"');
            }
            out.push(letter);
        }
        out.push('"');
    }
    out.push_str("\r\n");
}

/// Whether a spreadsheet could take a cell for a formula: by its first sign, full-width forms and what stands before
/// them included.
fn is_dangerous(cell: &str) -> bool {
    let ignorable = |c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}' || c == '"';
    let start = cell.trim_start_matches(ignorable);
    let formula = start.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    let control = cell.starts_with(['\t', '\r', '\n']);
    (formula || control) && decimal(cell).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(text: &str) -> String {
        let table = Table {
            head: &["a"],
            rows: vec![vec![text.to_owned()]],
        };
        table
            .text()
            .strip_prefix("\u{feff}\"a\"\r\n")
            .unwrap()
            .trim_end()
            .to_owned()
    }

    #[test]
    fn nothing_that_looks_like_a_formula_is_left_one() {
        for (text, expected) in [
            (
                "=HYPERLINK(\"http://x\")",
                "\"'=HYPERLINK(\"\"http://x\"\")\"",
            ),
            ("+1+1", "\"'+1+1\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "\"'＝1\""),
            ("\u{feff}=1", "\"'\u{feff}=1\""),
            ("|calc", "\"'|calc\""),
            ("-1234.50", "\"-1234.50\""),
            ("1361000000", "\"1361000000\""),
            ("a=b", "\"a=b\""),
            ("a\"b,c", "\"a\"\"b,c\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_cell_is_quoted_and_safe(text in "\\PC{0,30}") {
            let got = cell(&text);
            let inner = got.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            prop_assert!(!inner.replace("\"\"", "").contains('"'));
            prop_assert!(!inner.starts_with(['=', '+', '@']) || decimal(inner).is_some());
        }
    }
}
