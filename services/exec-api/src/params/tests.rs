//! What a question may say.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::runway::PARAMS;

fn query(raw: &str) -> Result<Values, Refusal> {
    Values::from_query(raw, PARAMS)
}

#[test]
fn what_cannot_be_used_is_refused_with_what_to_write() {
    for (raw, expected) in [
        (
            "month=3",
            "There is no parameter \"month\" here. Known: as_of, currency, months,",
        ),
        (
            "months=0",
            "The parameter `months` must be a whole number from 1 to 24.",
        ),
        (
            "months=25",
            "The parameter `months` must be a whole number from 1 to 24.",
        ),
        (
            "months=%2B3",
            "The parameter `months` must be a whole number from 1 to 24.",
        ),
        (
            "as_of=2026-02-30",
            "The parameter `as_of` must be a day such as 2026-06-30.",
        ),
        (
            "as_of=2026-6-3",
            "The parameter `as_of` must be a day such as 2026-06-30.",
        ),
        (
            "months=3&months=4",
            "The parameter `months` was sent twice; send it once.",
        ),
        (
            "currency=won",
            "The parameter `currency` must be a currency code such as KRW or USD.",
        ),
        (
            "hiring=all",
            "The parameter `hiring` must be one of: none, plan.",
        ),
        (
            "revenue_change=-100.1",
            "The parameter `revenue_change` must be a decimal such as 12.5, from -100 to 1000",
        ),
        (
            "revenue_change=1e2",
            "The parameter `revenue_change` must be a decimal",
        ),
    ] {
        let got = query(raw).unwrap_err().to_string();
        assert!(got.starts_with(expected), "{raw}: {got}");
    }
}

#[test]
fn query_and_arguments_ask_the_same() {
    let arguments = json!({
        "as_of": "2026-06-30", "months": 6, "hires": "3", "revenue_change": -20, "hiring": null,
    });
    let asked = query("as_of=2026-06-30&months=6&hires=3&revenue_change=-20&hiring=").unwrap();
    assert_eq!(
        Values::from_json(arguments.as_object().unwrap(), PARAMS),
        Ok(asked)
    );
    for wrong in [
        json!({ "months": 1.5 }),
        json!({ "months": true }),
        json!({ "as_of": ["2026-06-30"] }),
    ] {
        assert!(
            Values::from_json(wrong.as_object().unwrap(), PARAMS).is_err(),
            "{wrong}"
        );
    }
}

proptest! {
    #[test]
    fn no_query_ends_the_reader(raw in "\\PC{0,80}") {
        let _ = query(&raw);
    }
}
