//! The KPIs: name, definition, unit, source, freshness.

use schemars::JsonSchema;
use serde::Serialize;

/// One KPI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kpi {
    /// Its name in routes and tools.
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
    /// Where it comes from.
    pub(crate) source: Source,
    /// For how many seconds a value is used before the provider is asked again.
    pub(crate) freshness_seconds: u32,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Unit {
    /// A number of people or things.
    Count,
    /// Money in the provider's reporting currency.
    Money,
    /// A share, 0 to 100.
    Percent,
}

/// How values of several periods are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Aggregate {
    /// Added: what happened in each.
    Sum,
    /// Averaged: people counted once in each.
    Mean,
    /// The latest: a state.
    Last,
}

/// Where a KPI comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Amplitude, `GET /api/2/users`, with this `m`.
    Users(&'static str),
    /// Amplitude, `GET /api/2/events/segmentation` of the configured event, with this `m`.
    KeyEvent(&'static str),
    /// Amplitude, `GET /api/2/retention`: those who come back this many days after their first.
    Retention(usize),
    /// Amplitude, `GET /api/2/funnels` over the configured events.
    Funnel,
    /// `RevenueCat`, `GET /v2/projects/{id}/charts/{this}`.
    Chart(&'static str),
    /// `RevenueCat`, `GET /v2/projects/{id}/metrics/overview`, the metric with this `id`: today's value alone; its history is ours.
    Overview(&'static str),
}

impl Source {
    /// Who is asked.
    pub(crate) const fn provider(self) -> &'static str {
        match self {
            Self::Users(_) | Self::KeyEvent(_) | Self::Retention(_) | Self::Funnel => "amplitude",
            Self::Chart(_) | Self::Overview(_) => "revenuecat",
        }
    }
}

/// An hour.
const HOUR: u32 = 3_600;

/// Every KPI.
pub(crate) const ALL: [Kpi; 12] = [
    Kpi {
        name: "active_users",
        title: "Active users",
        title_ko: "활성 사용자",
        definition: "People with at least one active event in the period, each counted once (Amplitude).",
        unit: Unit::Count,
        aggregate: Aggregate::Mean,
        source: Source::Users("active"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "new_users",
        title: "New users",
        title_ko: "새 사용자",
        definition: "People whose first event lies in the period (Amplitude).",
        unit: Unit::Count,
        aggregate: Aggregate::Sum,
        source: Source::Users("new"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "key_event_users",
        title: "Users of the key event",
        title_ko: "핵심 이벤트 사용자",
        definition: "People who did the configured key event in the period, each counted once (Amplitude).",
        unit: Unit::Count,
        aggregate: Aggregate::Mean,
        source: Source::KeyEvent("uniques"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "key_event_total",
        title: "Key events",
        title_ko: "핵심 이벤트 수",
        definition: "How often the configured key event was done in the period (Amplitude).",
        unit: Unit::Count,
        aggregate: Aggregate::Sum,
        source: Source::KeyEvent("totals"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "retention_day7",
        title: "Day 7 retention",
        title_ko: "7일 유지율",
        definition: "Of the new users of a day, the share active seven days later (Amplitude).",
        unit: Unit::Percent,
        aggregate: Aggregate::Mean,
        source: Source::Retention(7),
        freshness_seconds: 6 * HOUR,
    },
    Kpi {
        name: "funnel_conversion",
        title: "Funnel conversion",
        title_ko: "퍼널 전환율",
        definition: "Of those who did the funnel's first event, the share that did its last (Amplitude).",
        unit: Unit::Percent,
        aggregate: Aggregate::Mean,
        source: Source::Funnel,
        freshness_seconds: 6 * HOUR,
    },
    Kpi {
        name: "mrr",
        title: "Monthly recurring revenue",
        title_ko: "월 반복 매출",
        definition: "Active paid subscriptions at the end of the period, normalized to a month (RevenueCat).",
        unit: Unit::Money,
        aggregate: Aggregate::Last,
        source: Source::Chart("mrr"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "revenue",
        title: "Revenue",
        title_ko: "매출",
        definition: "Revenue of the period less refunds (RevenueCat).",
        unit: Unit::Money,
        aggregate: Aggregate::Sum,
        source: Source::Chart("revenue"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "active_subscriptions",
        title: "Active subscriptions",
        title_ko: "활성 구독",
        definition: "Paid subscriptions that have not expired at the end of the period (RevenueCat).",
        unit: Unit::Count,
        aggregate: Aggregate::Last,
        source: Source::Chart("actives"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "active_trials",
        title: "Active trials",
        title_ko: "체험 중",
        definition: "Trials that have not expired at the end of the period (RevenueCat).",
        unit: Unit::Count,
        aggregate: Aggregate::Last,
        source: Source::Chart("trials"),
        freshness_seconds: HOUR,
    },
    Kpi {
        name: "churn",
        title: "Churn",
        title_ko: "이탈률",
        definition: "Share of the subscriptions active at the period's beginning that were lost in it (RevenueCat).",
        unit: Unit::Percent,
        aggregate: Aggregate::Mean,
        source: Source::Chart("churn"),
        freshness_seconds: 6 * HOUR,
    },
    Kpi {
        name: "revenue_28d",
        title: "Revenue of 28 days",
        title_ko: "28일 매출",
        definition: "Revenue of the last 28 days, as it stood on each day that it was asked for (RevenueCat).",
        unit: Unit::Money,
        aggregate: Aggregate::Last,
        source: Source::Overview("revenue"),
        freshness_seconds: HOUR,
    },
];

/// The KPI with a name.
pub(crate) fn find(name: &str) -> Option<&'static Kpi> {
    ALL.iter().find(|kpi| kpi.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_said_once_and_is_a_plain_word() {
        for kpi in ALL {
            assert_eq!(ALL.iter().filter(|other| other.name == kpi.name).count(), 1);
            assert!(
                kpi.name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(!kpi.definition.is_empty() && kpi.freshness_seconds >= 60);
            assert_eq!(find(kpi.name).map(|found| found.title), Some(kpi.title));
        }
        assert!(find("health").is_none(), "it is a route");
    }
}
