//! The question about one KPI.

use chrono::NaiveDate;
use loop_shared::models::shortened;

use super::catalogue::{self, Kpi};
use super::period::Interval;
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;

/// Most periods in one answer.
const MAX_PERIODS: i32 = 366;

/// The parameters.
pub(crate) const GET_PARAMS: &[Param] = &[
    Param::new(
        "name",
        Kind::Text,
        "The KPI's name, as `kpi_list` gives it.",
        "KPI 이름. `kpi_list` 에 있는 대로.",
    )
    .required(),
    Param::new(
        "interval",
        Kind::Word {
            words: &["day", "week", "month"],
            default: "day",
        },
        "Length of a period; weeks begin on Monday.",
        "기간의 길이. 주는 월요일에 시작한다.",
    ),
    Param::new(
        "from",
        Kind::Day,
        "A day in the first period. Without it: 14 periods in all.",
        "첫 기간의 하루. 없으면 모두 14기간.",
    ),
    Param::new(
        "to",
        Kind::Day,
        "A day in the last period. Without it: today (UTC).",
        "마지막 기간의 하루. 없으면 오늘(UTC).",
    ),
];

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) kpi: &'static Kpi,
    pub(crate) interval: Interval,
    /// First day of the first period.
    pub(crate) from: NaiveDate,
    /// First day of the last period.
    pub(crate) to: NaiveDate,
    pub(crate) today: NaiveDate,
}

impl Question {
    /// Reads checked values.
    ///
    /// # Errors
    /// [`Refusal`] for a KPI that is not there, a range that lies ahead, runs backwards or is too long.
    pub(crate) fn of(values: &Values, today: NaiveDate) -> Result<Self, Refusal> {
        let name = values.text("name").unwrap_or_default();
        let kpi = catalogue::find(name).ok_or_else(|| Refusal::NotFound {
            what: "KPI",
            asked: shortened(name),
            hint: format!(
                "There are: {}.",
                catalogue::ALL.map(|kpi| kpi.name).join(", ")
            ),
        })?;
        let interval = values
            .text("interval")
            .and_then(Interval::parse)
            .unwrap_or(Interval::Day);
        let to = interval.start(values.day("to").unwrap_or(today));
        let from = values
            .day("from")
            .map_or_else(|| interval.plus(to, -13), |day| interval.start(day));
        if to > today {
            return Err(Refusal::parameter(
                "to",
                format!("lies after today ({today})."),
            ));
        }
        if from > to {
            return Err(Refusal::parameter("from", "lies after `to`."));
        }
        if interval.count(from, to) > MAX_PERIODS {
            let wrong =
                format!("is more than {MAX_PERIODS} periods before `to`; ask for weeks or months.");
            return Err(Refusal::parameter("from", wrong));
        }
        Ok(Self {
            kpi,
            interval,
            from,
            to,
            today,
        })
    }

    /// First day of the period before, which is as long.
    pub(crate) fn before(&self) -> NaiveDate {
        self.interval
            .plus(self.from, -self.interval.count(self.from, self.to))
    }
}
