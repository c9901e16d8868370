//! Typed queries: one line and one JSON form, beside brute force.

use loop_shared::vault::IsoDate;
use loop_vault::{
    Note, Snapshot, Vault, VaultConfig,
    query::Page,
    typed::{Query, QueryError, QueryPage, query},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::generated;

fn day(text: &str) -> IsoDate {
    IsoDate::parse(text).unwrap()
}

fn note(id: &str, properties: &str) -> (String, String) {
    (
        format!("{id}.md"),
        format!("---\nentity_type: Task\nentity_id: {id}\n{properties}\n---\nx #inline/deep\n"),
    )
}

fn vault() -> Snapshot {
    let notes = [
        note(
            "a",
            "status: Done\ndue: 2026-01-01\nestimated_hours: 3\npriority: high\ntags: [project/alpha]\nproject_id: \"[[prj-1|P]]\"",
        ),
        note(
            "b",
            "status: doing\ndue: 2026-03-01\nestimated_hours: 10\npriority: low\nmeta: {owner: Kim}",
        ),
        note(
            "c",
            "due: 2026-02-01T09:00\nactual_hours: null\npriority: critical\nassignee: [박민준, Alice Kim]",
        ),
        ("plain.md".to_owned(), "no properties".to_owned()),
    ];
    Snapshot::of_texts(
        notes
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )
}

fn ask(snapshot: &Snapshot, line: &str) -> QueryPage {
    let asked = Query::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    // The JSON form says the same.
    let json = serde_json::to_value(&asked).unwrap();
    assert_eq!(
        serde_json::from_value::<Query>(json.clone()).unwrap(),
        asked,
        "{json}"
    );
    query(
        snapshot,
        &asked,
        &Page {
            limit: 200,
            cursor: None,
        },
        Some(&day("2026-02-01")),
    )
    .unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn stems(page: &QueryPage) -> Vec<&str> {
    page.results
        .iter()
        .map(|item| item.note.path.trim_end_matches(".md"))
        .collect()
}

#[test]
fn one_line_says_it() {
    let vault = vault();
    for (line, expected) in [
        ("due < today and status != done", &[][..]),
        ("due < today", &["a"]),
        ("due <= today", &["a", "c"]),
        ("due = 2026-02-01", &["c"]),
        ("due > today+1w", &["b"]),
        ("due between 2026-01-01 and today+0d", &["a", "c"]),
        ("status = done", &["a"]),
        ("status != done", &["b", "c", "plain"]),
        ("status in (done, \"doing\")", &["a", "b"]),
        ("status not in (done, doing)", &["c", "plain"]),
        ("status exists", &["a", "b"]),
        ("status missing", &["c", "plain"]),
        ("not status exists and id exists", &["c"]),
        ("actual_hours is null", &["a", "b", "c", "plain"]),
        ("estimated_hours is not null", &["a", "b"]),
        ("estimated_hours != null", &["a", "b"]),
        ("estimated_hours >= 3 and estimated_hours < 10", &["a"]),
        ("priority > medium", &["a", "c"]),
        ("tags contains project", &["a"]),
        ("tags contains proj", &[]),
        ("tags = inline/deep", &["a", "b", "c"]),
        ("assignee = '박민준' or meta.owner = kim", &["b", "c"]),
        ("assignee contains alice", &["c"]),
        ("project_id = PRJ-1", &["a"]),
        ("path contains plain", &["plain"]),
        (
            "(status = done or status = doing) && !(estimated_hours > 5)",
            &["a"],
        ),
        ("status < 5", &[]),
        ("", &["a", "b", "c", "plain"]),
        ("sort by due desc", &["b", "c", "a", "plain"]),
        ("due exists sort by priority, due", &["b", "a", "c"]),
        ("due exists sort -estimated_hours", &["b", "a", "c"]),
    ] {
        let page = ask(&vault, line);
        assert_eq!(stems(&page), expected, "{line}");
        assert_eq!(page.total, expected.len() as u64, "{line}");
    }
}

#[test]
fn groups_are_counted_whole_and_each_item_of_a_list_by_itself() {
    let vault = vault();
    let page = ask(&vault, "group by status");
    let counts: Vec<_> = page
        .groups
        .unwrap()
        .into_iter()
        .map(|group| (group.value, group.count))
        .collect();
    assert_eq!(
        counts,
        [(Value::Null, 2), (json!("doing"), 1), (json!("Done"), 1)]
    );
    assert_eq!(
        (page.total, page.results.len(), page.group_total),
        (4, 0, Some(3))
    );
    let page = ask(&vault, "assignee exists group by assignee");
    assert_eq!(page.groups.unwrap().len(), 2);
}

#[test]
fn a_mistake_is_said_with_its_place() {
    for (line, at, says) in [
        ("due <", 6, "expected a value, found the end"),
        ("due today", 5, "expected =, !=, <"),
        ("상태 = '열린", 6, "the quote ' is never closed"),
        ("(a = 1", 7, "expected `)`, found the end"),
        ("a = 1 b = 2", 7, "expected and, or, sort by"),
        ("a in 1", 6, "expected `(` and a list"),
        ("a = 1 and", 10, "expected a property's name"),
        ("a is 3", 6, "expected null, found `3`"),
    ] {
        let QueryError::Syntax { at: found, message } = Query::parse(line).unwrap_err() else {
            panic!("{line}")
        };
        assert_eq!(found, at, "{line}: {message}");
        assert!(message.contains(says), "{line}: {message}");
    }
    for line in [
        "(".repeat(17) + "a = 1" + &")".repeat(17),
        "x".repeat(2_001),
        vec!["a = 1"; 65].join(" and "),
    ] {
        assert_eq!(
            Query::parse(&line),
            Err(QueryError::TooLarge),
            "{}",
            line.len()
        );
    }
    let deepest = "(".repeat(15) + "a = 1" + &")".repeat(15);
    assert!(Query::parse(&deepest).is_ok());
}

#[test]
fn json_that_compares_nothing_is_refused_before_any_note_is_looked_at() {
    let vault = vault();
    let refused = |json: Value| {
        let asked: Query = serde_json::from_value(json).unwrap();
        query(&vault, &asked, &Page::default(), None).unwrap_err()
    };
    for condition in [
        json!({ "field": "a", "op": "=", "value": {} }),
        json!({ "field": "a", "op": "<", "value": [1] }),
        json!({ "field": "a", "op": "in", "value": 1 }),
        json!({ "field": "a", "op": "exists", "value": 1 }),
        json!({ "field": "a", "op": "<", "value": "today" }),
    ] {
        assert!(
            matches!(
                refused(json!({ "where": condition })),
                QueryError::Value { .. }
            ),
            "{condition}"
        );
    }
    let deep = (0..20).fold(
        json!({ "field": "a", "op": "exists" }),
        |inner, _| json!({ "not": inner }),
    );
    assert_eq!(refused(json!({ "where": deep })), QueryError::TooLarge);
    let wide = json!({ "where": { "or": vec![json!({ "field": "a", "op": "exists" }); 65] } });
    assert_eq!(refused(wide), QueryError::TooLarge);
    for unknown in [
        json!({ "were": 1 }),
        json!({ "where": { "field": "a", "op": "~" } }),
        json!({ "where": { "and": [], "or": [] } }),
    ] {
        assert!(
            serde_json::from_value::<Query>(unknown.clone()).is_err(),
            "{unknown}"
        );
    }
}

#[test]
fn pages_go_on_behind_the_last_note_whatever_was_edited() {
    let before = vault();
    let asked = Query::parse("sort by due desc").unwrap();
    let first = query(
        &before,
        &asked,
        &Page {
            limit: 2,
            cursor: None,
        },
        None,
    )
    .unwrap();
    assert_eq!((stems(&first), first.total), (vec!["b", "c"], 4));
    let mut notes: Vec<(String, String)> = before
        .notes()
        .iter()
        .map(|note| (note.path.to_string(), String::new()))
        .collect();
    notes.retain(|(path, _)| path != "c.md");
    notes.push(note("0", "due: 2027-01-01"));
    notes.push(note("1", "due: 2025-01-01"));
    let after = Snapshot::of_texts(
        notes
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let next = Page {
        limit: 5,
        cursor: first.next_cursor,
    };
    assert_eq!(
        stems(&query(&after, &asked, &next, None).unwrap()),
        ["1", "a", "b", "plain"]
    );
    let other = Query::parse("sort by due").unwrap();
    assert_eq!(
        query(&after, &other, &next, None),
        Err(QueryError::BadCursor)
    );
}

#[test]
fn filters_and_counts_are_those_of_brute_force() {
    let Some(generated) = generated::vault(600, 5) else {
        return;
    };
    let vault = Vault::open(VaultConfig {
        watch: false,
        ..VaultConfig::new(&generated.root)
    })
    .unwrap();
    let snapshot = vault.snapshot();
    let field = |note: &Note, name: &str| note.frontmatter.get(name)?.as_str().map(str::to_owned);
    let is = |note: &Note, name: &str, wanted: &str| {
        field(note, name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    for (line, keeps) in [
        (
            "due < today and status != done",
            &(|note: &Note| {
                field(note, "due").is_some_and(|due| due.as_str() < "2026-02-01")
                    && !is(note, "status", "done")
            }) as &dyn Fn(&Note) -> bool,
        ),
        ("entity_type = task and assignee = '김은향'", &|note| {
            is(note, "entity_type", "Task") && is(note, "assignee", "김은향")
        }),
        ("estimated_hours >= 5 or priority = critical", &|note| {
            note.frontmatter
                .get("estimated_hours")
                .and_then(|hours| hours.as_f64())
                .is_some_and(|hours| hours >= 5.0)
                || is(note, "priority", "critical")
        }),
        ("tags contains project", &|note| {
            note.tags
                .iter()
                .any(|tag| tag == "project" || tag.starts_with("project/"))
        }),
    ] {
        let expected: Vec<&str> = snapshot
            .notes()
            .iter()
            .filter(|note| keeps(note))
            .map(|note| note.path.as_str())
            .collect();
        let page = ask(&snapshot, line);
        assert!(page.total > 10, "{line}");
        assert_eq!(page.total, expected.len() as u64, "{line}");
        let found: Vec<&str> = page
            .results
            .iter()
            .map(|item| item.note.path.as_str())
            .collect();
        assert_eq!(found, &expected[..expected.len().min(200)], "{line}");
    }
    let groups = ask(&snapshot, "group by status").groups.unwrap();
    for group in &groups {
        let count = snapshot
            .notes()
            .iter()
            .filter(|note| match group.value.as_str() {
                Some(status) => is(note, "status", status),
                None => field(note, "status").is_none(),
            });
        assert_eq!(group.count, count.count() as u64, "{:?}", group.value);
    }
    assert_eq!(
        groups.iter().map(|group| group.count).sum::<u64>(),
        snapshot.notes().len() as u64
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside_it(line in "[ a-c가=<>!&|(),'\"`\\\\~0-9.\\-]{0,40}|(due|status|and|or|not|in|between|sort by|group by|today|\\(|\\)|<|=| ){0,12}") {
        match Query::parse(&line) {
            Ok(asked) => {
                let json = serde_json::to_value(&asked).unwrap();
                prop_assert_eq!(serde_json::from_value::<Query>(json).unwrap(), asked.clone());
                let found = query(&vault(), &asked, &Page::default(), Some(&day("2026-02-01")));
                let odd = matches!(found, Err(QueryError::BadCursor | QueryError::Syntax { .. }));
                prop_assert!(!odd);
            }
            Err(QueryError::Syntax { at, message }) => {
                prop_assert!((1..=line.chars().count() + 1).contains(&at), "{at} in {line:?}");
                prop_assert!(!message.is_empty());
            }
            Err(error) => prop_assert_eq!(error, QueryError::TooLarge),
        }
    }
}
