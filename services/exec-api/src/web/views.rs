//! Views in a chat (MCP Apps): whole documents that a client shows in a frame, and the parts of pages that fill them.
//!
//! In: a tool's answer. Out: HTML in every language, made by the same functions and templates as the dashboard. Never: an
//! address to load anything from, script besides the one that the document's policy names by its hash.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loop_shared::web::{Locale, PageError, Pages, Shell};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::chart::Chart;
use super::kpi::{Card, card};
use super::runway::{self, Head};
use super::sections::{Foot, foot, runway_chart};
use super::{STYLE, texts};

const SCRIPT: &str = include_str!("../../static/view.js");
const VIEW_STYLE: &str = include_str!("../../static/view.css");
/// How the stylesheets tell dark from light; a view's host decides that, whatever the system says.
const DARK: &str = "@media (prefers-color-scheme: dark)";

/// A view.
#[derive(Debug)]
pub(crate) struct View {
    /// Where clients read it.
    pub(crate) uri: &'static str,
    /// The tool whose answers it shows.
    pub(crate) tool: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// The text that heads it.
    heading: &'static str,
}

/// Every view.
pub(crate) static ALL: [View; 2] = [
    View {
        uri: "ui://loop-exec/runway",
        tool: "runway",
        title: "Runway with scenarios",
        about: "Cash to come, plain and under a scenario whose hires, hiring plan and change of income are moved by sliders.",
        heading: "nav_runway",
    },
    View {
        uri: "ui://loop-exec/kpi",
        tool: "kpi_get",
        title: "KPI trends",
        about: "One KPI by day, week or month; another is chosen from the catalogue.",
        heading: "nav_kpi",
    },
];

/// The documents, made once.
#[derive(Debug)]
pub(crate) struct Views(BTreeMap<&'static str, String>);

#[derive(Serialize)]
struct Document<'a> {
    policy: String,
    title: &'a str,
    heading: &'a str,
    style: String,
    script: &'a str,
    texts: String,
    tool: &'a str,
    version: &'a str,
}

impl Views {
    /// Makes the documents.
    ///
    /// # Errors
    /// [`PageError`]: the template is broken.
    pub(super) fn new(pages: &Pages) -> Result<Self, PageError> {
        let document = |view: &View| {
            let document = Document {
                policy: policy(),
                title: view.title,
                heading: view.heading,
                style: style(),
                script: SCRIPT,
                texts: every_text(),
                tool: view.tool,
                version: env!("CARGO_PKG_VERSION"),
            };
            let html = pages.html("view.html", Locale::En, &Shell::default(), &document)?;
            Ok((view.uri, html))
        };
        ALL.iter().map(document).collect::<Result<_, _>>().map(Self)
    }

    /// The document at an address.
    pub(crate) fn document(&self, uri: &str) -> Option<&str> {
        self.0.get(uri).map(String::as_str)
    }
}

/// Nothing but this script and styles of its own; the host's policy stands beside it.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
}

/// The pages' stylesheet, dark when the document says so.
fn style() -> String {
    let mut parts = STYLE.split(DARK);
    let mut style = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        style.push_str("@media all");
        style.push_str(&part.replacen(":root", ":root[data-theme=\"dark\"]", 1));
    }
    style.push_str(VIEW_STYLE);
    style
}

/// The texts that the script puts in, as JSON that ends no element.
fn every_text() -> String {
    let mut languages = BTreeMap::new();
    for locale in Locale::ALL {
        let tables = texts::ALL.iter().flat_map(|table| table.iter());
        let used = tables.filter(|phrase| is_used(phrase.key));
        let texts: BTreeMap<_, _> = used
            .map(|phrase| (phrase.key, phrase.say(locale)))
            .collect();
        languages.insert(locale.tag(), texts);
    }
    let json = serde_json::to_string(&languages).unwrap_or_default();
    json.replace('<', "\\u003c")
}

fn is_used(key: &str) -> bool {
    ["view_", "field_", "word_", "nav_"]
        .iter()
        .any(|start| key.starts_with(start))
}

#[derive(Serialize)]
struct RunwayPart {
    head: Head,
    chart: Chart,
    foot: Foot,
}

#[derive(Serialize)]
struct KpiPart {
    kpi: Card,
}

/// What a view shows of an answer; `None` for a tool without a view.
pub(crate) fn shown(pages: &Pages, locale: Locale, tool: &str, answer: &Value) -> Option<String> {
    let shell = Shell::default();
    let html = match tool {
        "runway" => {
            let part = RunwayPart {
                head: runway::head(pages, locale, answer),
                chart: runway_chart(pages, locale, answer),
                foot: foot(pages, locale, answer),
            };
            pages.html("view-runway.html", locale, &shell, &part)
        }
        "kpi_get" => {
            let part = KpiPart {
                kpi: card(pages, locale, answer),
            };
            pages.html("view-kpi.html", locale, &shell, &part)
        }
        _ => return None,
    };
    html.inspect_err(|error| tracing::error!(%error, tool, "a view did not render"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        Pages::new(super::super::layout::TEMPLATES, texts::ALL, (&STYLE, "")).unwrap()
    }

    #[test]
    fn a_view_is_one_document_that_loads_nothing_and_runs_one_script() {
        let views = Views::new(&pages()).unwrap();
        for view in &ALL {
            let html = views.document(view.uri).unwrap();
            assert!(html.starts_with("<!doctype html>") && html.len() < 64 * 1024);
            for loading in [
                "http://", "https://", " src=", " href=", "@import", "url(", "onclick",
            ] {
                assert!(!html.contains(loading), "{}: {loading}", view.uri);
            }
            assert_eq!(html.matches("<script>").count(), 1);
            assert!(html.contains(SCRIPT), "the script is as its hash says");
            assert!(
                !html.contains("prefers-color-scheme: dark) {"),
                "the host decides"
            );
            assert!(html.contains(":root[data-theme=\"dark\"] {"), "{html}");
        }
        assert!(views.document("ui://loop-exec/other").is_none());
    }

    #[test]
    fn every_text_that_a_view_names_is_there_in_both_languages() {
        let texts: Value = serde_json::from_str(&every_text()).unwrap();
        let template = include_str!("../../templates/view.html");
        let named = template.split("data-t=\"").skip(1);
        let named = named.filter_map(|rest| rest.split('"').next());
        let scripted = SCRIPT.split("\"view_").skip(1);
        let scripted = scripted.filter_map(|rest| rest.split('"').next());
        let scripted = scripted.map(|key| format!("view_{key}"));
        let keys = named
            .filter(|key| !key.starts_with('{'))
            .map(str::to_owned)
            .chain(scripted);
        let mut count = 0;
        for key in keys {
            count += 1;
            for lang in ["en", "ko"] {
                assert!(texts[lang][&key].is_string(), "{lang}: {key}");
            }
        }
        assert!(count > 12, "{count}");
    }
}
