//! The question: its parameters, the same for REST, MCP and the page.

use chrono::NaiveDate;

use crate::calendar::Month;
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

/// The longest range, in months.
const MAX_SPAN: i32 = 60;

/// The parameters.
pub(crate) const PARAMS: &[Param] = &[
    Param::new(
        "as_of",
        Kind::Day,
        "The day to count on. Without it: today (UTC).",
        "세는 날. 없으면 오늘(UTC).",
    ),
    Param::new(
        "from",
        Kind::Month,
        "First month of the series, joins and leaves. Without it: five months before `to`.",
        "첫 달. 없으면 `to` 의 다섯 달 전.",
    ),
    Param::new(
        "to",
        Kind::Month,
        "Last month. Without it: that of `as_of`.",
        "마지막 달. 없으면 기준일의 달.",
    ),
    Param::new(
        "team",
        Kind::Text,
        "Only this team, as written in the notes.",
        "이 팀만. 노트에 적힌 대로.",
    ),
    Param::new(
        "role",
        Kind::Text,
        "Only this role, as written in the notes.",
        "이 역할만. 노트에 적힌 대로.",
    ),
    Param::new(
        "detail",
        Kind::Word {
            words: &["none", "salary"],
            default: "none",
        },
        "`salary` lists what each person costs; such answers are recorded as salary answers.",
        "`salary` 는 사람마다 비용을 보여 준다. 그런 응답은 따로 기록된다.",
    ),
];

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) as_of: NaiveDate,
    pub(crate) from: Month,
    pub(crate) to: Month,
    pub(crate) team: Option<String>,
    pub(crate) role: Option<String>,
    /// Whether single salaries are asked for.
    pub(crate) salaries: bool,
}

impl Question {
    /// Reads checked values.
    ///
    /// # Errors
    /// [`Refusal`] for a range that ends before it begins, after `as_of`, or is longer than five years.
    pub(crate) fn of(values: &Values, today: NaiveDate) -> Result<Self, Refusal> {
        let as_of = values.day("as_of").unwrap_or(today);
        let this = Month::of(as_of);
        let to = values.month("to").unwrap_or(this);
        let from = values.month("from").unwrap_or_else(|| to.plus(-5));
        if to > this {
            let wrong =
                format!("lies after `as_of` ({as_of}); the hiring plan tells what is to come.");
            return Err(Refusal::parameter("to", wrong));
        }
        if to < from {
            return Err(Refusal::parameter(
                "from",
                format!("lies after `to` ({to})."),
            ));
        }
        if to.since(from) >= MAX_SPAN {
            let wrong = format!("is more than {MAX_SPAN} months before `to` ({to}).");
            return Err(Refusal::parameter("from", wrong));
        }
        Ok(Self {
            as_of,
            from,
            to,
            team: values.text("team").map(str::to_owned),
            role: values.text("role").map(str::to_owned),
            salaries: values.text("detail") == Some("salary"),
        })
    }

    /// Whether a team and a role are asked for.
    pub(super) fn wants(&self, team: &str, role: &str) -> bool {
        self.team.as_deref().is_none_or(|only| only == team)
            && self.role.as_deref().is_none_or(|only| only == role)
    }
}
