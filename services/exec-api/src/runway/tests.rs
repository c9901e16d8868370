//! The arithmetic against values computed by hand.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn cash(month: &str, balance: i64, income: i64, burn: i64) -> CashMonth {
    let month = Month::parse(month).unwrap();
    let closed = month.last_day().unwrap().succ_opt();
    CashMonth {
        month,
        cash_balance: Won(balance),
        income: Won(income),
        burn: Won(burn),
        closed,
        source: format!("cash/{month}.md"),
    }
}

/// The answer over notes that can all be counted.
fn answer(notes: Vec<CashMonth>, as_of: NaiveDate, months: u32) -> Runway {
    runway(notes.into_iter().map(Ok).collect(), as_of, months)
}

fn names(months: &[Month]) -> Vec<String> {
    months.iter().map(ToString::to_string).collect()
}

#[test]
fn months_left_is_cash_over_the_average_net_burn_rounded_down() {
    // net burn 190, 170, 201 (million): sum 561, average 187; 1000 * 3 / 561 = 5.347…
    let notes = vec![
        cash("2026-01", 0, 0, 999_000_000),
        cash("2026-02", 0, 100_000_000, 290_000_000),
        cash("2026-03", 0, 120_000_000, 290_000_000),
        cash("2026-04", 1_000_000_000, 110_000_000, 311_000_000),
    ];
    let got = answer(notes, day("2026-05-20"), 3);
    assert_eq!(got.months_left.as_deref(), Some("5.3"));
    assert_eq!(got.average_net_burn, Some(Won(187_000_000)));
    assert_eq!(got.cash_balance, Some(Won(1_000_000_000)));
    assert_eq!(got.cash_month.unwrap().to_string(), "2026-04");
    assert_eq!(
        got.sources,
        ["cash/2026-02.md", "cash/2026-03.md", "cash/2026-04.md"]
    );
    assert_eq!(
        (got.reason, got.missing_months.len(), got.open_months.len()),
        (None, 0, 0)
    );
}

#[test]
fn the_quotient_is_exact_at_its_edges() {
    for (balance, burns, expected) in [
        (100, vec![10], "10.0"),
        (99, vec![10], "9.9"),
        (1, vec![3], "0.3"),
        (0, vec![3], "0.0"),
        (-5, vec![3], "0.0"),
        (10, vec![1, 2], "6.6"),
        (i64::MAX, vec![1], "9223372036854775807.0"),
        (i64::MAX, vec![i64::MAX, i64::MAX], "1.0"),
    ] {
        let mut notes: Vec<_> = (1..)
            .zip(&burns)
            .map(|(month, burn)| cash(&format!("2026-{month:02}"), balance, 0, *burn))
            .collect();
        notes.reverse();
        let got = answer(
            notes,
            day("2026-12-31"),
            u32::try_from(burns.len()).unwrap(),
        );
        assert_eq!(
            got.months_left.as_deref(),
            Some(expected),
            "{balance} over {burns:?}"
        );
    }
}

#[test]
fn who_does_not_burn_has_no_end_date_and_the_answer_says_why() {
    for (income, burn, average) in [(10, 10, 0), (12, 10, -2)] {
        let got = answer(vec![cash("2026-01", 5, income, burn)], day("2026-02-10"), 1);
        assert_eq!((got.months_left, got.reason), (None, Some("not burning")));
        assert_eq!(got.average_net_burn, Some(Won(average)));
    }
    let got = answer(Vec::new(), day("2026-02-10"), 3);
    assert_eq!(
        (got.months_left, got.reason, got.cash_balance),
        (None, Some("no closed month"), None)
    );
}

#[test]
fn missing_months_are_listed_and_left_out_of_the_average() {
    let notes = vec![cash("2026-01", 0, 0, 30), cash("2026-03", 90, 0, 60)];
    let got = answer(notes, day("2026-06-29"), 3);
    assert_eq!(names(&got.missing_months), ["2026-02"]);
    assert_eq!(names(&got.open_months), ["2026-04", "2026-05"]);
    assert_eq!(
        (got.average_net_burn, got.months_left.as_deref()),
        (Some(Won(45)), Some("2.0"))
    );
    assert_eq!((got.months_asked, got.months_used.len()), (3, 2));
}

#[test]
fn a_month_counts_from_the_day_its_books_close() {
    let notes = || vec![cash("2026-01", 100, 0, 10), cash("2026-02", 80, 0, 20)];
    for (as_of, month, left) in [
        ("2026-02-28", "2026-01", "10.0"),
        ("2026-03-01", "2026-02", "4.0"),
    ] {
        let got = answer(notes(), day(as_of), 1);
        assert_eq!(got.cash_month.unwrap().to_string(), month, "{as_of}");
        assert_eq!(got.months_left.as_deref(), Some(left), "{as_of}");
    }
    assert_eq!(
        names(&answer(notes(), day("2026-02-28"), 1).open_months),
        ["2026-02"]
    );
    let mut open = cash("2026-03", 1, 0, 1);
    open.closed = None;
    assert_eq!(
        answer(vec![open], day("2027-01-01"), 1).reason,
        Some("no closed month")
    );
}

#[test]
fn contradicting_notes_are_not_used_and_named() {
    let mut twin = cash("2026-02", 1, 0, 1);
    twin.source = "copy/2026-02.md".into();
    let notes = vec![
        cash("2026-01", 100, 0, 10),
        cash("2026-02", 80, 0, 20),
        twin,
    ];
    let got = answer(notes, day("2026-03-15"), 2);
    assert_eq!(got.cash_month.unwrap().to_string(), "2026-01");
    assert_eq!(names(&got.missing_months), ["2025-12"]);
    assert_eq!(names(&got.open_months), ["2026-02"]);
    let warned: Vec<_> = got
        .warnings
        .iter()
        .map(|w| (w.code, w.source.as_str()))
        .collect();
    assert_eq!(
        warned,
        [
            ("contradiction", "cash/2026-02.md"),
            ("contradiction", "copy/2026-02.md")
        ]
    );
}

#[test]
fn averages_round_to_the_nearest_won() {
    for (sum, count, expected) in [
        (5, 2, 3),
        (4, 3, 1),
        (-5, 2, -3),
        (-4, 3, -1),
        (0, 3, 0),
        (6, 3, 2),
    ] {
        assert_eq!(rounded(sum, count), expected, "{sum}/{count}");
    }
}

#[test]
fn the_number_of_months_is_kept_within_its_bounds() {
    for (asked, used) in [(0, 1), (1, 1), (99, MAX_MONTHS)] {
        assert_eq!(
            answer(vec![cash("2026-01", 1, 0, 1)], day("2026-02-02"), asked).months_asked,
            used
        );
    }
}
