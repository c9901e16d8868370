//! Findings as code scanners write them.
//!
//! Source: SARIF 2.1.0 (OASIS). Paths are URIs relative to the vault; columns count UTF-16 in SARIF, letters here, which
//! `columnKind` says.

use serde_json::{Value, json};

use super::{Level, Report};

/// The report as one SARIF 2.1.0 document.
#[must_use]
pub fn sarif(report: &Report, version: &str) -> Value {
    let rules: Vec<Value> = report
        .by_code
        .keys()
        .map(|code| {
            let fix = report
                .findings
                .iter()
                .find(|finding| finding.code == *code)
                .map(|finding| finding.fix.as_str());
            json!({ "id": code, "help": { "text": fix.unwrap_or_default() } })
        })
        .collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let mut location = json!({ "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": "VAULT" } });
            if let Some(line) = finding.line {
                location["region"] = json!({ "startLine": line });
                if let Some(column) = finding.column {
                    location["region"]["startColumn"] = json!(column);
                }
            }
            let instead = finding.instead.as_ref().map(|line| format!(" Write: {line}")).unwrap_or_default();
            json!({
                "ruleId": finding.code,
                "level": match finding.level { Level::Error => "error", Level::Warning => "warning", Level::Advice => "note" },
                "message": { "text": format!("{}. Fix: {}.{instead}", finding.message, finding.fix) },
                "locations": [{ "physicalLocation": location }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "public-api lint", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A relative path as a URI reference (RFC 3986 §4.2).
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
