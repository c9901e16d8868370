//! The question: its parameters, the same for REST, MCP and the page.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::book::Direction;
use crate::calendar::Month;
use crate::money::Currency;
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

/// The longest range, in months.
const MAX_SPAN: i32 = 60;
/// Months before and after the day's month, unless said otherwise.
const AROUND: (i32, i32) = (5, 3);

/// The parameters.
pub(crate) const PARAMS: &[Param] = &[
    Param::new(
        "as_of",
        Kind::Day,
        "The day for which to answer; later movements are not seen. Without it: today (UTC).",
        "기준일. 뒤의 거래는 보지 않는다. 없으면 오늘(UTC).",
    ),
    Param::new(
        "from",
        Kind::Month,
        "First month. Without it: five months before `as_of`.",
        "첫 달. 없으면 다섯 달 전.",
    ),
    Param::new(
        "to",
        Kind::Month,
        "Last month; months after `as_of` are a forecast. Without it: three months after.",
        "마지막 달. 기준일 뒤는 예측이다. 없으면 석 달 뒤.",
    ),
    Param::new(
        "group",
        Kind::Word {
            words: &["month", "category", "counterparty"],
            default: "category",
        },
        "What the rows are grouped by.",
        "묶는 기준.",
    ),
    Param::new(
        "currency",
        Kind::Currency,
        "Only this currency.",
        "이 통화만.",
    ),
    Param::new(
        "direction",
        Kind::Word {
            words: &["in", "out"],
            default: "",
        },
        "Only rows that go this way.",
        "이 방향만.",
    ),
    Param::new(
        "category",
        Kind::Text,
        "Only rows of this category, as written in the notes.",
        "이 분류만. 노트에 적힌 대로.",
    ),
    Param::new(
        "counterparty",
        Kind::Text,
        "Only rows with this counterparty, as written in the notes.",
        "이 상대만. 노트에 적힌 대로.",
    ),
];

/// What rows are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Group {
    /// Nothing else than the month.
    Month,
    /// The category.
    Category,
    /// The counterparty.
    Counterparty,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) as_of: NaiveDate,
    pub(crate) from: Month,
    pub(crate) to: Month,
    pub(crate) group: Group,
    pub(crate) currency: Option<Currency>,
    pub(crate) direction: Option<Direction>,
    pub(crate) category: Option<String>,
    pub(crate) counterparty: Option<String>,
}

impl Question {
    /// Reads checked values.
    ///
    /// # Errors
    /// [`Refusal`] for a range that ends before it begins, or is longer than five years.
    pub(crate) fn of(values: &Values, today: NaiveDate) -> Result<Self, Refusal> {
        let as_of = values.day("as_of").unwrap_or(today);
        let this = Month::of(as_of);
        let from = values.month("from").unwrap_or_else(|| {
            let to = values.month("to").unwrap_or(this);
            to.min(this).plus(-AROUND.0)
        });
        let to = values
            .month("to")
            .unwrap_or_else(|| from.max(this).plus(AROUND.1));
        if to < from {
            return Err(Refusal::parameter(
                "to",
                format!("lies before `from` ({from})."),
            ));
        }
        if to.since(from) >= MAX_SPAN {
            let wrong = format!(
                "is more than {MAX_SPAN} months from `from` ({from}); ask for a shorter range."
            );
            return Err(Refusal::parameter("to", wrong));
        }
        Ok(Self {
            as_of,
            from,
            to,
            group: match values.text("group") {
                Some("month") => Group::Month,
                Some("counterparty") => Group::Counterparty,
                _ => Group::Category,
            },
            currency: values.currency("currency"),
            direction: values.text("direction").and_then(Direction::parse),
            category: values.text("category").map(str::to_owned),
            counterparty: values.text("counterparty").map(str::to_owned),
        })
    }

    /// Whether a month and currency are asked for.
    pub(super) fn wants(&self, month: Month, currency: Currency) -> bool {
        (self.from..=self.to).contains(&month) && self.currency.is_none_or(|only| only == currency)
    }
}
