//! Asks, keeps, compares: the KPI service on top of the providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use loop_shared::service::Clock;
use moka::sync::Cache;
use rust_decimal::Decimal;
use tokio::sync::Mutex;

use super::answer::{Entry, Health, Listed, Point, ProviderHealth, Trend};
use super::catalogue::{self, Kpi, Source, Unit};
use super::compare::compared;
use super::period::Interval;
use super::provider::amplitude::Amplitude;
use super::provider::revenuecat::RevenueCat;
use super::provider::{Measured, ProviderError, Range};
use super::question::Question;
use super::store::{History, Store};

/// Most questions whose answers are kept in memory.
const SLOTS: u64 = 500;
/// For how long a failure is not tried again, in seconds.
const FAILURE_SECONDS: i64 = 20;

/// What the service is made of.
pub(crate) struct Settings {
    pub(crate) amplitude: Option<Amplitude>,
    pub(crate) revenuecat: Option<RevenueCat>,
    /// Where the history is kept.
    pub(crate) history: History,
    pub(crate) clock: Arc<dyn Clock>,
}

type Key = (&'static str, Interval, NaiveDate, NaiveDate);

/// What one question was answered with; held while it is asked, so that others wait for the same answer.
#[derive(Debug, Default)]
struct Slot {
    good: Option<(DateTime<Utc>, Vec<Measured>)>,
    failed: Option<(DateTime<Utc>, ProviderError)>,
}

/// The service.
pub(crate) struct Kpis {
    settings: Settings,
    store: Store,
    slots: Cache<Key, Arc<Mutex<Slot>>>,
}

/// Values for an answer.
struct Found {
    values: BTreeMap<NaiveDate, Measured>,
    fetched_at: Option<DateTime<Utc>>,
    problem: Option<ProviderError>,
}

impl Kpis {
    /// A service.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            store: Store::new(settings.history.clone()),
            settings,
            slots: Cache::new(SLOTS),
        }
    }

    /// The catalogue.
    pub(crate) fn list(&self) -> Listed {
        let entry = |kpi: &Kpi| Entry {
            name: kpi.name,
            title: kpi.title,
            title_ko: kpi.title_ko,
            definition: kpi.definition,
            unit: kpi.unit,
            aggregate: kpi.aggregate,
            source: kpi.source.provider(),
            freshness_seconds: kpi.freshness_seconds,
            configured: self.is_configured(kpi.source),
        };
        Listed {
            kpis: catalogue::ALL.iter().map(entry).collect(),
        }
    }

    fn is_configured(&self, source: Source) -> bool {
        let amplitude = self.settings.amplitude.as_ref();
        match source {
            Source::Users(_) | Source::Retention(_) => amplitude.is_some(),
            Source::KeyEvent(_) => amplitude.is_some_and(|client| client.key_event.is_some()),
            Source::Funnel => amplitude.is_some_and(|client| client.funnel.len() > 1),
            Source::Chart(_) | Source::Overview(_) => self.settings.revenuecat.is_some(),
        }
    }

    /// How the providers are. Asks nobody.
    pub(crate) fn health(&self) -> Health {
        let none = |name| ProviderHealth {
            name,
            configured: false,
            reachable: None,
            circuit: "closed",
            budget_left: 0,
            budget: 0,
            budget_resets_in_seconds: 0,
            last_problem: None,
        };
        let amplitude = self.settings.amplitude.as_ref();
        let revenuecat = self.settings.revenuecat.as_ref();
        let providers = vec![
            amplitude.map_or_else(|| none("amplitude"), |client| client.http.health()),
            revenuecat.map_or_else(|| none("revenuecat"), |client| client.http.health()),
        ];
        Health { providers }
    }

    /// One KPI over time. A provider that is down costs nothing but freshness.
    pub(crate) async fn get(&self, question: &Question) -> Trend {
        let found = self.find(question).await;
        self.trend(question, found)
    }

    async fn find(&self, question: &Question) -> Found {
        let (kpi, before) = (question.kpi, question.before());
        let key = (kpi.name, question.interval, before, question.to);
        let slot = self.slots.get_with(key, Arc::default);
        let mut slot = slot.lock().await;
        self.refresh(question, &mut slot).await;
        let mut found = Found {
            values: BTreeMap::new(),
            fetched_at: None,
            problem: None,
        };
        match self
            .store
            .get(kpi.name, question.interval, before, question.to)
            .await
        {
            Ok(kept) => {
                for one in kept {
                    found.fetched_at = found.fetched_at.max(Some(one.fetched_at));
                    found.values.insert(one.measured.start, one.measured);
                }
            }
            Err(error) => tracing::error!(%error, "answering without history"),
        }
        if let Some((at, values)) = &slot.good {
            found.fetched_at = Some(*at);
            found
                .values
                .extend(values.iter().map(|one| (one.start, *one)));
        }
        found.problem = slot.failed.as_ref().map(|(_, error)| error.clone());
        found
    }

    /// Asks the provider when the slot is old, and not so soon after a failure.
    async fn refresh(&self, question: &Question, slot: &mut Slot) {
        let (kpi, now) = (question.kpi, self.settings.clock.now());
        let fresh = TimeDelta::seconds(i64::from(kpi.freshness_seconds));
        let young = |at: &DateTime<Utc>, limit| now.signed_duration_since(at) < limit;
        if slot.good.as_ref().is_some_and(|(at, _)| young(at, fresh)) {
            slot.failed = None;
            return;
        }
        if slot
            .failed
            .as_ref()
            .is_some_and(|(at, _)| young(at, TimeDelta::seconds(FAILURE_SECONDS)))
        {
            return;
        }
        match self.ask(question).await {
            Ok(mut values) => {
                let last = question.interval.end(question.to);
                for one in &mut values {
                    one.start = question.interval.start(one.start);
                    one.complete &= question.interval.end(one.start) < question.today;
                }
                values.retain(|one| (question.before()..=last).contains(&one.start));
                let put = self
                    .store
                    .put(kpi.name, question.interval, &values, now)
                    .await;
                if let Err(error) = put {
                    tracing::error!(%error, "values are not kept");
                }
                *slot = Slot {
                    good: Some((now, values)),
                    failed: None,
                };
            }
            Err(error) => slot.failed = Some((now, error)),
        }
    }

    async fn ask(&self, question: &Question) -> Result<Vec<Measured>, ProviderError> {
        let range = Range {
            interval: question.interval,
            from: question.before(),
            to: question.interval.end(question.to).min(question.today),
        };
        let amplitude = self
            .settings
            .amplitude
            .as_ref()
            .ok_or(ProviderError::NotConfigured);
        let revenuecat = self
            .settings
            .revenuecat
            .as_ref()
            .ok_or(ProviderError::NotConfigured);
        match question.kpi.source {
            Source::Users(metric) => amplitude?.users(metric, range).await,
            Source::KeyEvent(metric) => amplitude?.key_event(metric, range).await,
            Source::Retention(day) => amplitude?.retention(day, range).await,
            Source::Funnel => amplitude?.funnel(range).await,
            Source::Chart(chart) => revenuecat?.chart(chart, range).await,
            Source::Overview(id) if range.to == question.today => {
                revenuecat?.overview(id, question.today).await
            }
            // What it was on an earlier day, only our history knows.
            Source::Overview(_) => Ok(Vec::new()),
        }
    }

    fn trend(&self, question: &Question, found: Found) -> Trend {
        let kpi = question.kpi;
        let now = self.settings.clock.now();
        let (value, previous) = compared(question, &found.values);
        let points = found
            .values
            .range(question.from..)
            .map(|(start, one)| Point {
                start: *start,
                value: shown(one.value),
                complete: one.complete,
            });
        let points: Vec<Point> = points.collect();
        let change = value.zip(previous).and_then(|(value, previous)| {
            ((value - previous) * Decimal::ONE_HUNDRED).checked_div(previous.abs())
        });
        let currency = self
            .settings
            .revenuecat
            .as_ref()
            .map(|client| client.currency.clone());
        Trend {
            name: kpi.name,
            title: kpi.title,
            definition: kpi.definition,
            unit: kpi.unit,
            currency: currency.filter(|_| kpi.unit == Unit::Money),
            source: kpi.source.provider(),
            interval: question.interval,
            stale: found.problem.is_some() && !points.is_empty(),
            points,
            aggregate: kpi.aggregate,
            value: value.map(shown),
            previous: previous.map(shown),
            change_percent: change.map(|change| change.round_dp(1).normalize().to_string()),
            fetched_at: found
                .fetched_at
                .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            age_seconds: found.fetched_at.map(|at| (now - at).num_seconds().max(0)),
            problem_ko: found
                .problem
                .as_ref()
                .map(|problem| format!("{}: {}", kpi.source.provider(), problem.korean())),
            problem: found
                .problem
                .map(|problem| format!("{} {problem}", kpi.source.provider())),
        }
    }
}

/// At most four decimals, none that says nothing.
fn shown(value: Decimal) -> String {
    value.round_dp(4).normalize().to_string()
}
