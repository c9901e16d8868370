//! What the schema takes and refuses.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::{CASH_ACCOUNT, CASH_MONTH, ENTITIES, EXCHANGE_RATE, LEDGER};

fn codes(entity: &Entity, properties: &Value) -> Vec<&'static str> {
    let map = properties.as_object().unwrap();
    match row(entity, "n.md", map) {
        Ok(_) => Vec::new(),
        Err(warnings) => warnings.iter().map(|warning| warning.code).collect(),
    }
}

#[test]
fn a_note_that_cannot_be_counted_says_why() {
    for (field, value, code) in [
        ("month", json!("May"), "bad_month"),
        ("month", json!(202_605), "bad_month"),
        ("currency", json!("WON"), "bad_currency"),
        ("cash_balance", json!(1.5), "bad_amount"),
        ("cash_balance", json!("1.5"), "bad_amount"),
        ("income", json!(null), "missing_field"),
        ("income", json!(" "), "missing_field"),
        ("income", json!(-1), "bad_amount"),
        ("burn", json!("many"), "bad_amount"),
        ("closed", json!("soon"), "bad_date"),
    ] {
        let mut note = json!({
            "month": "2026-05", "currency": "KRW", "cash_balance": 100, "income": 1, "burn": 2, "closed": "2026-06-03",
        });
        assert!(codes(&CASH_MONTH, &note).is_empty());
        note[field] = value.clone();
        assert_eq!(codes(&CASH_MONTH, &note), [code], "{field}: {value}");
    }
}

#[test]
fn every_mistake_of_a_note_is_named_at_once() {
    let got = codes(
        &CASH_ACCOUNT,
        &json!({ "entity_id": "a", "currency": "won", "closed": "x" }),
    );
    assert_eq!(got, ["bad_currency", "missing_field", "bad_date"]);
}

#[test]
fn an_amount_has_the_decimals_of_its_currency() {
    for (currency, amount, good) in [
        ("USD", "1.25", true),
        ("USD", "1.250", true),
        ("USD", "1.255", false),
        ("KRW", "1.0", true),
        ("KRW", "1.1", false),
    ] {
        let note = json!({ "month": "2026-05", "currency": currency, "lines": [
            { "date": "2026-05-02", "direction": "in", "amount": amount, "category": "sales" },
        ] });
        assert_eq!(
            codes(&LEDGER, &note).is_empty(),
            good,
            "{amount} {currency}"
        );
    }
}

#[test]
fn a_wrong_line_is_named_by_its_number() {
    let note = json!({ "month": "2026-05", "currency": "KRW", "lines": [
        { "date": "2026-05-02", "direction": "in", "amount": 1, "category": "sales" },
        { "date": "2026-05-02", "direction": "up", "amount": 1, "category": "sales" },
        7,
    ] });
    let warnings = row(&LEDGER, "l.md", note.as_object().unwrap()).unwrap_err();
    assert_eq!(
        warnings[0].message,
        "`lines` line 2: `direction` must be one of: in, out"
    );
    assert_eq!(warnings[1].code, "bad_lines");
}

#[test]
fn a_rate_is_above_zero_and_within_bounds() {
    for (rate, good) in [
        ("0", false),
        ("-1", false),
        ("0.0001", true),
        ("1000000", true),
        ("1000000.1", false),
    ] {
        let note = json!({ "base": "USD", "quote": "KRW", "date": "2026-05-02", "rate": rate });
        assert_eq!(codes(&EXCHANGE_RATE, &note).is_empty(), good, "{rate}");
    }
}

#[test]
fn every_example_of_the_schema_is_counted() {
    for entity in ENTITIES {
        let text = format!("---\n{}\n---\n", entity.example);
        let parsed = loop_shared::vault::frontmatter::parse(&text);
        assert!(
            parsed.defects.is_empty(),
            "{}: {:?}",
            entity.name,
            parsed.defects
        );
        let fields = &parsed.frontmatter.fields;
        assert_eq!(fields["entity_type"], entity.name);
        row(&entity, "x.md", fields).unwrap();
    }
}

proptest! {
    #[test]
    fn no_value_ends_the_reader(text in "\\PC{0,20}", number in any::<f64>(), whole in any::<i64>()) {
        for value in [json!(text), json!(number), json!(whole), json!([text]), json!({ "a": number })] {
            for entity in ENTITIES {
                let map: Map<String, Value> = entity.fields.iter().map(|field| (field.name.to_owned(), value.clone())).collect();
                let _ = row(&entity, "x.md", &map);
            }
        }
    }
}
