//! Notes into entries.

use super::*;
use crate::money::Currency;
use rust_decimal::Decimal;

fn book(notes: &[(&str, &str)]) -> Book {
    let texts: Vec<(String, String)> = notes
        .iter()
        .map(|(path, fields)| ((*path).to_owned(), format!("---\n{fields}\n---\n")))
        .collect();
    let texts = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    Book::read(&Snapshot::of_texts(texts))
}

fn codes(book: &Book) -> Vec<(&'static str, Vec<String>)> {
    let kinds: Vec<&Entity> = ENTITIES.iter().collect();
    let faults = book.faults(&kinds);
    faults
        .into_iter()
        .map(|fault| (fault.code, fault.sources))
        .collect()
}

const ACCOUNT: &str = "entity_type: CashAccount\nentity_id: a\ncurrency: KRW\nopened: 2026-01-01";

#[test]
fn a_note_stated_twice_is_used_not_at_all() {
    let got = book(&[("a.md", ACCOUNT), ("b.md", ACCOUNT)]);
    assert!(got.accounts.is_empty());
    assert!(got.lost(&schema::CASH_ACCOUNT));
    assert_eq!(
        codes(&got),
        [("contradiction", vec!["a.md".to_owned(), "b.md".to_owned()])]
    );
}

#[test]
fn a_broken_note_is_named_and_none_of_it_is_counted() {
    let got = book(&[
        ("a.md", &format!("{ACCOUNT}\nburn: [")),
        ("b.md", &format!("{ACCOUNT}\ncurrency: USD")),
        ("c.md", "entity_type: Task\nburn: ["),
        ("d.md", "x: ["),
    ]);
    assert!(got.accounts.is_empty());
    let sources: Vec<_> = codes(&got)
        .into_iter()
        .map(|(code, mut sources)| (code, sources.remove(0)))
        .collect();
    let expected = ["a.md", "b.md", "d.md"].map(|path| ("broken_note", path.to_owned()));
    assert_eq!(sources, expected);
    assert!(
        got.faults(&[&schema::PERSON])
            .iter()
            .all(|fault| fault.sources == ["d.md"])
    );
}

#[test]
fn a_ledgers_lines_lie_in_its_month() {
    let line = "entity_type: Ledger\nmonth: \"2026-05\"\ncurrency: KRW\nlines:\n  - {date: 2026-06-01, direction: in, amount: 5, category: sales}";
    let got = book(&[("l.md", line)]);
    assert!(got.flows.is_empty());
    assert_eq!(codes(&got)[0].0, "bad_date");
    let good = line.replace("06-01", "05-31");
    assert_eq!(book(&[("l.md", &good)]).flows.len(), 1);
}

#[test]
fn books_may_close_on_the_last_day_and_not_before() {
    let note = |closed: &str| {
        format!(
            "entity_type: CashMonth\nmonth: \"2026-05\"\ncurrency: KRW\ncash_balance: 1\nincome: 1\nburn: 1\nclosed: {closed}"
        )
    };
    assert_eq!(book(&[("m.md", &note("2026-05-31"))]).months.len(), 1);
    assert_eq!(
        codes(&book(&[("m.md", &note("2026-05-30"))]))[0].0,
        "closed_too_early"
    );
}

#[test]
fn currencies_are_converted_by_the_latest_rate_of_the_day_or_not_at_all() {
    let rate = |date: &str, base: &str, quote: &str, rate: &str| {
        format!(
            "entity_type: ExchangeRate\nbase: {base}\nquote: {quote}\ndate: {date}\nrate: \"{rate}\""
        )
    };
    let got = book(&[
        ("a.md", &rate("2026-01-31", "USD", "KRW", "1300")),
        ("b.md", &rate("2026-02-28", "USD", "KRW", "1400.5")),
        ("c.md", &rate("2026-02-28", "KRW", "USD", "0.0007")),
    ]);
    let usd = Currency::parse("USD").unwrap();
    let convert = |amount: i64, from, to, day: &str| {
        got.convert(Decimal::from(amount), from, to, day.parse().unwrap())
            .map(|converted| converted.amount.normalize().to_string())
            .map_err(|warning| warning.code)
    };
    for (amount, from, to, day, expected) in [
        (3, usd, Currency::KRW, "2026-01-30", Err("no_rate")),
        (3, usd, Currency::KRW, "2026-01-31", Ok("3900")),
        (3, usd, Currency::KRW, "2026-02-28", Ok("4202")),
        (10_000, Currency::KRW, usd, "2026-02-01", Ok("7.69")),
        (10_000, Currency::KRW, usd, "2026-03-01", Ok("7")),
        (3, Currency::KRW, Currency::KRW, "2020-01-01", Ok("3")),
        (
            3,
            Currency::parse("EUR").unwrap(),
            usd,
            "2026-03-01",
            Err("no_rate"),
        ),
    ] {
        assert_eq!(
            convert(amount, from, to, day),
            expected.map(str::to_owned),
            "{amount} {from}->{to} {day}"
        );
    }
}
