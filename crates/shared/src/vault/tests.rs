//! Frontmatter and entities, over the kinds of text that real vaults hold.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    DefectCode, Entity, Priority,
    body::scan,
    frontmatter::{BlockState, ParsedNote, parse},
};

fn fields(text: &str) -> Value {
    Value::Object(parse(text).frontmatter.fields)
}

fn codes(parsed: &ParsedNote<'_>) -> Vec<(DefectCode, Option<u32>)> {
    parsed
        .defects
        .iter()
        .map(|defect| (defect.code, defect.line))
        .collect()
}

fn entity(text: &str) -> (Entity, Vec<(DefectCode, Option<u32>)>) {
    let parsed = parse(text);
    let mut defects = parsed.defects;
    let entity = Entity::read(&parsed.frontmatter, &mut defects).expect("an entity");
    (
        entity,
        defects
            .iter()
            .map(|defect| (defect.code, defect.line))
            .collect(),
    )
}

#[test]
fn frontmatter_is_what_stands_between_the_first_two_rules() {
    for (text, body, line, state) in [
        ("---\na: 1\n---\nBody\n", "Body\n", 4, BlockState::Whole),
        (
            "\u{feff}---\r\na: 1\r\n---\r\nBody\r\n",
            "Body\r\n",
            4,
            BlockState::Whole,
        ),
        ("---\n---\nBody", "Body", 3, BlockState::Whole),
        (
            "---\n# only\n# comments\n---\nBody",
            "Body",
            5,
            BlockState::Whole,
        ),
        (
            "Body\n---\na: 1\n---\n",
            "Body\n---\na: 1\n---\n",
            1,
            BlockState::Absent,
        ),
        (
            " ---\na: 1\n---\n",
            " ---\na: 1\n---\n",
            1,
            BlockState::Absent,
        ),
        ("", "", 1, BlockState::Absent),
        ("---", "---", 1, BlockState::Absent),
    ] {
        let parsed = parse(text);
        let got = (parsed.body, parsed.body_line, parsed.frontmatter.state);
        assert_eq!(got, (body, line, state), "{text:?}");
        assert_eq!(parsed.defects, [], "{text:?}");
    }
}

#[test]
fn values_keep_the_meaning_their_author_gave_them() {
    for (yaml, expected) in [
        ("due: 2026-01-02", json!({"due": "2026-01-02"})),
        ("entity_id: 0123", json!({"entity_id": "0123"})),
        ("entity_id: 1e5", json!({"entity_id": "1e5"})),
        ("entity_id: 42", json!({"entity_id": "42"})),
        ("aliases: [007, 1.10]", json!({"aliases": ["007", "1.10"]})),
        ("n: 0123", json!({"n": "0123"})),
        ("n: 0x1F", json!({"n": "0x1F"})),
        ("n: 1_000", json!({"n": "1_000"})),
        (
            "n: 12345678901234567890123",
            json!({"n": "12345678901234567890123"}),
        ),
        ("n: 42", json!({"n": 42})),
        ("n: -1.5", json!({"n": -1.5})),
        ("b: true", json!({"b": true})),
        ("b: yes", json!({"b": "yes"})),
        ("b: no", json!({"b": "no"})),
        (
            "x: null\ny: ~\nz:",
            json!({"x": null, "y": null, "z": null}),
        ),
        ("link: [[prj-1]]", json!({"link": "[[prj-1]]"})),
        ("link: [[prj-1|이름]]", json!({"link": "[[prj-1|이름]]"})),
        (
            "links:\n  - [[a]]\n  - \"[[b]]\"",
            json!({"links": ["[[a]]", "[[b]]"]}),
        ),
        ("grid: [[1, 2], [3]]", json!({"grid": [[1, 2], [3]]})),
        ("z: 1\na: 2\nm: 3", json!({"z": 1, "a": 2, "m": 3})),
        (
            "가\u{302}: \"\u{1100}\u{1161}\"",
            json!({"가\u{302}": "가"}),
        ),
        (
            "# === 계층 ===\na: 1\n\n# === 관계 ===\nb: 2",
            json!({"a": 1, "b": 2}),
        ),
        ("f: .inf", json!({"f": ".inf"})),
    ] {
        let text = format!("---\n{yaml}\n---\n");
        assert_eq!(fields(&text), expected, "{yaml}");
        assert_eq!(codes(&parse(&text)), [], "{yaml}");
    }
    let ordered = parse("---\nz: 1\na: 2\nm: 3\n---\n");
    assert_eq!(
        ordered.frontmatter.fields.keys().collect::<Vec<_>>(),
        ["z", "a", "m"]
    );
    assert_eq!(ordered.frontmatter.line_of("m"), 4);
}

#[test]
fn a_broken_block_is_said_and_its_healthy_lines_are_kept() {
    for (text, code, line, kept) in [
        (
            "---\na: 1\nb: \"open\nc: 3\n---\nText\n",
            DefectCode::YamlSyntax,
            None,
            json!({"a": 1, "c": 3}),
        ),
        (
            "---\na: 1\nm:\n\tx: tab\nc: [1, 2]\n---\nText\n",
            DefectCode::YamlSyntax,
            None,
            json!({"a": 1, "c": [1, 2]}),
        ),
        (
            "---\na: 1\nb: 2\na: 3\n---\nText\n",
            DefectCode::YamlDuplicateKey,
            Some(4),
            json!({"a": 1, "b": 2}),
        ),
        (
            "---\n- a\n- b\n---\nText\n",
            DefectCode::FrontmatterNotAMap,
            Some(2),
            json!({}),
        ),
        (
            "---\njust text\n---\nText\n",
            DefectCode::FrontmatterNotAMap,
            Some(2),
            json!({}),
        ),
        (
            "---\na: 1\nText\n",
            DefectCode::FrontmatterUnterminated,
            Some(1),
            json!({}),
        ),
    ] {
        let parsed = parse(text);
        assert_eq!(parsed.defects.len(), 1, "{text:?}: {:?}", parsed.defects);
        assert_eq!(parsed.defects[0].code, code, "{text:?}");
        assert!(
            line.is_none() || parsed.defects[0].line == line,
            "{text:?}: {:?}",
            parsed.defects
        );
        assert!(
            parsed.defects[0]
                .line
                .is_some_and(|line| (1..=6).contains(&line)),
            "{text:?}"
        );
        assert_eq!(
            Value::Object(parsed.frontmatter.fields.clone()),
            kept,
            "{text:?}"
        );
        assert!(parsed.body.contains("Text"), "{text:?}");
    }
}

#[test]
fn a_yaml_bomb_is_refused_quickly() {
    let mut bomb = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        let line = format!("a{level}: &a{level} [{before}]\n");
        bomb.push_str(&line);
    }
    bomb.push_str("---\nText\n");
    let deep = format!(
        "---\na: {}{}\n---\nText\n",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let large = format!("---\na: \"{}\"\n---\nText\n", "x".repeat(300 * 1024));
    let many = format!("---\na: [{}]\n---\nText\n", "1, ".repeat(60_000));
    for (name, text) in [
        ("bomb", bomb),
        ("deep", deep),
        ("large", large),
        ("many", many),
    ] {
        let began = std::time::Instant::now();
        let parsed = parse(&text);
        assert_eq!(parsed.defects.len(), 1, "{name}: {:?}", parsed.defects);
        assert!(
            matches!(
                parsed.defects[0].code,
                DefectCode::YamlLimit | DefectCode::YamlSyntax
            ),
            "{name}"
        );
        assert!(parsed.body.contains("Text"), "{name}");
        assert!(
            began.elapsed() < std::time::Duration::from_secs(2),
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

const TASK: &str = r##"---
entity_type: Task
entity_id: "tsk-1"
entity_name: "OAuth 인증 서버 분리"
created: 2026-01-02
updated: 2026-01-03T10:00:00+09:00
status: doing

# === 계층 ===
parent_id: "[[prj-1]]"
project_id: [[prj-1|프로젝트]]
aliases: ["tsk-1", "분리"]
outgoing_relations:
  - type: depends_on
    target_id: "tsk-0"
  - {type: blocks, target: tsk-2}
  - tsk-3
validates: hyp-1
validated_by: []
assignee: "[[김은향]]"
due: 2026-01-02
priority: HIGH
estimated_hours: 3
actual_hours: null
type: dev
conditions_3y: ["cond-b"]
tags: [mcp, "#oauth", project/alpha, 2026]
---
"##;

#[test]
fn an_entity_has_the_fields_of_a_real_note() {
    let (task, defects) = entity(TASK);
    assert_eq!(defects, []);
    assert_eq!(task.entity_type.as_deref(), Some("Task"));
    assert_eq!(
        task.entity_id.as_ref().map(ToString::to_string).as_deref(),
        Some("tsk-1")
    );
    assert_eq!(
        task.project_id.as_ref().map(ToString::to_string).as_deref(),
        Some("prj-1")
    );
    assert_eq!(task.assignee.as_deref(), Some("김은향"));
    assert_eq!(task.priority, Some(Priority::High));
    assert_eq!((task.estimated_hours, task.actual_hours), (Some(3.0), None));
    assert_eq!(task.tags, ["mcp", "oauth", "project/alpha"]);
    let relations = task.relations(&parse(TASK).frontmatter);
    let relations: Vec<_> = relations
        .iter()
        .map(|r| (r.kind.as_str(), r.target.as_str(), r.line))
        .collect();
    assert_eq!(
        relations,
        [
            ("parent", "prj-1", 10),
            ("project", "prj-1", 11),
            ("validates", "hyp-1", 18),
            ("condition", "cond-b", 26),
            ("depends_on", "tsk-0", 13),
            ("blocks", "tsk-2", 13),
            ("relates_to", "tsk-3", 13),
        ]
    );
}

#[test]
fn a_wrong_field_is_said_with_its_line_and_the_rest_stands() {
    for (line, expected) in [
        ("status: 진행중?!", Some(DefectCode::UnknownStatus)),
        ("due: 2026-13-45", Some(DefectCode::BadDate)),
        ("priority: urgent", Some(DefectCode::UnknownPriority)),
        ("estimated_hours: many", Some(DefectCode::FieldType)),
        ("estimated_hours: -1", Some(DefectCode::FieldType)),
        ("tags: \"a, b\"", Some(DefectCode::ListAsText)),
        ("tags: solo", None),
        ("entity_name: [a]", Some(DefectCode::FieldType)),
        ("assignee: [a, b]", Some(DefectCode::FieldType)),
        (
            "outgoing_relations: [{type: blocks}]",
            Some(DefectCode::FieldType),
        ),
        ("aliases: [{a: 1}]", Some(DefectCode::FieldType)),
        ("created: 2026-01-02", None),
    ] {
        let (task, defects) = entity(&format!(
            "---\nentity_type: Task\nentity_id: t-1\n{line}\n---\n"
        ));
        let expected: Vec<_> = expected.into_iter().map(|code| (code, Some(4))).collect();
        assert_eq!(defects, expected, "{line}");
        assert_eq!(
            task.entity_id.map(|id| id.to_string()).as_deref(),
            Some("t-1"),
            "{line}"
        );
    }
    let (_, defects) = entity("---\nentity_type: Task\n---\n");
    assert_eq!(defects, [(DefectCode::EntityIdMissing, Some(2))]);
    let (_, defects) = entity("---\nx: 1\nentity_id: a\n---\n");
    assert_eq!(defects, [(DefectCode::EntityTypeMissing, Some(3))]);
}

#[test]
fn long_hostile_texts_are_read_in_bounded_time() {
    let unique_tags: String = (0..60_000)
        .map(|n| {
            char::from_u32(0xac00 + n % 11_000).map_or(String::new(), |c| format!("#{c}{n}x "))
        })
        .collect();
    for (name, piece) in [
        ("open links", "[[a "),
        ("open embeds", "![["),
        ("brackets", "["),
        ("quotes", "> "),
        ("lists", "- "),
        ("code", "`a``b"),
        ("emphasis", "*a **b _c "),
        ("hashes", "#"),
        ("tables", "|a"),
        ("links", "[[a|b]]"),
        ("html", "<a <!--"),
        ("tags", unique_tags.as_str()),
    ] {
        let text = piece.repeat((200_000 / piece.len()).max(1));
        let began = std::time::Instant::now();
        let found = scan(&text, 1);
        assert!(
            began.elapsed() < std::time::Duration::from_secs(10),
            "{name}: {:?}",
            began.elapsed()
        );
        assert!(found.links.len() <= text.len(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parsers(text in "\\PC{0,400}") {
        let parsed = parse(&text);
        let mut defects = parsed.defects.clone();
        let _ = Entity::read(&parsed.frontmatter, &mut defects);
        let _ = scan(parsed.body, parsed.body_line);
    }

    #[test]
    fn no_frontmatter_breaks_the_parsers(
        block in "([a-z_]{1,8}: ?[\\[\\]{}\"'|>&*!#:,\\-0-9a-z가 \t]{0,20}\r?\n){0,12}",
        body in "([#\\[\\]!`|*_> \\-a-z가\n]{0,6}){0,20}",
    ) {
        let text = format!("---\n{block}---\n{body}");
        let parsed = parse(&text);
        let mut defects = parsed.defects.clone();
        let _ = Entity::read(&parsed.frontmatter, &mut defects);
        let lines = u32::try_from(text.lines().count()).unwrap();
        let found = scan(parsed.body, parsed.body_line);
        for line in found.links.iter().map(|l| l.line).chain(found.headings.iter().map(|h| h.line)) {
            prop_assert!(line >= 1 && line <= lines.max(1));
        }
        for defect in &defects {
            prop_assert!(defect.line.is_none_or(|line| line >= 1 && line <= lines.max(1) + 1), "{defect:?}");
        }
    }

    #[test]
    fn a_parsed_note_loses_no_text(block in "(\\PC{0,30}\n){0,5}", body in "(\\PC{0,30}\n){0,5}") {
        let text = format!("---\n{block}---\n{body}");
        let parsed = parse(&text);
        prop_assert!(text.ends_with(parsed.body));
    }
}
