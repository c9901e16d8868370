//! The shape of the answer.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Month;
use crate::figure::Figure;
use crate::warning::Warning;

/// People and what they cost in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct People {
    /// The day for which the question was asked.
    pub(crate) as_of: NaiveDate,
    /// First month of `months`, `joins` and `leaves`.
    pub(crate) from: Month,
    /// Last month of them.
    pub(crate) to: Month,
    /// How many work here on that day.
    pub(crate) headcount: Headcount,
    /// What they cost in a month, one figure for each currency.
    pub(crate) cost: Vec<Figure>,
    /// Whether `cost` is all of it.
    pub(crate) cost_state: CostState,
    /// By team.
    pub(crate) teams: Vec<Group>,
    /// By role.
    pub(crate) roles: Vec<Group>,
    /// At the end of each month, or on `as_of` in its own.
    pub(crate) months: Vec<MonthHeadcount>,
    /// Who came.
    pub(crate) joins: Vec<Move>,
    /// Who went.
    pub(crate) leaves: Vec<Move>,
    /// Positions that are planned or open.
    pub(crate) hiring_plan: Vec<OpenPosition>,
    /// Everybody with their cost; only in an answer that asks for `detail=salary`, else `null`.
    #[serde(rename = "people")]
    pub(crate) each: Option<Vec<PersonDetail>>,
    /// What could not be counted, and why.
    pub(crate) warnings: Vec<Warning>,
    /// Every note that a figure comes from.
    pub(crate) sources: Vec<String>,
}

/// A number of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Headcount {
    /// All of them; `null` when a person's note cannot be read.
    pub(crate) total: Option<usize>,
    /// Those whose notes can be read.
    pub(crate) counted: usize,
}

/// Whether a cost is all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum CostState {
    /// It is.
    Complete,
    /// Somebody's cost is not noted, so there is none.
    Incomplete,
    /// So few people that it would tell one person's pay; ask for `detail=salary`.
    Withheld,
}

/// A team or a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// How many people.
    pub(crate) headcount: usize,
    /// What they cost in a month, one figure for each currency.
    pub(crate) cost: Vec<Figure>,
    /// Whether `cost` is all of it.
    pub(crate) cost_state: CostState,
}

/// A month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct MonthHeadcount {
    /// The month.
    pub(crate) month: Month,
    /// The day that was counted.
    pub(crate) day: NaiveDate,
    /// How many people.
    pub(crate) headcount: usize,
    /// What they cost in a month.
    pub(crate) cost: Vec<Figure>,
    /// Whether `cost` is all of it.
    pub(crate) cost_state: CostState,
}

/// Somebody came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Move {
    /// First or last day.
    pub(crate) day: NaiveDate,
    /// Who.
    pub(crate) person: String,
    /// The team.
    pub(crate) team: String,
    /// The role.
    pub(crate) role: String,
    /// The note.
    pub(crate) source: String,
}

/// A position that is planned or open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct OpenPosition {
    /// Its `entity_id`.
    pub(crate) position: String,
    /// The team.
    pub(crate) team: String,
    /// The role.
    pub(crate) role: String,
    /// First day, as planned.
    pub(crate) start: NaiveDate,
    /// `planned` or `open`.
    pub(crate) status: String,
    /// Its cost; only with `detail=salary`.
    pub(crate) monthly_cost: Option<Figure>,
    /// The note.
    pub(crate) source: String,
}

/// One person with their cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PersonDetail {
    /// The `entity_id`.
    pub(crate) person: String,
    /// The name.
    pub(crate) name: String,
    /// The team.
    pub(crate) team: String,
    /// The role.
    pub(crate) role: String,
    /// First day.
    pub(crate) joined: NaiveDate,
    /// Last day, when there is one.
    pub(crate) left: Option<NaiveDate>,
    /// What the person costs in a month; `null` when it is not noted.
    pub(crate) monthly_cost: Option<Figure>,
    /// The note.
    pub(crate) source: String,
}
