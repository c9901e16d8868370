//! Cash, burn and outlook against values computed by hand.

use chrono::NaiveDate;
use loop_vault::Snapshot;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::burn::Average;
use super::outlook::Outlook;
use super::plan::Plan;
use super::*;
use crate::money::{Currency, decimal};
use crate::params::Values;

fn book(notes: &[(&str, String)]) -> Book {
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

fn month(
    month: &str,
    currency: &str,
    balance: i64,
    income: i64,
    burn: i64,
    closed: &str,
) -> String {
    format!(
        "entity_type: CashMonth\nmonth: \"{month}\"\ncurrency: {currency}\ncash_balance: {balance}\nincome: {income}\nburn: {burn}\nclosed: {closed}"
    )
}

fn account(id: &str, currency: &str) -> String {
    format!("entity_type: CashAccount\nentity_id: {id}\ncurrency: {currency}\nopened: 2025-01-01")
}

fn balance(account: &str, currency: &str, date: &str, amount: i64) -> String {
    format!(
        "entity_type: CashBalance\naccount: {account}\ncurrency: {currency}\ndate: {date}\nbalance: {amount}"
    )
}

fn ask(book: &Book, arguments: &serde_json::Value) -> Runway {
    let values = Values::from_json(arguments.as_object().unwrap(), PARAMS).unwrap();
    runway(
        book,
        &Question::of(&values, "2026-03-10".parse().unwrap()).unwrap(),
    )
    .unwrap()
}

fn codes(answer: &Runway) -> Vec<&str> {
    answer.warnings.iter().map(|warning| warning.code).collect()
}

fn three_months() -> Vec<(&'static str, String)> {
    vec![
        ("m1.md", month("2025-12", "KRW", 120, 5, 25, "2026-01-04")),
        ("m2.md", month("2026-01", "KRW", 100, 10, 30, "2026-02-03")),
        ("m3.md", month("2026-02", "KRW", 90, 10, 20, "2026-03-02")),
    ]
}

#[test]
fn months_without_accounts_are_their_own_cash() {
    let got = ask(&book(&three_months()), &json!({}));
    let total = got.cash.total.clone().unwrap();
    assert_eq!(
        (total.amount.as_str(), total.as_of.to_string().as_str()),
        ("90", "2026-02-28")
    );
    assert_eq!(total.sources, ["m3.md"]);
    // (25 + 30 + 20) / 3 = 25; (5 + 10 + 10) / 3 = 8.33, of which a month has 8 whole won: 90 / 17 = 5.29
    let burn = got.burn.iter().find(|burn| burn.months == 3).unwrap();
    assert_eq!(burn.net.as_ref().unwrap().amount, "17");
    assert_eq!(burn.gross.as_ref().unwrap().amount, "25");
    assert_eq!(got.base.months_left.as_deref(), Some("5.2"));
    assert_eq!(got.base, got.scenario);
    assert_eq!(codes(&got), Vec::<&str>::new());
    let one = ask(&book(&three_months()), &json!({ "months": 1 }));
    assert_eq!(one.base.months_left.as_deref(), Some("9.0"));
    // 10 a month: March to November are paid in full, the first day of December is not.
    assert_eq!(one.base.cash_ends_on.unwrap().to_string(), "2026-12-01");
}

#[test]
fn a_month_counts_from_the_day_its_books_close() {
    for (as_of, total, open) in [
        ("2026-03-01", "100", 1),
        ("2026-03-02", "90", 0),
        ("2026-04-30", "90", 2),
    ] {
        let got = ask(&book(&three_months()), &json!({ "as_of": as_of }));
        assert_eq!(got.cash.total.unwrap().amount, total, "{as_of}");
        assert_eq!(got.open_months.len(), open, "{as_of}");
    }
    let nothing = ask(&book(&three_months()), &json!({ "as_of": "2026-01-03" }));
    assert_eq!(
        (nothing.base.months_left, nothing.base.reason),
        (None, Some("no cash total"))
    );
}

#[test]
fn two_closed_notes_for_a_month_contradict_each_other() {
    let mut notes = three_months();
    notes.push(("copy.md", month("2026-02", "KRW", 91, 10, 20, "2026-03-02")));
    let got = ask(&book(&notes), &json!({}));
    assert!(codes(&got).contains(&"contradiction"));
    assert_eq!(got.cash.total, None, "nobody knows which of them is right");
    assert_eq!(got.base.reason, Some("no cash total"));
}

#[test]
fn accounts_are_added_within_a_currency_and_need_a_balance_each() {
    let mut notes = vec![
        ("a.md", account("a", "KRW")),
        ("b.md", account("b", "KRW")),
        ("ba.md", balance("a", "KRW", "2026-02-28", 50)),
        ("bb.md", balance("b", "KRW", "2026-02-27", 40)),
    ];
    let got = ask(&book(&notes), &json!({}));
    let total = got.cash.total.unwrap();
    assert_eq!(
        (total.amount.as_str(), total.as_of.to_string().as_str()),
        ("90", "2026-02-27")
    );
    notes.pop();
    let partial = ask(&book(&notes), &json!({}));
    assert_eq!(partial.cash.total, None);
    assert_eq!(
        partial.cash.accounts[0].balance.as_ref().unwrap().amount,
        "50"
    );
    assert!(codes(&partial).contains(&"no_balance"));
    notes.push(("bx.md", balance("nobody", "KRW", "2026-02-27", 40)));
    assert!(codes(&ask(&book(&notes), &json!({}))).contains(&"unknown_account"));
}

#[test]
fn accounts_and_the_closed_month_must_agree() {
    let mut notes = three_months();
    notes.push(("a.md", account("a", "KRW")));
    notes.push(("ba.md", balance("a", "KRW", "2026-02-28", 90)));
    assert_eq!(
        ask(&book(&notes), &json!({})).cash.total.unwrap().amount,
        "90"
    );
    notes.pop();
    notes.push(("ba.md", balance("a", "KRW", "2026-02-28", 89)));
    let got = ask(&book(&notes), &json!({}));
    assert_eq!(got.cash.total, None);
    assert!(codes(&got).contains(&"contradiction"));
}

#[test]
fn currencies_are_added_only_by_a_rate_that_a_note_states() {
    let mut notes = three_months();
    notes.push(("usd.md", month("2026-02", "USD", 10, 1, 2, "2026-03-02")));
    let without = ask(&book(&notes), &json!({ "months": 1 }));
    assert_eq!(without.cash.total, None);
    assert_eq!(
        without.cash.currencies.len(),
        2,
        "each by itself is still told"
    );
    assert!(codes(&without).contains(&"no_rate"));
    notes.push((
        "fx.md",
        "entity_type: ExchangeRate\nbase: USD\nquote: KRW\ndate: 2026-02-28\nrate: \"2.5\"".into(),
    ));
    let with = ask(&book(&notes), &json!({ "months": 1 }));
    // 90 + 10 * 2.5 = 115; burn 20 + 5, income 10 + 3 (2.5 rounds up): 115 / 12 = 9.58
    assert_eq!(with.cash.total.unwrap().amount, "115");
    assert_eq!(with.base.months_left.as_deref(), Some("9.5"));
    assert_eq!(with.cash.rates[0].source, "fx.md");
    // January has won alone: dollars were not in use before February.
    let burn = with.burn.iter().find(|burn| burn.months == 3).unwrap();
    assert_eq!(burn.months_used.len(), 3);
}

#[test]
fn a_month_that_its_transactions_contradict_is_not_counted() {
    let mut notes = three_months();
    let ledger = |amount: i64| {
        format!(
            "entity_type: Ledger\nmonth: \"2026-01\"\ncurrency: KRW\nlines:\n  - {{date: 2026-01-09, direction: in, amount: 10, category: sales}}\n  - {{date: 2026-01-09, direction: out, amount: {amount}, category: rent}}\n  - {{date: 2026-01-09, direction: out, amount: 7, category: transfer}}"
        )
    };
    notes.push(("l.md", ledger(30)));
    let got = ask(&book(&notes), &json!({}));
    assert_eq!(
        codes(&got),
        ["unexplained_change"],
        "the transfer explains nothing here"
    );
    notes.pop();
    notes.push(("l.md", ledger(31)));
    let got = ask(&book(&notes), &json!({}));
    let burn = got.burn.iter().find(|burn| burn.months == 3).unwrap();
    assert_eq!(burn.months_used.len(), 2);
    assert_eq!(burn.missing_months[0].to_string(), "2026-01");
    let warning = got
        .warnings
        .iter()
        .find(|warning| warning.code == "contradiction")
        .unwrap();
    assert_eq!(warning.sources, ["m2.md", "l.md"]);
}

#[test]
fn a_scenario_changes_income_and_adds_people() {
    let mut notes = three_months();
    let position = |id: &str, start: &str, cost: i64, status: &str| {
        format!(
            "entity_type: Position\nentity_id: {id}\nteam: t\nrole: r\ncurrency: KRW\nstart: {start}\nmonthly_cost: {cost}\nstatus: {status}"
        )
    };
    notes.push(("p1.md", position("p1", "2026-04-16", 10, "open")));
    notes.push(("p2.md", position("p2", "2026-04-01", 99, "cancelled")));
    let book = book(&notes);
    for (arguments, left, march, april) in [
        (json!({ "months": 1 }), "9.0", "20", "20"),
        // Half of April and then all: 20, 25, 30, 30: 90 - 10 - 15 - 20 - 20 - 20 = 5; 5 / 20
        (json!({ "months": 1, "hiring": "plan" }), "5.2", "20", "25"),
        // 3 of 5 from May: 20, 20, 35, …: 90 - 10 - 10 - 25 - 25 = 20; 20 / 25
        (
            json!({ "months": 1, "hires": 3, "hire_cost": "5", "hire_from": "2026-05" }),
            "4.8",
            "20",
            "20",
        ),
        // The plan's average is 10.
        (json!({ "months": 1, "hires": 1 }), "4.5", "30", "30"),
        // 10 less income: 90 / 20
        (
            json!({ "months": 1, "revenue_change": "-100" }),
            "4.5",
            "20",
            "20",
        ),
        (
            json!({ "months": 1, "revenue_change": "-100", "revenue_from": "2026-04" }),
            "5.0",
            "20",
            "20",
        ),
    ] {
        let got = ask(&book, &arguments);
        assert_eq!(got.base.months_left.as_deref(), Some("9.0"), "{arguments}");
        assert_eq!(
            got.scenario.months_left.as_deref(),
            Some(left),
            "{arguments}"
        );
        let burns: Vec<_> = got
            .scenario
            .months
            .iter()
            .map(|month| month.burn.as_str())
            .collect();
        assert_eq!(burns[..2], [march, april], "{arguments}");
    }
    let earning = ask(&book, &json!({ "months": 1, "revenue_change": "100" }));
    assert_eq!(
        (earning.scenario.months_left, earning.scenario.reason),
        (None, Some("not burning"))
    );
    assert_eq!(
        ask(&book, &json!({ "hiring": "plan" })).hiring_plan.len(),
        1
    );
}

#[test]
fn more_people_need_a_cost_that_somebody_states() {
    let values = Values::from_query("hires=2", PARAMS).unwrap();
    let question = Question::of(&values, "2026-03-10".parse().unwrap()).unwrap();
    let refused = runway(&book(&three_months()), &question).unwrap_err();
    assert!(refused.to_string().contains("hire_cost"), "{refused}");
    let values = Values::from_query("hires=2&hire_cost=0.5", PARAMS).unwrap();
    assert!(
        Question::of(&values, "2026-03-10".parse().unwrap()).is_err(),
        "a won has no fraction"
    );
}

fn follow(total: i64, income: i64, burn: i64, day: NaiveDate) -> Outlook {
    let average = Average {
        income: Decimal::from(income),
        burn: Decimal::from(burn),
    };
    Outlook::follow(
        Decimal::from(total),
        day,
        average,
        &Plan::default(),
        Currency::KRW,
    )
}

proptest! {
    #[test]
    fn the_months_of_an_outlook_add_up(total in 0_i64..10_000_000_000, income in 0_i64..400_000_000, burn in 0_i64..400_000_000, day in 0_u64..2_000) {
        let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(day);
        let got = follow(total, income, burn, day);
        let mut opening = Decimal::from(total);
        for month in &got.months {
            prop_assert_eq!(decimal(&month.opening), Some(opening));
            opening += decimal(&month.income).unwrap() - decimal(&month.burn).unwrap();
            prop_assert_eq!(decimal(&month.closing), Some(opening));
        }
        prop_assert_eq!(got.months_left.is_some(), got.reason.is_none());
        prop_assert_eq!(got.cash_ends_on.is_some(), got.months_left.is_some());
    }

    #[test]
    fn more_cash_never_ends_earlier(total in 1_i64..10_000_000_000, more in 0_i64..1_000_000_000, net in 1_i64..400_000_000, day in 0_u64..2_000) {
        let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(day);
        let (less, rich) = (follow(total, 0, net, day), follow(total + more, 0, net, day));
        if let (Some(less), Some(rich)) = (less.cash_ends_on, rich.cash_ends_on) {
            prop_assert!(less <= rich);
            prop_assert!(less > day);
        } else {
            prop_assert!(rich.cash_ends_on.is_none());
        }
    }

    #[test]
    fn from_a_months_end_the_months_are_cash_over_burn(total in 0_i64..5_000_000_000, net in 50_000_000_i64..400_000_000) {
        let got = follow(total, 0, net, NaiveDate::from_ymd_opt(2026, 2, 28).unwrap());
        let tenths = total * 10 / net;
        let expected = format!("{}.{}", tenths / 10, tenths % 10);
        prop_assert_eq!(got.months_left, Some(expected));
    }
}
