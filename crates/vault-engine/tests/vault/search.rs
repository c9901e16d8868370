//! Search over a vault in memory, beside brute force.

use loop_vault::{
    PageError, Snapshot,
    query::Page,
    search::{MatchedIn, SearchPage, search},
};
use proptest::prelude::*;

fn find(vault: &Snapshot, q: &str) -> SearchPage {
    search(
        vault,
        q,
        &Page {
            limit: 200,
            cursor: None,
        },
    )
    .unwrap()
}

fn paths(vault: &Snapshot, q: &str) -> Vec<String> {
    find(vault, q)
        .items
        .into_iter()
        .map(|hit| hit.note.path)
        .collect()
}

#[test]
fn korean_is_found_inside_words_and_with_particles() {
    let vault = Snapshot::of_texts([
        ("a.md", "어제 배포를 롤백했다."),
        ("b.md", "자동롤백은 안전하다"),
        (
            "c.md",
            "\u{1105}\u{1169}\u{11af}\u{1107}\u{1162}\u{11a8} 결정",
        ),
        ("d.md", "롤 백"),
    ]);
    assert_eq!(paths(&vault, "롤백"), ["a.md", "c.md", "b.md"]);
    assert_eq!(
        paths(&vault, "\u{1105}\u{1169}\u{11af}\u{1107}\u{1162}\u{11a8}"),
        ["a.md", "c.md", "b.md"]
    );
    assert_eq!(find(&vault, "롤백").items[0].snippet.hit, "롤백");
}

#[test]
fn all_words_must_stand_somewhere_and_phrases_together() {
    let vault = Snapshot::of_texts([
        ("a.md", "OAuth token rotation"),
        ("b.md", "token, then OAuth"),
        (
            "c.md",
            "---\nentity_type: Task\nentity_id: OAUTH-1\ntags: [token]\n---\nnothing",
        ),
        ("d.md", "only oauth"),
    ]);
    assert_eq!(paths(&vault, "oauth TOKEN"), ["a.md", "b.md", "c.md"]);
    assert_eq!(paths(&vault, "\"oauth token\""), ["a.md"]);
    assert_eq!(paths(&vault, "“OAuth token” rotation"), ["a.md"]);
    assert_eq!(paths(&vault, "\"oauth token"), ["a.md"]);
    assert_eq!(paths(&vault, "absent"), Vec::<String>::new());
}

#[test]
fn the_better_place_comes_first_then_the_more_frequent() {
    let vault = Snapshot::of_texts([
        ("1-body.md", "vault"),
        ("2-often.md", "vault vault vault"),
        ("3-heading.md", "text\n\n## The vault\n"),
        ("4-tag.md", "x #vault"),
        (
            "5-title.md",
            "---\nentity_type: Task\nentity_id: x\nentity_name: Vault search\n---\n",
        ),
        (
            "6-alias.md",
            "---\nentity_type: Task\nentity_id: y\naliases: [VAULT]\n---\n",
        ),
    ]);
    let page = find(&vault, "Vault");
    let ranked: Vec<_> = page
        .items
        .iter()
        .map(|hit| (hit.note.path.as_str(), hit.matched_in, hit.hits))
        .collect();
    assert_eq!(
        ranked,
        [
            ("6-alias.md", MatchedIn::Id, 0),
            ("5-title.md", MatchedIn::Title, 0),
            ("4-tag.md", MatchedIn::Tag, 1),
            ("3-heading.md", MatchedIn::Heading, 1),
            ("2-often.md", MatchedIn::Body, 3),
            ("1-body.md", MatchedIn::Body, 1),
        ]
    );
}

#[test]
fn a_query_that_asks_nothing_or_too_much_is_refused() {
    let vault = Snapshot::of_texts([("a.md", "x")]);
    for (q, expected) in [
        (String::new(), PageError::EmptyQuery),
        ("  \"\" ".to_owned(), PageError::EmptyQuery),
        ("가".repeat(513), PageError::QueryTooLong),
        (["a b "; 9].concat(), PageError::QueryTooLong),
    ] {
        assert_eq!(search(&vault, &q, &Page::default()), Err(expected), "{q:?}");
    }
    assert!(search(&vault, &"가".repeat(512), &Page::default()).is_ok());
}

#[test]
fn a_cursor_belongs_to_its_query() {
    let vault = Snapshot::of_texts([("a.md", "one two"), ("b.md", "one two"), ("c.md", "one")]);
    let page = Page {
        limit: 1,
        cursor: None,
    };
    let first = search(&vault, "one", &page).unwrap();
    assert_eq!(first.total, 3);
    let next = Page {
        limit: 5,
        cursor: first.next_cursor,
    };
    assert_eq!(search(&vault, "two", &next), Err(PageError::BadCursor));
    let rest = search(&vault, "one", &next).unwrap();
    assert_eq!(
        (rest.items.len(), rest.total, rest.next_cursor),
        (2, 3, None)
    );
}

proptest! {
    #[test]
    fn search_finds_what_brute_force_finds(
        texts in proptest::collection::vec("[가나다a-cA-C ]{0,12}", 1..12),
        q in "[가나다a-c]{1,3}( [가나다a-c]{1,2})?",
    ) {
        let notes: Vec<(String, &String)> = texts.iter().enumerate().map(|(at, text)| (format!("{at:02}_.md"), text)).collect();
        let vault = Snapshot::of_texts(notes.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let mut expected: Vec<&str> = notes
            .iter()
            .filter(|(_, text)| q.split(' ').all(|word| text.to_lowercase().contains(word)))
            .map(|(path, _)| path.as_str())
            .collect();
        let mut got = paths(&vault, &q);
        got.sort();
        expected.sort_unstable();
        prop_assert_eq!(got, expected);
    }
}
