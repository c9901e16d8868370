//! People against values computed by hand.

use loop_vault::Snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::cost::withheld;
use super::*;
use crate::params::Values;

fn book(extra: &[(&str, String)]) -> Book {
    let mut notes: Vec<(String, String)> = Vec::new();
    let people = [
        ("a", "dev", "2024-01-01", "", 10),
        ("b", "dev", "2024-01-01", "", 11),
        ("c", "dev", "2026-02-10", "", 12),
        ("d", "ops", "2024-01-01", "2026-02-15", 20),
        ("e", "ops", "2024-01-01", "", 30),
    ];
    for (id, team, joined, left, cost) in people {
        let left = if left.is_empty() {
            String::new()
        } else {
            format!("\nleft: {left}")
        };
        notes.push((format!("{id}.md"), format!("entity_type: Person\nentity_id: {id}\nteam: {team}\nrole: {team}er\njoined: {joined}{left}")));
        notes.push((format!("pay-{id}.md"), format!("entity_type: Compensation\nperson: {id}\ncurrency: KRW\nfrom: {joined}\nmonthly_cost: {cost}")));
    }
    notes.extend(
        extra
            .iter()
            .map(|(path, fields)| ((*path).to_owned(), fields.clone())),
    );
    let texts: Vec<(String, String)> = notes
        .into_iter()
        .map(|(path, fields)| (path, format!("---\n{fields}\n---\n")))
        .collect();
    Book::read(&Snapshot::of_texts(
        texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    ))
}

fn ask(book: &Book, arguments: &Value) -> Value {
    let values = Values::from_json(arguments.as_object().unwrap(), PARAMS).unwrap();
    let question = Question::of(&values, "2026-03-10".parse().unwrap()).unwrap();
    serde_json::to_value(people(book, &question)).unwrap()
}

#[test]
fn the_last_day_counts_and_the_day_after_does_not() {
    let book = book(&[]);
    for (as_of, count) in [
        ("2026-02-09", 4),
        ("2026-02-10", 5),
        ("2026-02-15", 5),
        ("2026-02-16", 4),
    ] {
        assert_eq!(
            ask(&book, &json!({ "as_of": as_of }))["headcount"]["total"],
            count,
            "{as_of}"
        );
    }
    let got = ask(&book, &json!({ "from": "2026-02" }));
    assert_eq!(got["joins"][0]["person"], "c");
    assert_eq!(got["leaves"][0]["day"], "2026-02-15");
    assert_eq!(got["months"][0]["headcount"], 4);
}

#[test]
fn one_persons_pay_is_told_only_when_it_is_asked_for() {
    let book = book(&[]);
    let plain = ask(&book, &json!({}));
    assert_eq!(plain["people"], Value::Null);
    // ops has one person left; withholding ops alone would tell it as total less dev.
    for team in [0, 1] {
        assert_eq!(plain["teams"][team]["cost_state"], "withheld");
        assert_eq!(plain["teams"][team]["cost"], json!([]));
    }
    assert_eq!(plain["cost"][0]["amount"], "63");
    let narrow = ask(&book, &json!({ "team": "ops" }));
    assert_eq!(
        (&narrow["cost_state"], &narrow["cost"]),
        (&json!("withheld"), &json!([]))
    );
    let asked = ask(&book, &json!({ "detail": "salary" }));
    assert_eq!(asked["people"][3]["monthly_cost"]["amount"], "30");
    assert_eq!(asked["teams"][1]["cost"][0]["amount"], "30");
}

#[test]
fn a_raise_holds_from_its_day() {
    let raise =
        "entity_type: Compensation\nperson: a\ncurrency: KRW\nfrom: 2026-03-05\nmonthly_cost: 15"
            .to_owned();
    let book = book(&[("raise.md", raise)]);
    for (as_of, cost) in [("2026-03-04", "63"), ("2026-03-05", "68")] {
        assert_eq!(
            ask(&book, &json!({ "as_of": as_of }))["cost"][0]["amount"],
            cost
        );
    }
}

#[test]
fn a_missing_or_unreadable_note_leaves_no_wrong_total() {
    let person =
        "entity_type: Person\nentity_id: f\nteam: ops\nrole: x\njoined: 2025-01-01".to_owned();
    let got = ask(&book(&[("f.md", person.clone())]), &json!({}));
    assert_eq!(
        (&got["headcount"]["total"], &got["cost_state"], &got["cost"]),
        (&json!(5), &json!("incomplete"), &json!([]))
    );
    assert_eq!(got["warnings"][0]["code"], "no_cost");
    let got = ask(
        &book(&[("f.md", person.replace("2025-01-01", "soon"))]),
        &json!({}),
    );
    assert_eq!(
        (&got["headcount"]["total"], &got["headcount"]["counted"]),
        (&Value::Null, &json!(4))
    );
    assert_eq!(got["warnings"][0]["code"], "bad_date");
}

#[test]
fn the_hiring_plan_is_what_is_ahead_and_its_costs_are_salaries_too() {
    let position = |id: &str, status: &str| {
        format!(
            "entity_type: Position\nentity_id: {id}\nteam: dev\nrole: r\ncurrency: KRW\nstart: 2026-05-01\nmonthly_cost: 9\nstatus: {status}"
        )
    };
    let book = book(&[
        ("p.md", position("p", "open")),
        ("q.md", position("q", "filled")),
    ]);
    let plain = ask(&book, &json!({}));
    assert_eq!(plain["hiring_plan"].as_array().unwrap().len(), 1);
    assert_eq!(plain["hiring_plan"][0]["monthly_cost"], Value::Null);
    let asked = ask(&book, &json!({ "detail": "salary" }));
    assert_eq!(asked["hiring_plan"][0]["monthly_cost"]["amount"], "9");
}

proptest! {
    #[test]
    fn what_is_withheld_hides_at_least_three_people_or_everybody(sizes in proptest::collection::vec(1_usize..8, 0..12)) {
        let names: Vec<String> = (0..sizes.len()).map(|at| format!("{at:02}")).collect();
        let groups: Vec<(&str, usize)> = names.iter().map(String::as_str).zip(sizes.iter().copied()).collect();
        let hidden = withheld(&groups);
        let among: usize = groups.iter().filter(|(name, _)| hidden.contains(name)).map(|(_, size)| size).sum();
        prop_assert!(hidden.is_empty() || among >= 3 || hidden.len() == groups.len());
        for (name, size) in &groups {
            prop_assert!(*size >= 3 || hidden.contains(name));
        }
    }
}
