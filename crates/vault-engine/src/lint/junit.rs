//! Findings as test runners write them: every note is a test, and one with errors has failed.
//!
//! Source: the `JUnit` XML that Jenkins, GitLab and GitHub's reporters read.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Finding, Level, Report};
use crate::Snapshot;

/// The report as one `JUnit` document; `level` and worse fail.
#[must_use]
pub fn junit(report: &Report, snapshot: &Snapshot, level: Level) -> String {
    let mut cases: BTreeMap<&str, Vec<&Finding>> = snapshot
        .notes()
        .iter()
        .map(|note| (note.path.as_str(), Vec::new()))
        .collect();
    for finding in &report.findings {
        cases.entry(&finding.path).or_default().push(finding);
    }
    let fails = |findings: &[&Finding]| findings.iter().any(|finding| finding.level >= level);
    let failed = cases.values().filter(|findings| fails(findings)).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites tests=\"{0}\" failures=\"{failed}\">\n<testsuite name=\"vault\" tests=\"{0}\" failures=\"{failed}\">",
        cases.len()
    );
    for (path, findings) in &cases {
        let name = escaped(if path.is_empty() { "(the vault)" } else { path });
        if findings.is_empty() {
            let _ = writeln!(xml, "<testcase classname=\"vault\" name=\"{name}\"/>");
            continue;
        }
        let _ = writeln!(xml, "<testcase classname=\"vault\" name=\"{name}\">");
        let (bad, rest): (Vec<&Finding>, Vec<&Finding>) =
            findings.iter().partition(|finding| finding.level >= level);
        if let Some(first) = bad.first() {
            let lines: Vec<String> = bad.iter().map(|finding| line(finding)).collect();
            let _ = writeln!(
                xml,
                "<failure type=\"{}\" message=\"{}\">{}</failure>",
                escaped(&first.code),
                escaped(&first.message),
                escaped(&lines.join("\n"))
            );
        }
        if !rest.is_empty() {
            let lines: Vec<String> = rest.iter().map(|finding| line(finding)).collect();
            let _ = writeln!(
                xml,
                "<system-out>{}</system-out>",
                escaped(&lines.join("\n"))
            );
        }
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

fn line(finding: &Finding) -> String {
    finding.to_string()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            // XML 1.0 §2.2 has no place for these, not even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
