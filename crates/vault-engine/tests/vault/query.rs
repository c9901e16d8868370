//! Lists, lookups and links over a vault in memory.

use loop_vault::{
    PageError, Snapshot,
    query::{EntityAnswer, EntityFilter, NoteAnswer, Page, Sort, entities, entity, note},
};
use proptest::prelude::*;

const NOTES: &[(&str, &str)] = &[
    (
        "p/prj-a.md",
        "---\nentity_type: Project\nentity_id: prj-a\nentity_name: Alpha\nstatus: doing\naliases: [alpha, shared]\nupdated: 2026-01-05\n---\n# Alpha\n",
    ),
    (
        "p/prj-b.md",
        "---\nentity_type: Project\nentity_id: prj-b\nstatus: done\naliases: [shared]\nupdated: 2026-01-04\n---\n",
    ),
    (
        "t/t1.md",
        "---\nentity_type: Task\nentity_id: t1\nentity_name: 결제 서버\nstatus: doing\nproject_id: prj-a\nassignee: 김은향\npriority: high\ndue: 2026-02-01\nupdated: 2026-01-01\ntags: [project/alpha, mcp]\n---\n[[prj-a]] and [[alpha|again]]\n",
    ),
    (
        "t/t2.md",
        "---\nentity_type: task\nentity_id: t2\nstatus: Todo\nproject_id: \"[[alpha]]\"\npriority: low\nupdated: 2026-01-02\ntags: [projects]\noutgoing_relations: [{type: blocks, target: T1}, {type: blocks, target: gone}]\n---\n결제를 롤백했다\n",
    ),
    (
        "t/t3.md",
        "---\nentity_type: Task\nentity_id: t3\nstatus: doing\nproject_id: prj-b\ntags: project\n---\n",
    ),
    ("plain.md", "no entity, 결제 [[T1]]\n"),
];

fn vault() -> Snapshot {
    Snapshot::of_texts(NOTES.iter().copied())
}

fn ids(filter: &EntityFilter, sort: &str) -> Vec<String> {
    let page = entities(
        &vault(),
        filter,
        Sort::parse(sort).unwrap(),
        &Page::default(),
    )
    .unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items
        .into_iter()
        .map(|item| item.note.id.unwrap())
        .collect()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&text| text.to_owned()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table may be longer")]
fn each_filter_keeps_exactly_what_it_names() {
    let none = EntityFilter::default;
    for (name, filter, expected) in [
        ("nothing", none(), vec!["prj-a", "prj-b", "t1", "t2", "t3"]),
        (
            "type, case aside",
            EntityFilter {
                types: texts(&["TASK"]),
                ..none()
            },
            vec!["t1", "t2", "t3"],
        ),
        (
            "two types",
            EntityFilter {
                types: texts(&["Task", "Project"]),
                ..none()
            },
            vec!["prj-a", "prj-b", "t1", "t2", "t3"],
        ),
        (
            "status",
            EntityFilter {
                statuses: texts(&["todo"]),
                ..none()
            },
            vec!["t2"],
        ),
        (
            "assignee",
            EntityFilter {
                assignee: Some("김은향".into()),
                ..none()
            },
            vec!["t1"],
        ),
        (
            "project by id",
            EntityFilter {
                project: Some("PRJ-A".into()),
                ..none()
            },
            vec!["t1", "t2"],
        ),
        (
            "project by alias",
            EntityFilter {
                project: Some("alpha".into()),
                ..none()
            },
            vec!["t1", "t2"],
        ),
        (
            "tag with its children",
            EntityFilter {
                tags: texts(&["#project"]),
                ..none()
            },
            vec!["t1", "t3"],
        ),
        (
            "all tags",
            EntityFilter {
                tags: texts(&["project", "mcp"]),
                ..none()
            },
            vec!["t1"],
        ),
        (
            "text",
            EntityFilter {
                q: Some("결제".into()),
                ..none()
            },
            vec!["t1", "t2"],
        ),
        (
            "text and status",
            EntityFilter {
                q: Some("결제".into()),
                statuses: texts(&["doing"]),
                ..none()
            },
            vec!["t1"],
        ),
        (
            "nobody",
            EntityFilter {
                types: texts(&["Person"]),
                ..none()
            },
            vec![],
        ),
    ] {
        assert_eq!(ids(&filter, "id"), expected, "{name}");
    }
}

#[test]
fn lists_are_sorted_and_what_lacks_the_field_comes_last() {
    for (sort, expected) in [
        ("-updated", ["prj-a", "prj-b", "t2", "t1", "t3"]),
        ("updated", ["t1", "t2", "prj-b", "prj-a", "t3"]),
        ("-priority", ["t1", "t2", "prj-a", "prj-b", "t3"]),
        ("priority", ["t2", "t1", "prj-a", "prj-b", "t3"]),
        ("due", ["t1", "prj-a", "prj-b", "t2", "t3"]),
        ("name", ["prj-a", "prj-b", "t2", "t3", "t1"]),
        ("status", ["prj-a", "t1", "t3", "prj-b", "t2"]),
    ] {
        assert_eq!(ids(&EntityFilter::default(), sort), expected, "{sort}");
    }
    assert_eq!(Sort::parse("size"), None);
}

#[test]
fn a_cursor_of_another_order_or_made_up_is_refused() {
    let vault = vault();
    let page = Page {
        limit: 1,
        cursor: None,
    };
    let by_id = Sort::parse("id").unwrap();
    let cursor = entities(&vault, &EntityFilter::default(), by_id, &page)
        .unwrap()
        .next_cursor
        .unwrap();
    for (sort, cursor) in [
        ("-id", cursor.as_str()),
        ("id", "x"),
        ("id", ""),
        ("id", "e30"),
        ("id", "%%%"),
    ] {
        let page = Page {
            limit: 1,
            cursor: Some(cursor.to_owned()),
        };
        let got = entities(
            &vault,
            &EntityFilter::default(),
            Sort::parse(sort).unwrap(),
            &page,
        );
        assert_eq!(got, Err(PageError::BadCursor), "{sort} {cursor:?}");
    }
}

#[test]
fn a_cursor_survives_the_deletion_of_the_note_it_stands_on() {
    let sort = Sort::parse("id").unwrap();
    let page = Page {
        limit: 2,
        cursor: None,
    };
    let first = entities(&vault(), &EntityFilter::default(), sort, &page).unwrap();
    let without = Snapshot::of_texts(
        NOTES
            .iter()
            .copied()
            .filter(|(path, _)| *path != "p/prj-b.md"),
    );
    let page = Page {
        limit: 2,
        cursor: first.next_cursor,
    };
    let second = entities(&without, &EntityFilter::default(), sort, &page).unwrap();
    let ids: Vec<_> = second
        .items
        .into_iter()
        .map(|item| item.note.id.unwrap())
        .collect();
    assert_eq!(ids, ["t1", "t2"]);
    assert_eq!(second.total, 4);
}

proptest! {
    #[test]
    fn pages_together_are_the_whole_list(
        dates in proptest::collection::vec(0u8..6, 1..40),
        limit in 1u32..9,
        desc in any::<bool>(),
    ) {
        let notes: Vec<(String, String)> = dates.iter().enumerate().map(|(at, day)| {
            let updated = if *day == 0 { String::new() } else { format!("updated: 2026-01-0{day}\n") };
            (format!("n{at}.md"), format!("---\nentity_type: Task\nentity_id: n{at}\n{updated}---\n"))
        }).collect();
        let vault = Snapshot::of_texts(notes.iter().map(|(p, t)| (p.as_str(), t.as_str())));
        let sort = Sort { desc, ..Sort::default() };
        let all = entities(&vault, &EntityFilter::default(), sort, &Page { limit: 200, cursor: None }).unwrap();
        let mut paged = Vec::new();
        let mut cursor = None;
        loop {
            let page = entities(&vault, &EntityFilter::default(), sort, &Page { limit, cursor }).unwrap();
            prop_assert_eq!(page.total, dates.len() as u64);
            prop_assert!(page.items.len() <= limit as usize);
            paged.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() { break; }
        }
        prop_assert_eq!(paged, all.items);
    }
}

#[test]
fn an_entity_is_found_by_id_alias_and_name() {
    let vault = vault();
    for (name, expected) in [
        ("t1", "t/t1.md"),
        ("T1", "t/t1.md"),
        ("alpha", "p/prj-a.md"),
        ("[[Alpha|x]]", "p/prj-a.md"),
        ("p/prj-b", "p/prj-b.md"),
    ] {
        match entity(&vault, name) {
            EntityAnswer::Found(found) => assert_eq!(found.note.note.path, expected, "{name:?}"),
            other => panic!("{name:?}: {other:?}"),
        }
    }
    assert!(matches!(entity(&vault, "shared"), EntityAnswer::Ambiguous(found) if found.len() == 2));
    assert!(
        matches!(entity(&vault, "prj-aa"), EntityAnswer::NotFound(near) if near[0].id.as_deref() == Some("prj-a"))
    );
    assert!(matches!(entity(&vault, ""), EntityAnswer::NotFound(near) if near.is_empty()));
    assert!(matches!(entity(&vault, "plain"), EntityAnswer::NotFound(_)));
}

#[test]
fn an_entity_comes_with_its_relations_both_ways_and_its_backlinks() {
    let EntityAnswer::Found(found) = entity(&vault(), "t1") else {
        panic!("not found")
    };
    let relations = &found.note.relations;
    let outgoing = &relations.outgoing["project"][0];
    assert_eq!(outgoing.note.as_ref().unwrap().path, "p/prj-a.md");
    assert_eq!(
        relations.incoming["blocks"][0]
            .note
            .as_ref()
            .unwrap()
            .id
            .as_deref(),
        Some("t2")
    );
    assert_eq!(found.note.links.len(), 1);
    let backlinks: Vec<_> = found
        .note
        .backlinks
        .iter()
        .map(|b| (b.note.path.as_str(), b.count))
        .collect();
    assert_eq!(backlinks, [("plain.md", 1)]);
    let EntityAnswer::Found(project) = entity(&vault(), "prj-a") else {
        panic!("not found")
    };
    let backlinks: Vec<_> = project
        .note
        .backlinks
        .iter()
        .map(|b| (b.note.path.as_str(), b.count))
        .collect();
    assert_eq!(backlinks, [("t/t1.md", 2), ("t/t2.md", 1)]);
    let EntityAnswer::Found(dangling) = entity(&vault(), "t2") else {
        panic!("not found")
    };
    assert_eq!(dangling.note.relations.outgoing["blocks"][1].note, None);
}

#[test]
fn a_note_is_found_by_its_path_and_only_inside_the_vault() {
    let vault = vault();
    for (path, found) in [
        ("plain.md", true),
        ("plain", true),
        ("PLAIN.md", true),
        ("t/t1", true),
        ("gone.md", false),
    ] {
        assert_eq!(
            matches!(note(&vault, path), NoteAnswer::Found(_)),
            found,
            "{path:?}"
        );
    }
    for path in [
        "../etc/passwd",
        "/etc/passwd",
        "a\\..\\b",
        "a/%2e%2e/../b",
        ".obsidian/x.md",
        "",
        "a\0b",
    ] {
        assert!(
            matches!(note(&vault, path), NoteAnswer::BadPath(_)),
            "{path:?}"
        );
    }
}

#[test]
fn links_resolve_by_the_shortest_path_then_by_path_then_by_id_and_alias() {
    let notes = [
        ("a/note.md", ""),
        ("a/b/note.md", ""),
        ("deep/x/only.md", ""),
        (
            "e.md",
            "---\nentity_type: Task\nentity_id: id-1\naliases: [별칭]\n---\n",
        ),
        ("a/b/from.md", ""),
    ];
    for (link, expected) in [
        ("note", Some("a/note.md")),
        ("NOTE", Some("a/note.md")),
        ("b/note", Some("a/b/note.md")),
        ("a/b/note.md", Some("a/b/note.md")),
        ("only", Some("deep/x/only.md")),
        ("x/only", Some("deep/x/only.md")),
        ("y/only", None),
        ("./note", Some("a/b/note.md")),
        ("../note", Some("a/note.md")),
        ("../../../note", None),
        ("id-1", Some("e.md")),
        ("별칭", Some("e.md")),
        ("note#h|x", Some("a/note.md")),
        ("nowhere", None),
    ] {
        let text = format!("[[{link}]]");
        let from = [("a/b/source.md", text.as_str())];
        let vault = Snapshot::of_texts(notes.iter().chain(&from).copied());
        let NoteAnswer::Found(found) = note(&vault, "a/b/source.md") else {
            panic!("not found")
        };
        let got: Vec<_> = found.links.iter().map(|link| link.path.as_str()).collect();
        assert_eq!(got, expected.into_iter().collect::<Vec<_>>(), "{link:?}");
        let dangling = vault
            .defects()
            .iter()
            .filter(|d| d.path == "a/b/source.md")
            .count();
        assert_eq!(dangling, usize::from(expected.is_none()), "{link:?}");
    }
}

#[test]
fn the_etag_changes_with_every_byte_and_with_nothing_else() {
    let one = vault();
    assert_eq!(one.etag(), vault().etag());
    let reversed = Snapshot::of_texts(NOTES.iter().rev().copied());
    assert_eq!(one.etag(), reversed.etag());
    let edited = Snapshot::of_texts(
        NOTES
            .iter()
            .map(|&(path, text)| (path, if path == "plain.md" { "x" } else { text })),
    );
    let moved = Snapshot::of_texts(NOTES.iter().map(|&(path, text)| {
        (
            if path == "plain.md" {
                "plain2.md"
            } else {
                path
            },
            text,
        )
    }));
    assert_ne!(one.etag(), edited.etag());
    assert_ne!(one.etag(), moved.etag());
}
