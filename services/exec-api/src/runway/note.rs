//! What a monthly cash note says: the schema of the Exec vault's `CashMonth` entity, in one place.
//!
//! ```yaml
//! entity_type: CashMonth
//! month: "2026-05"           # YYYY-MM
//! currency: KRW              # the only one counted
//! cash_balance: 1850000000   # won in all accounts at the month's last day
//! income: 120000000          # won received in the month
//! burn: 310000000            # won paid out in the month (gross)
//! closed: 2026-06-03         # the day the books were closed; absent while open
//! ```
//!
//! In: frontmatter. Out: [`CashMonth`], or a [`Warning`] that says what to repair. Never: files, HTTP.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::month::{AmountError, Month, Won};

/// The `entity_type` of a monthly cash note.
pub const ENTITY_TYPE: &str = "CashMonth";

/// The one currency that is counted.
pub const CURRENCY: &str = "KRW";

/// One month's cash as a note states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashMonth {
    /// Which month.
    pub month: Month,
    /// Cash at the month's last day.
    pub cash_balance: Won,
    /// Received in the month.
    pub income: Won,
    /// Paid out in the month.
    pub burn: Won,
    /// The day the books were closed; `None` while the month is open.
    pub closed: Option<NaiveDate>,
    /// The note, relative to the vault.
    pub source: String,
}

/// A note that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// Stable code: `bad_month`, `bad_amount`, `bad_date`, `other_currency`, `closed_too_early`, `contradiction`.
    pub code: &'static str,
    /// The note's path in the vault.
    pub source: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Warning {
    /// A warning about one note.
    pub fn new(code: &'static str, source: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            source: source.to_owned(),
            message: message.into(),
        }
    }
}

impl CashMonth {
    /// Reads one note; `None` when it is not a cash note at all.
    ///
    /// # Errors
    /// A [`Warning`] when it is one but cannot be counted.
    pub fn read(source: &str, frontmatter: &Map<String, Value>) -> Option<Result<Self, Warning>> {
        (text(frontmatter, "entity_type") == Some(ENTITY_TYPE))
            .then(|| Self::read_cash(source, frontmatter))
    }

    fn read_cash(source: &str, frontmatter: &Map<String, Value>) -> Result<Self, Warning> {
        let month = text(frontmatter, "month")
            .and_then(Month::parse)
            .ok_or_else(|| {
                Warning::new(
                    "bad_month",
                    source,
                    "`month` must be YYYY-MM in quotes, such as \"2026-05\"",
                )
            })?;
        let currency = text(frontmatter, "currency").unwrap_or(CURRENCY);
        if currency != CURRENCY {
            let message = format!("only {CURRENCY} is counted; this note is in {currency:?}");
            return Err(Warning::new("other_currency", source, message));
        }
        let amount = |name: &str| {
            Won::read(frontmatter.get(name)).map_err(|error: AmountError| {
                Warning::new("bad_amount", source, format!("`{name}` {error}"))
            })
        };
        let cash = Self {
            month,
            cash_balance: amount("cash_balance")?,
            income: amount("income")?,
            burn: amount("burn")?,
            closed: closed(source, frontmatter)?,
            source: source.to_owned(),
        };
        if cash.closed.is_some_and(|day| Some(day) < month.last_day()) {
            let message =
                format!("`closed` lies before the end of {month}, so its figures cannot be final");
            return Err(Warning::new("closed_too_early", source, message));
        }
        Ok(cash)
    }
}

fn text<'a>(frontmatter: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    frontmatter.get(name).and_then(Value::as_str).map(str::trim)
}

fn closed(source: &str, frontmatter: &Map<String, Value>) -> Result<Option<NaiveDate>, Warning> {
    match frontmatter.get("closed") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|day| day.trim().parse().ok())
            .map(Some)
            .ok_or_else(|| {
                Warning::new(
                    "bad_date",
                    source,
                    "`closed` must be a day such as 2026-06-03",
                )
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(change: impl FnOnce(&mut Map<String, Value>)) -> Option<Result<CashMonth, Warning>> {
        let mut note = json!({
            "entity_type": "CashMonth", "month": "2026-05", "currency": "KRW",
            "cash_balance": 100, "income": 1, "burn": 2, "closed": "2026-06-03",
        });
        change(note.as_object_mut().unwrap());
        CashMonth::read("cash/2026-05.md", note.as_object().unwrap())
    }

    #[test]
    fn a_whole_note_is_read_and_other_notes_are_passed_over() {
        let cash = read(|_| ()).unwrap().unwrap();
        assert_eq!(
            (
                cash.month.to_string().as_str(),
                cash.cash_balance,
                cash.burn
            ),
            ("2026-05", Won(100), Won(2))
        );
        assert_eq!(
            read(|note| drop(note.insert("entity_type".into(), json!("Person")))),
            None
        );
        assert_eq!(read(|note| drop(note.remove("entity_type"))), None);
    }

    #[test]
    fn a_note_that_cannot_be_counted_says_why() {
        for (field, value, code) in [
            ("month", json!("May"), "bad_month"),
            ("month", json!(202_605), "bad_month"),
            ("currency", json!("USD"), "other_currency"),
            ("cash_balance", json!(1.5), "bad_amount"),
            ("income", json!(null), "bad_amount"),
            ("burn", json!("many"), "bad_amount"),
            ("closed", json!("soon"), "bad_date"),
            ("closed", json!("2026-05-30"), "closed_too_early"),
        ] {
            let got = read(|note| drop(note.insert(field.into(), value.clone()))).unwrap();
            assert_eq!(
                got.map_err(|warning| warning.code),
                Err(code),
                "{field}: {value}"
            );
        }
    }

    #[test]
    fn books_may_close_on_the_last_day_and_stay_open() {
        let last = read(|note| drop(note.insert("closed".into(), json!("2026-05-31"))))
            .unwrap()
            .unwrap();
        assert_eq!(last.closed.unwrap().to_string(), "2026-05-31");
        let open = read(|note| drop(note.remove("closed"))).unwrap().unwrap();
        assert_eq!(open.closed, None);
    }
}
