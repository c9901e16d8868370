//! The shapes of the answers.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::{Aggregate, Unit};
use super::period::Interval;

/// One KPI over time. Values are decimals as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Trend {
    /// Its name.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// What exactly is counted.
    pub(crate) definition: &'static str,
    /// What a value is.
    pub(crate) unit: Unit,
    /// The currency of money values.
    pub(crate) currency: Option<String>,
    /// Who counts it.
    pub(crate) source: &'static str,
    /// Length of a period.
    pub(crate) interval: Interval,
    /// The periods, oldest first; those without a value are left out.
    pub(crate) points: Vec<Point>,
    /// How the values of a range are put together.
    pub(crate) aggregate: Aggregate,
    /// The whole range in one value, over complete periods when there are any; `null` without a value.
    pub(crate) value: Option<String>,
    /// The range before, as long, in one value; `null` unless every period of it is there.
    pub(crate) previous: Option<String>,
    /// Change from `previous` in percent, one decimal.
    pub(crate) change_percent: Option<String>,
    /// Whether the provider could not be asked, so that these are the last good values.
    pub(crate) stale: bool,
    /// When the values were fetched (RFC 3339); `null` when they never were.
    pub(crate) fetched_at: Option<String>,
    /// How old they are.
    pub(crate) age_seconds: Option<i64>,
    /// Why the values are stale or absent.
    pub(crate) problem: Option<String>,
    /// The same in Korean.
    pub(crate) problem_ko: Option<String>,
}

/// One period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Point {
    /// Its first day.
    pub(crate) start: NaiveDate,
    /// Its value.
    pub(crate) value: String,
    /// Whether the period is over and the provider has all of it.
    pub(crate) complete: bool,
}

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Every KPI.
    pub(crate) kpis: Vec<Entry>,
}

/// One KPI of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Entry {
    /// Its name, for `kpi_get`.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// The same in Korean.
    pub(crate) title_ko: &'static str,
    /// What exactly is counted.
    pub(crate) definition: &'static str,
    /// What a value is.
    pub(crate) unit: Unit,
    /// How values of several periods are put together.
    pub(crate) aggregate: Aggregate,
    /// Who counts it.
    pub(crate) source: &'static str,
    /// For how many seconds a value is used before the provider is asked again.
    pub(crate) freshness_seconds: u32,
    /// Whether everything that it needs is configured.
    pub(crate) configured: bool,
}

/// How the providers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Health {
    /// Each of them.
    pub(crate) providers: Vec<ProviderHealth>,
}

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ProviderHealth {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it has a key.
    pub(crate) configured: bool,
    /// Whether the last request was answered; `null` before the first.
    pub(crate) reachable: Option<bool>,
    /// `closed`: asked as usual; `open`: left alone after failures; `half-open`: the next request is a trial.
    pub(crate) circuit: &'static str,
    /// How much may still be asked in the running window.
    pub(crate) budget_left: u32,
    /// How much may be asked in a window.
    pub(crate) budget: u32,
    /// When the window ends, in seconds from now.
    pub(crate) budget_resets_in_seconds: i64,
    /// The last failure; never holds a key or a URL.
    pub(crate) last_problem: Option<String>,
}
