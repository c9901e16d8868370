//! The runway question as REST and MCP ask it: two optional parameters, the notes of a snapshot.
//!
//! In: names and values as text, today's date, a snapshot. Out: [`Runway`]. Never: the system clock, HTTP.

use chrono::NaiveDate;
use loop_vault::Snapshot;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::refusal::Refusal;
use crate::runway::note::CashMonth;
use crate::runway::{DEFAULT_MONTHS, MAX_MONTHS, Runway, runway};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    as_of: NaiveDate,
    months: u32,
}

impl Question {
    /// Reads a query string; what it does not say is today and three months.
    ///
    /// # Errors
    /// [`Refusal`] for unknown, repeated and unusable parameters.
    pub(crate) fn from_query(raw: &str, today: NaiveDate) -> Result<Self, Refusal> {
        let mut arguments = Map::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            if arguments
                .insert(name.to_string(), Value::String(value.into_owned()))
                .is_some()
            {
                let name = if name == "months" { "months" } else { "as_of" };
                return Err(Refusal::BadParameter(
                    name,
                    "was sent twice; send it once.".to_owned(),
                ));
            }
        }
        Self::from_json(&arguments, today)
    }

    /// Reads a tool's arguments; `null` counts as not sent.
    ///
    /// # Errors
    /// [`Refusal`] for unknown and unusable arguments.
    pub(crate) fn from_json(
        arguments: &Map<String, Value>,
        today: NaiveDate,
    ) -> Result<Self, Refusal> {
        let mut question = Self {
            as_of: today,
            months: DEFAULT_MONTHS,
        };
        for (name, value) in arguments {
            match name.as_str() {
                "as_of" | "months" if value.is_null() => (),
                "as_of" => question.as_of = day(value)?,
                "months" => question.months = months(value)?,
                other => return Err(Refusal::UnknownParameter(other.chars().take(80).collect())),
            }
        }
        Ok(question)
    }

    /// Answers from a snapshot.
    pub(crate) fn answer(self, snapshot: &Snapshot) -> Runway {
        let notes = snapshot.notes().iter();
        let read =
            notes.filter_map(|note| CashMonth::read(note.path.as_str(), &note.frontmatter.fields));
        runway(read.collect(), self.as_of, self.months)
    }
}

fn day(value: &Value) -> Result<NaiveDate, Refusal> {
    let text = value
        .as_str()
        .map(str::trim)
        .filter(|text| text.len() == 10);
    let wrong = || Refusal::BadParameter("as_of", "must be a day such as 2026-06-30.".to_owned());
    text.and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

fn months(value: &Value) -> Result<u32, Refusal> {
    let number = match value {
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let wrong = || {
        Refusal::BadParameter(
            "months",
            format!("must be a whole number from 1 to {MAX_MONTHS}."),
        )
    };
    number
        .filter(|number| (1..=MAX_MONTHS).contains(number))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();

    #[test]
    fn a_question_without_parameters_is_about_today_and_three_months() {
        assert_eq!(
            Question::from_query("", TODAY),
            Ok(Question {
                as_of: TODAY,
                months: 3
            })
        );
        let arguments = json!({ "as_of": null, "months": null });
        assert_eq!(
            Question::from_json(arguments.as_object().unwrap(), TODAY),
            Question::from_query("", TODAY)
        );
    }

    #[test]
    fn query_and_arguments_ask_the_same() {
        let arguments = json!({ "as_of": "2026-06-30", "months": 6 });
        let asked = Question::from_query("as_of=2026-06-30&months=6", TODAY).unwrap();
        assert_eq!(
            Question::from_json(arguments.as_object().unwrap(), TODAY),
            Ok(asked)
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_what_to_write() {
        for (raw, expected) in [
            (
                "month=3",
                "There is no parameter \"month\" here. Known: as_of, months.",
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
                "months=",
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
                "as_of=%2B99999-01-01",
                "The parameter `as_of` must be a day such as 2026-06-30.",
            ),
            (
                "months=3&months=4",
                "The parameter `months` was sent twice; send it once.",
            ),
        ] {
            let got = Question::from_query(raw, TODAY).unwrap_err().to_string();
            assert_eq!(got, expected, "{raw}");
        }
    }
}
