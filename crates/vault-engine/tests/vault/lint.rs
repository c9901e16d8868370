//! Lint beside the mistakes that a generator planted, and rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use loop_shared::vault::IsoDate;
use loop_vault::{
    Snapshot, Vault, VaultConfig,
    lint::{Level, Report, Schema, junit, lint, sarif},
};

use crate::generated;

fn built_in() -> Schema {
    Schema::built_in().unwrap()
}

fn day(text: &str) -> IsoDate {
    IsoDate::parse(text).unwrap()
}

fn report(notes: &[(&str, &str)]) -> Report {
    let snapshot = Snapshot::of_texts(notes.iter().copied());
    lint(&snapshot, &built_in(), Some(&day("2026-11-28")))
}

/// Path, code and line of what is at least a warning.
fn said(report: &Report) -> Vec<(&str, &str, Option<u32>)> {
    let bad = report
        .findings
        .iter()
        .filter(|found| found.level >= Level::Warning);
    bad.map(|found| (found.path.as_str(), found.code.as_str(), found.line))
        .collect()
}

/// What the lint calls each kind of planted mistake.
const PLANTED: [(&str, &str); 14] = [
    ("unclosed_quote", "yaml-syntax"),
    ("tab_indent", "yaml-syntax"),
    ("duplicate_key", "yaml-duplicate-key"),
    ("unterminated_block", "frontmatter-unterminated"),
    ("no_frontmatter", "no-properties"),
    ("duplicate_entity_id", "duplicate-id"),
    ("missing_entity_type", "entity-type-missing"),
    ("bad_status_enum", "unknown-status"),
    ("bad_date", "bad-date"),
    ("dangling_parent", "dangling-relation"),
    ("bom", "byte-order-mark"),
    ("crlf", "crlf"),
    ("list_as_string", "list-as-text"),
    ("unknown_relation_target", "dangling-relation"),
];

#[test]
fn every_planted_mistake_is_found_and_nothing_else_is() {
    for (notes, seed) in [(480, 7), (480, 21), (480, 3)] {
        let Some(generated) = generated::vault(notes, seed) else {
            return;
        };
        let vault = Vault::open(VaultConfig {
            watch: false,
            ..VaultConfig::new(&generated.root)
        })
        .unwrap();
        let report = lint(&vault.snapshot(), &built_in(), Some(&day("2026-11-28")));
        let names: BTreeMap<&str, &str> = PLANTED.into_iter().collect();
        let planted = generated.manifest["bad"].as_array().unwrap();
        let expected: BTreeSet<(String, &str)> = planted
            .iter()
            .map(|bad| {
                (
                    bad["id"].as_str().unwrap().to_owned(),
                    names[bad["kind"].as_str().unwrap()],
                )
            })
            .collect();
        let stem = |path: &str| {
            path.rsplit('/')
                .next()
                .unwrap()
                .trim_end_matches(".md")
                .to_owned()
        };
        let found: BTreeSet<(String, &str)> = said(&report)
            .into_iter()
            .map(|(path, code, _)| (stem(path), code))
            .collect();
        let missed: Vec<_> = expected.difference(&found).collect();
        let made_up: Vec<_> = found.difference(&expected).collect();
        assert_eq!(
            (missed, made_up),
            (vec![], vec![]),
            "{notes} notes, seed {seed}"
        );
        assert!(planted.len() >= 14, "every kind is planted");
    }
}

const TASK: &str =
    "---\nentity_type: Task\nentity_id: t1\nstatus: done\nparent_id: p1\n---\n[[p1]]\n";
const PROJECT: &str = "---\nentity_type: Project\nentity_id: p1\n---\n[[t1]]\n";

#[test]
fn a_healthy_pair_of_notes_is_not_criticized() {
    assert_eq!(
        report(&[("t1.md", TASK), ("p1.md", PROJECT)]),
        Report::default()
    );
}

#[test]
fn relations_are_checked_by_type_in_circles_and_at_both_ends() {
    let hypothesis = "---\nentity_type: Hypothesis\nentity_id: h1\nvalidated_by: []\n---\n[[e1]]";
    let experiment = "---\nentity_type: Experiment\nentity_id: e1\nvalidates: [h1]\n---\n";
    let found = report(&[("h1.md", hypothesis), ("e1.md", experiment)]);
    let one_sided: Vec<_> = found
        .findings
        .iter()
        .map(|found| {
            (
                found.path.as_str(),
                found.code.as_str(),
                found.line,
                found.level,
            )
        })
        .collect();
    assert_eq!(one_sided, [("e1.md", "one-sided", Some(4), Level::Advice)]);
    let both = hypothesis.replace("[]", "[e1]");
    assert_eq!(
        report(&[("h1.md", &both), ("e1.md", experiment)]),
        Report::default()
    );

    let wrong = "---\nentity_type: Experiment\nentity_id: e2\nvalidates: [t1]\n---\n";
    assert_eq!(
        said(&report(&[
            ("e2.md", wrong),
            ("t1.md", TASK),
            ("p1.md", PROJECT)
        ])),
        [("e2.md", "wrong-type", Some(4))]
    );

    let link = |id: &str, parent: &str| {
        format!("---\nentity_type: Project\nentity_id: {id}\nparent_id: {parent}\n---\n")
    };
    let (a, b, c, d) = (
        link("a", "b"),
        link("b", "c"),
        link("c", "a"),
        link("d", "a"),
    );
    let circle = report(&[("a.md", &a), ("b.md", &b), ("c.md", &c), ("d.md", &d)]);
    assert_eq!(said(&circle), [("a.md", "relation-cycle", Some(4))]);
    assert!(
        circle
            .findings
            .iter()
            .any(|found| found.message.contains("a → b → c → a"))
    );
    let top = link("a", "a");
    assert_eq!(said(&report(&[("a.md", &top), ("d.md", &d)])), []);
}

#[test]
fn orphans_and_stale_work_are_advice_and_the_day_decides() {
    let task = "---\nentity_type: Task\nentity_id: t\nstatus: doing\nupdated: 2026-10-29\n---\n";
    let snapshot = Snapshot::of_texts([("t.md", task)]);
    let codes = |today: Option<&IsoDate>| {
        let found = lint(&snapshot, &built_in(), today).findings;
        found
            .into_iter()
            .map(|found| (found.code, found.level))
            .collect::<Vec<_>>()
    };
    let orphan = ("orphan".to_owned(), Level::Advice);
    let in_time = codes(Some(&day("2026-11-28")));
    assert_eq!((in_time.len(), &in_time[0]), (1, &orphan));
    assert_eq!(
        codes(Some(&day("2026-11-29"))),
        [orphan.clone(), ("stale".to_owned(), Level::Advice)]
    );
    assert_eq!(codes(None), [orphan]);
}

#[test]
fn yaml_mistakes_say_line_column_and_what_to_write_instead() {
    let found = report(&[(
        "a.md",
        "---\nentity_type: Task\nentity_id: a\nentity_name: \"열린\n---\n[[a]]\n",
    )]);
    let yaml = &found.findings[0];
    assert_eq!(
        (yaml.code.as_str(), yaml.line, yaml.column),
        ("yaml-syntax", Some(4), Some(14))
    );
    assert_eq!(yaml.instead.as_deref(), Some("entity_name: \"열린\""));
    assert!(
        yaml.to_string()
            .starts_with("a.md:4:14: error yaml-syntax: ")
    );
    let tags = report(&[
        ("t1.md", &TASK.replace("status: done", "tags: \"a b, c\"")),
        ("p1.md", PROJECT),
    ]);
    assert_eq!(
        tags.findings[0].instead.as_deref(),
        Some("tags: [\"a b\", c]")
    );
}

#[test]
fn a_vault_brings_its_own_rules() {
    let schema = Schema::parse(
        r#"{"required": ["entity_type"], "properties": {"status": {"enum": ["neu", "alt"]}, "due": {"format": "day"}},
            "x-loop": {"relations": {"parent": {"*": ["Ordner"]}}}}"#,
    )
    .unwrap();
    let note = "---\nentity_type: Zettel\nstatus: done\ndue: 2026-02-30\nparent_id: p1\n---\n";
    let snapshot = Snapshot::of_texts([("a.md", note), ("p1.md", PROJECT)]);
    let found = lint(&snapshot, &schema, None);
    assert_eq!(
        said(&found),
        [
            ("a.md", "unknown-status", Some(3)),
            ("a.md", "bad-date", Some(4)),
            ("a.md", "wrong-type", Some(5)),
            ("p1.md", "dangling-link", Some(5))
        ]
    );
    for (text, wrong) in [
        ("{", "no JSON"),
        (r#"{"type": 7}"#, "no JSON Schema"),
        (r#"{"x-loop": {"orphan": true}}"#, "x-loop"),
    ] {
        let error = Schema::parse(text).unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn reports_are_sarif_and_junit() {
    let notes = [
        (
            "a b<&.md",
            "---\nentity_type: Task\nentity_id: a\nstatus: \"x\u{1}\"\n---\n[[a]]\n",
        ),
        ("ok.md", TASK),
        ("p1.md", PROJECT),
    ];
    let snapshot = Snapshot::of_texts(notes);
    let report = lint(&snapshot, &built_in(), None);
    let document = sarif(&report, "1.0");
    assert_eq!(document["version"], "2.1.0");
    let result = &document["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "a%20b%3C&.md"
    );
    let ids: Vec<_> = document["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].clone())
        .collect();
    assert!(ids.contains(&result["ruleId"]));
    let xml = junit(&report, &snapshot, Level::Error);
    assert!(
        xml.contains("tests=\"3\" failures=\"1\"")
            && xml.contains("a b&lt;&amp;.md")
            && !xml.contains('\u{1}'),
        "{xml}"
    );
    assert!(report.has(Level::Error) && report.has(Level::Advice));
}
