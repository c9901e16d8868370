//! Flows against values computed by hand.

use loop_vault::Snapshot;
use serde_json::json;

use super::*;
use crate::params::Values;

fn book(notes: &[(&str, &str)]) -> Book {
    let texts: Vec<(String, String)> = notes
        .iter()
        .map(|(path, fields)| ((*path).to_owned(), format!("---\n{fields}\n---\n")))
        .collect();
    Book::read(&Snapshot::of_texts(
        texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    ))
}

const NOTES: [(&str, &str); 5] = [
    (
        "m1.md",
        "entity_type: CashMonth\nmonth: \"2026-01\"\ncurrency: KRW\ncash_balance: 100\nincome: 10\nburn: 30\nclosed: 2026-02-03",
    ),
    (
        "m2.md",
        "entity_type: CashMonth\nmonth: \"2026-02\"\ncurrency: KRW\ncash_balance: 94\nincome: 20\nburn: 26\nclosed: 2026-03-03",
    ),
    (
        "l2.md",
        "entity_type: Ledger\nmonth: \"2026-02\"\ncurrency: KRW\nlines:\n  - {date: 2026-02-09, direction: in, amount: 20, category: sales, counterparty: A}\n  - {date: 2026-02-09, direction: out, amount: 20, category: payroll}\n  - {date: 2026-02-19, direction: out, amount: 6, category: rent, counterparty: B}\n  - {date: 2026-02-20, direction: out, amount: 3, category: transfer}\n  - {date: 2026-02-20, direction: in, amount: 3, category: transfer}",
    ),
    (
        "l3.md",
        "entity_type: Ledger\nmonth: \"2026-03\"\ncurrency: KRW\nlines:\n  - {date: 2026-03-05, direction: in, amount: 7, category: sales, counterparty: A}\n  - {date: 2026-03-20, direction: in, amount: 9, category: sales, counterparty: A}",
    ),
    (
        "p.md",
        "entity_type: CashPlan\nmonth: \"2026-02\"\ncurrency: KRW\nlines:\n  - {direction: in, category: sales, amount: 25}\n  - {direction: out, category: rent, amount: 5}",
    ),
];

fn ask(book: &Book, arguments: &serde_json::Value) -> Cashflow {
    let values = Values::from_json(arguments.as_object().unwrap(), PARAMS).unwrap();
    cashflow(
        book,
        &Question::of(&values, "2026-03-10".parse().unwrap()).unwrap(),
    )
}

fn rows(answer: &Cashflow) -> Vec<String> {
    let row = |row: &answer::FlowRow| {
        let value = serde_json::to_value(row).unwrap();
        let text = |name: &str| value[name].as_str().unwrap_or("-").to_owned();
        [
            "month",
            "direction",
            "key",
            "basis",
            "amount",
            "plan",
            "difference",
        ]
        .map(text)
        .join(" ")
    };
    answer.rows.iter().map(row).collect()
}

#[test]
fn rows_are_actual_beside_plan_and_then_the_average() {
    let got = ask(
        &book(&NOTES),
        &json!({ "from": "2026-01", "to": "2026-04" }),
    );
    assert_eq!(
        rows(&got),
        [
            "2026-01 in (not itemised) actual 10 - -",
            "2026-01 out (not itemised) actual 30 - -",
            "2026-02 in sales actual 20 25 -5",
            "2026-02 out payroll actual 20 - -",
            "2026-02 out rent actual 6 5 1",
            "2026-03 in sales actual 7 - -",
            "2026-04 in (not itemised) average 5 - -",
            "2026-04 in sales average 10 - -",
            "2026-04 out (not itemised) average 15 - -",
            "2026-04 out payroll average 10 - -",
            "2026-04 out rent average 3 - -",
        ]
    );
    assert!(got.warnings.is_empty(), "{:?}", got.warnings);
}

#[test]
fn months_are_whole_whatever_the_filters() {
    let got = ask(
        &book(&NOTES),
        &json!({ "from": "2026-01", "to": "2026-04", "category": "rent" }),
    );
    assert_eq!(
        rows(&got),
        [
            "2026-02 out rent actual 6 5 1",
            "2026-04 out rent average 3 - -"
        ]
    );
    let months: Vec<String> = got
        .months
        .iter()
        .map(|month| {
            let value = serde_json::to_value(month).unwrap();
            ["month", "state", "income", "burn", "net", "planned_income"]
                .map(|name| value[name].as_str().unwrap_or("-").to_owned())
                .join(" ")
        })
        .collect();
    assert_eq!(
        months,
        [
            "2026-01 closed 10 30 -20 -",
            "2026-02 closed 20 26 -6 25",
            "2026-03 open 7 0 7 -",
            "2026-04 forecast 15 28 -13 -",
        ]
    );
}

#[test]
fn rows_may_be_grouped_by_counterparty_and_by_month() {
    let got = ask(
        &book(&NOTES),
        &json!({ "from": "2026-02", "to": "2026-02", "group": "counterparty" }),
    );
    assert_eq!(
        rows(&got),
        [
            "2026-02 in A actual 20 - -",
            "2026-02 out (none) actual 20 - -",
            "2026-02 out B actual 6 - -"
        ]
    );
    let got = ask(
        &book(&NOTES),
        &json!({ "from": "2026-02", "to": "2026-02", "group": "month", "direction": "out" }),
    );
    assert_eq!(rows(&got), ["2026-02 out (all) actual 26 5 21"]);
}

#[test]
fn a_plan_is_the_forecast_where_there_is_one() {
    let got = ask(
        &book(&NOTES),
        &json!({ "as_of": "2026-01-31", "from": "2026-02", "to": "2026-02" }),
    );
    assert_eq!(
        rows(&got),
        [
            "2026-02 in sales plan 25 25 -",
            "2026-02 out rent plan 5 5 -"
        ]
    );
}

#[test]
fn a_contradicted_or_unreadable_month_has_no_total() {
    let mut notes = NOTES.to_vec();
    notes[1].1 = "entity_type: CashMonth\nmonth: \"2026-02\"\ncurrency: KRW\ncash_balance: 94\nincome: 21\nburn: 26\nclosed: 2026-03-03";
    notes.push(("t.md", "entity_type: Transaction\ncurrency: KRW\ndate: 2026-03-04\ndirection: out\namount: 1.5\ncategory: x"));
    let got = ask(
        &book(&notes),
        &json!({ "from": "2026-01", "to": "2026-03" }),
    );
    let nets: Vec<_> = got
        .months
        .iter()
        .map(|month| month.net.as_deref())
        .collect();
    assert_eq!(nets, [Some("-20"), None, None]);
    let codes: Vec<_> = got.warnings.iter().map(|warning| warning.code).collect();
    assert!(
        codes.contains(&"contradiction") && codes.contains(&"bad_amount"),
        "{codes:?}"
    );
}

#[test]
fn a_range_runs_forward_and_has_an_end() {
    for (query, good) in [
        ("from=2026-03&to=2026-03", true),
        ("from=2026-03&to=2026-02", false),
        ("from=2020-01&to=2024-12", true),
        ("from=2020-01&to=2025-01", false),
        ("to=2030-01", true),
        ("from=1990-01", false),
    ] {
        let values = Values::from_query(query, PARAMS).unwrap();
        let got = Question::of(&values, "2026-03-10".parse().unwrap());
        assert_eq!(got.is_ok(), good, "{query}: {got:?}");
    }
}
