//! Neighbours, shortest ways and roll-ups beside brute force, over vaults made by chance.

use std::collections::{BTreeMap, BTreeSet};

use loop_shared::vault::{IsoDate, text::fold};
use loop_vault::{
    Snapshot,
    lint::Schema,
    network::{Direction, LINK, NetworkError, Ways, neighbours, paths},
    project::{Overview, overview},
    query::Page,
};
use proptest::prelude::*;

const NOTES: u8 = 12;

/// What one note says: whom it links to, its parent, its project, its status and hours.
type Said = (Vec<u8>, Option<u8>, Option<u8>, u8, Option<u8>, u8);

fn said() -> impl Strategy<Value = Vec<Said>> {
    let one = (
        prop::collection::vec(0..NOTES, 0..3),
        prop::option::of(0..NOTES),
        prop::option::of(0..NOTES),
        0u8..3,
        prop::option::of(0u8..9),
        1u8..28,
    );
    prop::collection::vec(one, usize::from(NOTES))
}

fn name(number: impl std::fmt::Display) -> String {
    format!("n{number:>02}")
}

const STATUSES: [&str; 3] = ["doing", "done", "archived"];

fn vault(said: &[Said]) -> Snapshot {
    let text = |(number, said): (usize, &Said)| {
        let (links, parent, project, status, hours, day) = said;
        let field = |key: &str, value: &Option<u8>| {
            value.map_or_else(String::new, |value| format!("{key}: {}\n", name(value)))
        };
        let links: Vec<String> = links.iter().map(|to| format!("[[{}]]", name(to))).collect();
        let hours = hours.map_or_else(String::new, |hours| format!("estimated_hours: {hours}\n"));
        let (parent, project) = (field("parent_id", parent), field("project_id", project));
        let status = STATUSES[usize::from(*status)];
        let id = name(number);
        let text = format!(
            "---\nentity_type: Task\nentity_id: {id}\nstatus: {status}\ndue: 2026-03-{day:02}\n{hours}{parent}{project}---\n{}",
            links.join(" ")
        );
        (format!("{id}.md"), text)
    };
    let texts: Vec<_> = said.iter().enumerate().map(text).collect();
    Snapshot::of_texts(
        texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )
}

/// Every edge as the notes state it.
fn stated(said: &[Said]) -> BTreeSet<(String, String, &'static str)> {
    let mut edges = BTreeSet::new();
    for (number, (links, parent, project, ..)) in said.iter().enumerate() {
        let mut add = |to: u8, kind| {
            if usize::from(to) != number {
                edges.insert((
                    format!("{}.md", name(number)),
                    format!("{}.md", name(to)),
                    kind,
                ));
            }
        };
        for &to in links {
            add(to, LINK);
        }
        if let Some(to) = parent {
            add(*to, "parent");
        }
        if let Some(to) = project {
            add(*to, "project");
        }
    }
    edges
}

/// Distances by looking at every edge again and again.
fn distances(
    edges: &BTreeSet<(String, String, &str)>,
    from: &str,
    ways: &Ways,
) -> BTreeMap<String, u32> {
    let mut distances = BTreeMap::from([(from.to_owned(), 0)]);
    loop {
        let mut grown = distances.clone();
        for (a, b, kind) in edges {
            if !ways.kinds.is_empty() && !ways.kinds.iter().any(|wanted| wanted == kind) {
                continue;
            }
            for (from, to, taken) in [(a, b, Direction::Out), (b, a, Direction::In)] {
                if ways.direction != Direction::Both && ways.direction != taken {
                    continue;
                }
                if let Some(far) = distances.get(from) {
                    let known = grown.entry(to.clone()).or_insert(far + 1);
                    *known = (*known).min(far + 1);
                }
            }
        }
        if grown == distances {
            return distances;
        }
        distances = grown;
    }
}

fn ways() -> impl Strategy<Value = Ways> {
    let direction = prop_oneof![
        Just(Direction::Out),
        Just(Direction::In),
        Just(Direction::Both)
    ];
    let kinds = prop_oneof![
        Just(vec![]),
        Just(vec![LINK.to_owned()]),
        Just(vec!["parent".to_owned(), "project".to_owned()]),
    ];
    (direction, kinds).prop_map(|(direction, kinds)| Ways { direction, kinds })
}

proptest! {
    #[test]
    fn neighbours_are_those_within_the_distance_and_pages_hold_each_note_and_edge_once(
        said in said(), ways in ways(), depth in 1u32..5, limit in 1u32..6,
    ) {
        let snapshot = vault(&said);
        let edges = stated(&said);
        let truth = distances(&edges, "n00.md", &ways);
        let truth: BTreeSet<(u32, String)> = truth
            .into_iter()
            .filter(|(_, far)| *far <= depth)
            .map(|(path, far)| (far, path))
            .collect();
        let inside: BTreeSet<&String> = truth.iter().map(|(_, path)| path).collect();
        let expected: BTreeSet<_> = edges
            .iter()
            .filter(|(from, to, kind)| {
                let kind = ways.kinds.is_empty() || ways.kinds.iter().any(|wanted| wanted == kind);
                kind && inside.contains(from) && inside.contains(to)
            })
            .map(|(from, to, kind)| (from.clone(), to.clone(), (*kind).to_owned()))
            .collect();
        let (mut notes, mut found, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let page = Page { limit, cursor };
            let page = neighbours(&snapshot, "n00", depth, &ways, &page).unwrap();
            prop_assert_eq!(page.total, truth.len() as u64);
            notes.extend(page.results.into_iter().map(|one| (one.distance, one.note.path)));
            found.extend(page.edges.into_iter().map(|edge| (edge.from, edge.to, edge.kind)));
            cursor = page.next_cursor;
            if cursor.is_none() { break; }
        }
        prop_assert!(notes.iter().eq(truth.iter()), "{:?} {:?}", notes, truth);
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn ways_are_the_shortest_and_all_of_them_are_counted(said in said(), ways in ways(), to in 0..NOTES) {
        let snapshot = vault(&said);
        let edges = stated(&said);
        let found = paths(&snapshot, "n00", &name(to), &ways, 20).unwrap();
        let far = distances(&edges, "n00.md", &ways).get(&format!("{}.md", name(to))).copied();
        prop_assert_eq!(found.length, far);
        let all = all_shortest(&edges, &ways, &format!("{}.md", name(to)), far.unwrap_or_default());
        let all = if far.is_some() { all } else { BTreeSet::new() };
        prop_assert_eq!(found.total, all.len() as u64);
        let told: Vec<Vec<String>> = found.results.iter().map(|path| {
            let steps = path.steps.iter().map(|step| step.note.path.clone());
            std::iter::once("n00.md".to_owned()).chain(steps).collect()
        }).collect();
        prop_assert!(told.iter().eq(all.iter().take(20)), "{:?} {:?}", told, all);
        for (path, way) in found.results.iter().zip(&told) {
            for ((step, from), to) in path.steps.iter().zip(way).zip(way.iter().skip(1)) {
                let (from, to) = if step.forward { (from, to) } else { (to, from) };
                for kind in &step.kinds {
                    let holds = edges.iter().any(|edge| (&edge.0, &edge.1, edge.2) == (from, to, kind.as_str()));
                    prop_assert!(holds, "{from} {kind} {to}");
                }
            }
        }
    }

    #[test]
    fn rollups_add_up_each_entity_below_once(said in said(), limit in 1u32..6) {
        let snapshot = vault(&said);
        let schema = Schema::built_in().unwrap();
        let today = IsoDate::parse("2026-03-14");
        let below = below(&said);
        let (mut rows, mut cursor) = (Vec::new(), None::<String>);
        let whole = loop {
            let page = Page { limit, cursor: cursor.clone() };
            let page = overview(&snapshot, "n00", &schema, today.as_ref(), &page).unwrap();
            rows.extend(page.results.clone());
            cursor.clone_from(&page.next_cursor);
            if cursor.is_none() { break page; }
        };
        let paths: BTreeSet<&str> = rows.iter().map(|row| row.note.path.as_str()).collect();
        prop_assert_eq!(paths.len(), rows.len());
        let expected: BTreeSet<String> = below.iter().map(|&n| format!("{}.md", name(n))).collect();
        prop_assert!(expected.iter().map(String::as_str).eq(paths.iter().copied()));
        check(&whole, &said, &below)?;
        // Whoever is above was told before, and the numbers of a branch are those of the rows below it.
        let mut above: BTreeMap<&str, u32> = BTreeMap::from([("n00.md", 0)]);
        for row in &rows {
            prop_assert_eq!(above.get(row.above.as_str()).copied(), Some(row.level - 1));
            above.insert(&row.note.path, row.level);
        }
        for (at, row) in rows.iter().enumerate() {
            let inside = rows.iter().skip(at + 1).take_while(|other| other.level > row.level).count();
            prop_assert_eq!(row.rollup.as_ref().map_or(0, |sum| sum.total), inside as u64);
        }
    }
}

fn check(whole: &Overview, said: &[Said], below: &BTreeSet<usize>) -> Result<(), TestCaseError> {
    let of =
        |wanted: &dyn Fn(&Said) -> bool| below.iter().filter(|&&n| wanted(&said[n])).count() as u64;
    let sum = &whole.rollup;
    prop_assert_eq!(
        (whole.total, sum.total),
        (below.len() as u64, below.len() as u64)
    );
    prop_assert_eq!(
        (sum.open, sum.done, sum.dropped),
        (
            of(&|said| said.3 == 0),
            of(&|said| said.3 == 1),
            of(&|said| said.3 == 2)
        )
    );
    prop_assert_eq!(sum.overdue, of(&|said| said.3 == 0 && said.5 < 14));
    prop_assert_eq!(
        sum.without_estimate,
        of(&|said| said.3 == 0 && said.4.is_none())
    );
    let hours: u32 = below.iter().filter_map(|&n| said[n].4).map(u32::from).sum();
    prop_assert!((sum.estimated_hours - f64::from(hours)).abs() < 0.001);
    Ok(())
}

fn below(said: &[Said]) -> BTreeSet<usize> {
    let mut below = BTreeSet::new();
    loop {
        let before = below.len();
        for (number, (_, parent, project, ..)) in said.iter().enumerate() {
            let leads = |to: &Option<u8>| {
                to.is_some_and(|to| {
                    let to = usize::from(to);
                    to != number && (to == 0 || below.contains(&to))
                })
            };
            if number != 0 && (leads(parent) || leads(project)) {
                below.insert(number);
            }
        }
        if below.len() == before {
            return below;
        }
    }
}

/// Every walk of this many steps that ends there.
fn all_shortest(
    edges: &BTreeSet<(String, String, &str)>,
    ways: &Ways,
    end: &str,
    steps: u32,
) -> BTreeSet<Vec<String>> {
    let mut walks = BTreeSet::from([vec!["n00.md".to_owned()]]);
    for _ in 0..steps {
        let mut longer = BTreeSet::new();
        for walk in &walks {
            for (a, b, kind) in edges {
                if !ways.kinds.is_empty() && !ways.kinds.iter().any(|wanted| wanted == kind) {
                    continue;
                }
                for (from, to, taken) in [(a, b, Direction::Out), (b, a, Direction::In)] {
                    let taken = ways.direction == Direction::Both || ways.direction == taken;
                    if taken && walk.last() == Some(from) {
                        longer.insert([walk.as_slice(), std::slice::from_ref(to)].concat());
                    }
                }
            }
        }
        walks = longer;
    }
    walks.retain(|walk| walk.last().is_some_and(|last| last == end));
    walks
}

#[test]
fn what_is_not_there_is_said_with_what_looks_alike() {
    let snapshot = Snapshot::of_texts([
        (
            "prj.md",
            "---\nentity_type: Project\nentity_id: prj-pay\n---\n",
        ),
        ("a.md", "[[prj]]"),
    ]);
    let error = paths(&snapshot, "a", "prj-pya", &Ways::default(), 1).unwrap_err();
    let NetworkError::Unknown { name, near } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (name.as_str(), near[0].path.as_str()),
        ("prj-pya", "prj.md")
    );
    let found = paths(&snapshot, "a.md", &fold("PRJ-PAY"), &Ways::default(), 1).unwrap();
    assert_eq!((found.length, found.total), (Some(1), 1));
}

#[test]
fn those_who_only_lead_to_each_other_hang_below_the_project_they_name() {
    let task = |id: &str, parent: &str| {
        format!(
            "---\nentity_type: Task\nentity_id: {id}\nparent_id: {parent}\nproject_id: prj\n---\n"
        )
    };
    let (a, b, c) = (task("a", "b"), task("b", "a"), task("c", "a"));
    let snapshot = Snapshot::of_texts([
        ("prj.md", "---\nentity_type: Project\nentity_id: prj\n---\n"),
        ("a.md", a.as_str()),
        ("b.md", b.as_str()),
        ("c.md", c.as_str()),
    ]);
    let schema = Schema::built_in().unwrap();
    let whole = overview(&snapshot, "prj", &schema, None, &Page::default()).unwrap();
    let rows: Vec<_> = whole
        .results
        .iter()
        .map(|row| (row.note.path.as_str(), row.level))
        .collect();
    assert_eq!(rows, [("a.md", 1), ("b.md", 2), ("c.md", 2)]);
    assert_eq!(whole.rollup.total, 3);
}
