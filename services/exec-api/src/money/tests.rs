//! Amounts, read and written.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

#[test]
fn the_bounds_are_what_they_say() {
    assert_eq!(LARGEST, dec("1000000000000000"));
    assert_eq!(LARGEST_RATE, dec("1000000"));
    assert_eq!(Currency::KRW.code(), "KRW");
}

#[test]
fn amounts_are_exact_or_refused() {
    use AmountError::{Float, Missing, NotAnAmount, TooLarge};
    for (value, expected) in [
        (json!(1_250_000_000), Ok("1250000000")),
        (json!(-5), Ok("-5")),
        (json!("1,250,000,000"), Ok("1250000000")),
        (json!("1_000.50"), Ok("1000.50")),
        (json!(" 7 "), Ok("7")),
        (json!("1000000000000000"), Ok("1000000000000000")),
        (json!("1000000000000000.01"), Err(TooLarge)),
        (json!(u64::MAX), Err(TooLarge)),
        (json!(0.5), Err(Float)),
        (json!(1e9), Err(Float)),
        (json!("12억"), Err(NotAnAmount)),
        (json!("1e9"), Err(NotAnAmount)),
        (json!("1,,000"), Err(NotAnAmount)),
        (json!(",1"), Err(NotAnAmount)),
        (json!("1."), Err(NotAnAmount)),
        (json!(".5"), Err(NotAnAmount)),
        (json!("1.2.3"), Err(NotAnAmount)),
        (json!("--1"), Err(NotAnAmount)),
        (json!("- 1"), Err(NotAnAmount)),
        (json!(""), Err(NotAnAmount)),
        (json!([1]), Err(NotAnAmount)),
        (json!(true), Err(NotAnAmount)),
        (json!(null), Err(Missing)),
    ] {
        assert_eq!(amount(Some(&value)), expected.map(dec), "{value}");
    }
    assert_eq!(amount(None), Err(Missing));
}

#[test]
fn averages_round_halves_away_from_zero_to_the_smallest_unit() {
    let usd = Currency::parse("USD").unwrap();
    for (text, currency, expected) in [
        ("0.5", Currency::KRW, "1"),
        ("-0.5", Currency::KRW, "-1"),
        ("0.4999", Currency::KRW, "0"),
        ("-0.4", Currency::KRW, "0"),
        ("1.005", usd, "1.01"),
        ("1", usd, "1.00"),
        ("-2.675", usd, "-2.68"),
    ] {
        assert_eq!(written(dec(text), currency), expected, "{text} {currency}");
    }
}

#[test]
fn a_currency_is_known_by_its_exact_code() {
    for (code, known) in [("KRW", true), ("krw", false), ("XXX", false), ("", false)] {
        assert_eq!(Currency::parse(code).is_some(), known, "{code}");
    }
    for code in Currency::codes() {
        assert_eq!(Currency::parse(code).unwrap().to_string(), code);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_exactly(units in -100_000_000_000_000_000_i64..100_000_000_000_000_000) {
        let usd = Currency::parse("USD").unwrap();
        let exact = Decimal::new(units, 2);
        let text = written(exact, usd);
        prop_assert_eq!(amount(Some(&json!(text))), Ok(exact));
    }

    #[test]
    fn grouping_changes_nothing(whole in 0_u64..1_000_000_000_000_000) {
        let plain = whole.to_string();
        let mut grouped = String::new();
        for (at, digit) in plain.chars().enumerate() {
            if at > 0 && (plain.len() - at) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        prop_assert_eq!(decimal(&grouped), decimal(&plain));
    }

    #[test]
    fn no_text_ends_the_reader(text in "\\PC{0,40}") {
        let _ = decimal(&text);
    }

    #[test]
    fn sums_do_not_depend_on_their_order(mut units in proptest::collection::vec(-1_000_000_000_000_000_i64..1_000_000_000_000_000, 0..50)) {
        let sum = |units: &[i64]| units.iter().map(|units| Decimal::new(*units, 2)).sum::<Decimal>();
        let first = sum(&units);
        units.reverse();
        prop_assert_eq!(first, sum(&units));
        let whole: i128 = units.iter().map(|units| i128::from(*units)).sum();
        prop_assert_eq!(first, Decimal::from_i128_with_scale(whole, 2));
    }
}
