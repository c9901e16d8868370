//! Search beside brute force: every hit, no miss, no extra, over generated vaults and one that somebody wrote.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use loop_shared::vault::{IsoDate, text::fold};
use loop_vault::{
    Note, Snapshot, Vault, VaultConfig,
    query::{EntityFilter, Page, Sort, entities},
    search::search,
};
use serde_json::Value;

use crate::generated;

const QUERIES: usize = 200;

/// A small generator of numbers: the same queries for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's constants for 64 bits.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Everything that is searched of a note, in the words of the documentation rather than of the index.
fn texts(note: &Note) -> Vec<String> {
    let mut texts = vec![
        note.title.clone(),
        note.path.stem().to_owned(),
        note.body().into_owned(),
    ];
    texts.extend(note.id().map(str::to_owned));
    texts.extend(note.aliases.iter().cloned());
    texts.extend(note.tags.iter().cloned());
    texts.extend(note.headings.iter().map(|heading| heading.text.clone()));
    let elsewhere = [
        "status",
        "priority",
        "priority_flag",
        "type",
        "entity_type",
        "visibility",
        "entity_name",
        "title",
        "tags",
        "tag",
    ];
    for (name, value) in &note.frontmatter.to_map() {
        if !elsewhere.contains(&name.as_str()) {
            strings(value, &mut texts);
        }
    }
    // A phrase goes on over line ends and double spaces.
    let one_line = |text: &String| fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
    texts.iter().map(one_line).collect()
}

fn strings(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if IsoDate::parse(text).is_none() => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, texts)),
        Value::Object(map) => map.values().for_each(|item| strings(item, texts)),
        _ => {}
    }
}

/// What a person would call the truth, folded once.
struct Truth {
    notes: Vec<(String, Vec<String>, Arc<Note>)>,
}

impl Truth {
    fn of(snapshot: &Snapshot) -> Self {
        let notes = snapshot.notes().iter();
        Self {
            notes: notes
                .map(|note| (note.path.to_string(), texts(note), Arc::clone(note)))
                .collect(),
        }
    }

    /// Paths of the notes that hold all terms and none of the others.
    fn hits(&self, with: &[String], without: &[String]) -> BTreeSet<&str> {
        let holds =
            |texts: &[String], term: &String| texts.iter().any(|text| text.contains(term.as_str()));
        let fits = |texts: &[String]| {
            with.iter().all(|term| holds(texts, term))
                && !without.iter().any(|term| holds(texts, term))
        };
        self.notes
            .iter()
            .filter(|(_, texts, _)| fits(texts))
            .map(|(path, ..)| path.as_str())
            .collect()
    }
}

/// A piece of some note's text: a word, a part of one, or several words.
fn piece(dice: &mut Dice, snapshot: &Snapshot, korean: bool) -> String {
    loop {
        let body = fold(&dice.of(snapshot.notes()).body());
        let lines: Vec<&str> = body
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        if lines.is_empty() {
            continue;
        }
        let words: Vec<&str> = dice.of(&lines).split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let word: Vec<char> = dice.of(&words).chars().collect();
        let from = dice.below(word.len());
        let long = if korean {
            1 + dice.below(4)
        } else {
            2 + dice.below(8)
        };
        let piece: String = word.iter().skip(from).take(long).collect();
        let is_korean = piece.chars().all(|c| matches!(c, '가'..='힣'));
        let is_latin = piece.chars().all(|c| c.is_ascii_alphanumeric()) && piece.len() > 1;
        if (korean && is_korean) || (!korean && is_latin) {
            return piece;
        }
    }
}

fn phrase(dice: &mut Dice, snapshot: &Snapshot) -> String {
    loop {
        let body = fold(&dice.of(snapshot.notes()).body());
        let lines: Vec<&str> = body
            .lines()
            .filter(|line| line.split(' ').count() > 3 && !line.contains(['"', '“', '”']))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let words: Vec<&str> = dice
            .of(&lines)
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect();
        if words.len() < 3 {
            continue;
        }
        let from = dice.below(words.len() - 1);
        return words[from..(from + 2 + dice.below(2)).min(words.len())].join(" ");
    }
}

/// All hits over all pages, in order; the total of every page is the same.
fn all(snapshot: &Snapshot, q: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut cursor = None;
    loop {
        let found = search(snapshot, q, &Page { limit: 200, cursor })
            .unwrap_or_else(|error| panic!("{q:?}: {error}"));
        paths.extend(found.items.into_iter().map(|hit| hit.note.path));
        cursor = found.next_cursor;
        if cursor.is_none() {
            assert_eq!(found.total, paths.len() as u64, "{q:?}");
            return paths;
        }
    }
}

fn exactly(
    truth: &Truth,
    snapshot: &Snapshot,
    q: &str,
    with: &[String],
    without: &[String],
) -> usize {
    let found = all(snapshot, q);
    let once: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(once.len(), found.len(), "{q:?} gives a note twice");
    assert_eq!(once, truth.hits(with, without), "{q:?}");
    found.len()
}

fn compare(snapshot: &Snapshot, seed: u64) {
    assert_eq!(snapshot.unindexed(), 0);
    let truth = Truth::of(snapshot);
    let mut dice = Dice(seed);
    let mut found = 0;
    for round in 0..QUERIES {
        let korean = piece(&mut dice, snapshot, true);
        let latin = piece(&mut dice, snapshot, false);
        let exact = format!("\"{latin}\"");
        let (q, with, without) = match round % 5 {
            0 => (korean.clone(), vec![korean], vec![]),
            1 => (exact, vec![latin], vec![]),
            2 => (format!("{korean} {exact}"), vec![korean, latin], vec![]),
            3 => {
                let phrase = phrase(&mut dice, snapshot);
                (format!("\"{phrase}\""), vec![phrase], vec![])
            }
            _ => (format!("{korean} -{latin}"), vec![korean], vec![latin]),
        };
        found += exactly(&truth, snapshot, &q, &with, &without);
        // Unquoted English also finds other forms of the word, and nothing else.
        let word = piece(&mut dice, snapshot, false);
        let hits = all(snapshot, &word);
        let hits: BTreeSet<&str> = hits.iter().map(String::as_str).collect();
        let exact = truth.hits(std::slice::from_ref(&word), &[]);
        assert!(exact.is_subset(&hits), "{word:?} misses a hit");
        let head: String = word.chars().take(3).collect();
        assert!(
            hits.is_subset(&truth.hits(&[head], &[])),
            "{word:?} makes a hit up"
        );
    }
    assert!(found > QUERIES, "the queries find something: {found}");
}

fn open(root: &Path) -> Arc<Snapshot> {
    let vault = Vault::open(VaultConfig {
        watch: false,
        ..VaultConfig::new(root)
    })
    .unwrap();
    crate::common::until(&vault, "the index", |snapshot| snapshot.unindexed() == 0);
    vault.snapshot()
}

#[test]
fn two_hundred_queries_over_each_generated_vault_find_exactly_what_is_there() {
    for seed in [7, 8, 9] {
        let Some(generated) = generated::vault(180, seed) else {
            return;
        };
        let snapshot = open(&generated.root);
        compare(&snapshot, u64::from(seed));
        for needle in generated.manifest["needles"].as_array().unwrap() {
            assert_eq!(all(&snapshot, needle["text"].as_str().unwrap()).len(), 1);
        }
    }
}

#[test]
fn a_vault_that_somebody_wrote_is_searched_exactly_too() {
    let Some(root) = generated::data("kepano-obsidian") else {
        return;
    };
    let snapshot = open(&root);
    let truth = Truth::of(&snapshot);
    let mut dice = Dice(1);
    for _ in 0..QUERIES {
        let word = piece(&mut dice, &snapshot, false);
        exactly(
            &truth,
            &snapshot,
            &format!("\"{word}\""),
            std::slice::from_ref(&word),
            &[],
        );
        let phrase = phrase(&mut dice, &snapshot);
        exactly(
            &truth,
            &snapshot,
            &format!("\"{phrase}\""),
            std::slice::from_ref(&phrase),
            &[],
        );
    }
}

#[test]
fn filters_are_applied_before_the_cut_and_counts_are_true() {
    let Some(generated) = generated::vault(600, 11) else {
        return;
    };
    let snapshot = open(&generated.root);
    let truth = Truth::of(&snapshot);
    let entity = |note: &Note| note.entity.clone().unwrap_or_default();
    let count = |term: &str, keeps: &dyn Fn(&Note) -> bool| {
        let hits = truth.hits(&[term.to_owned()], &[]);
        let notes = truth
            .notes
            .iter()
            .filter(|(path, ..)| hits.contains(path.as_str()));
        notes.filter(|(_, _, note)| keeps(note)).count() as u64
    };
    let is = |value: Option<&str>, wanted: &str| {
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    for (q, term, keeps) in [
        (
            "결제 type:Task",
            "결제",
            &(|note: &Note| is(note.entity_type(), "task")) as &dyn Fn(&Note) -> bool,
        ),
        ("type:task,meeting 결제", "결제", &|note| {
            ["task", "meeting"]
                .iter()
                .any(|kind| is(note.entity_type(), kind))
        }),
        ("결제 -status:done", "결제", &|note| {
            !is(entity(note).status.as_deref(), "done")
        }),
        ("토큰 status:DOING", "토큰", &|note| {
            is(entity(note).status.as_deref(), "doing")
        }),
        ("토큰 tag:project", "토큰", &|note| {
            note.tags
                .iter()
                .any(|tag| tag == "project" || tag.starts_with("project/"))
        }),
        ("토큰 tag:#project/alpha", "토큰", &|note| {
            note.tags
                .iter()
                .any(|tag| tag == "project/alpha" || tag.starts_with("project/alpha/"))
        }),
        ("토큰 path:60_research/hypo", "토큰", &|note| {
            note.path.as_str().starts_with("60_Research/Hypo")
        }),
        ("title:토큰", "토큰", &|note| {
            note.title.contains("토큰")
        }),
    ] {
        let page = search(
            &snapshot,
            q,
            &Page {
                limit: 5,
                cursor: None,
            },
        )
        .unwrap();
        let expected = count(term, keeps);
        assert_eq!(page.total, expected, "{q}");
        assert!(expected > 0, "{q}");
        assert_eq!(page.items.len() as u64, expected.min(5), "{q}");
        assert_eq!(all(&snapshot, q).len() as u64, expected, "{q}");
    }
    let filter = EntityFilter {
        statuses: vec!["Doing".into()],
        q: Some("롤백".into()),
        ..EntityFilter::default()
    };
    let listed = entities(
        &snapshot,
        &filter,
        Sort::default(),
        &Page {
            limit: 3,
            cursor: None,
        },
    )
    .unwrap();
    assert_eq!(
        listed.total,
        count("롤백", &|note| is(
            entity(note).status.as_deref(),
            "doing"
        ))
    );
}
