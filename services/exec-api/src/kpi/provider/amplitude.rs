//! Amplitude's Dashboard REST API: users, event segmentation, retention, funnels.
//!
//! Basic authentication with the project's API key and secret key. A question costs days × parts of it; 108,000 an hour and
//! five at once are allowed. Source: amplitude.com/docs/apis/analytics/dashboard-rest.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use reqwest::{Client, RequestBuilder};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::http::{Http, Policy};
use super::{Measured, ProviderError, Range, list, number};
use crate::kpi::period::Interval;

/// How Amplitude is asked.
pub(crate) const POLICY: Policy = Policy {
    timeout: Duration::from_secs(15),
    attempts: 3,
    pause: Duration::from_millis(400),
    patience: Duration::from_secs(5),
    concurrent: 4,
    circuit: (5, TimeDelta::seconds(60)),
    budget: (100_000, TimeDelta::hours(1)),
};

/// The client.
pub(crate) struct Amplitude {
    pub(crate) http: Http,
    pub(crate) base: String,
    pub(crate) api_key: SecretString,
    pub(crate) secret_key: SecretString,
    /// The event of `key_event_users` and `key_event_total`.
    pub(crate) key_event: Option<String>,
    /// The events of `funnel_conversion`, two at least.
    pub(crate) funnel: Vec<String>,
}

impl Amplitude {
    /// `GET /api/2/users`: active or new users.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn users(
        &self,
        metric: &str,
        range: Range,
    ) -> Result<Vec<Measured>, ProviderError> {
        let query = Self::query(range, &[("m", metric.to_owned())]);
        self.http
            .get(
                cost(range, 1),
                |client| self.request(client, "users", &query),
                series,
            )
            .await
    }

    /// `GET /api/2/events/segmentation` of the key event.
    ///
    /// # Errors
    /// [`ProviderError::NotConfigured`] without a key event.
    pub(crate) async fn key_event(
        &self,
        metric: &str,
        range: Range,
    ) -> Result<Vec<Measured>, ProviderError> {
        let event = self
            .key_event
            .as_ref()
            .ok_or(ProviderError::NotConfigured)?;
        let parts = [("e", event_of(event)), ("m", metric.to_owned())];
        let query = Self::query(range, &parts);
        let request = |client: &Client| self.request(client, "events/segmentation", &query);
        self.http.get(cost(range, 1), request, series).await
    }

    /// `GET /api/2/retention`: of a day's new users, the share that is active `day` days later, in percent.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn retention(
        &self,
        day: usize,
        range: Range,
    ) -> Result<Vec<Measured>, ProviderError> {
        let parts = [("se", event_of("_new")), ("re", event_of("_active"))];
        let query = Self::query(range, &parts);
        let request = |client: &Client| self.request(client, "retention", &query);
        self.http
            .get(cost(range, 8), request, |json| returned(json, day))
            .await
    }

    /// `GET /api/2/funnels`: of those who did the first event, the share that did the last, in percent.
    ///
    /// # Errors
    /// [`ProviderError::NotConfigured`] with fewer than two events.
    pub(crate) async fn funnel(&self, range: Range) -> Result<Vec<Measured>, ProviderError> {
        if self.funnel.len() < 2 {
            return Err(ProviderError::NotConfigured);
        }
        let parts: Vec<_> = self
            .funnel
            .iter()
            .map(|event| ("e", event_of(event)))
            .collect();
        let query = Self::query(range, &parts);
        let parts = u32::try_from(self.funnel.len()).unwrap_or(u32::MAX);
        let request = |client: &Client| self.request(client, "funnels", &query);
        self.http.get(cost(range, parts), request, converted).await
    }

    fn query(range: Range, parts: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let interval = match range.interval {
            Interval::Day => "1",
            Interval::Week => "7",
            Interval::Month => "30",
        };
        let day = |day: NaiveDate| day.format("%Y%m%d").to_string();
        let mut query = vec![
            ("start", day(range.from)),
            ("end", day(range.to)),
            ("i", interval.to_owned()),
        ];
        query.extend(parts.iter().cloned());
        query
    }

    fn request(
        &self,
        client: &Client,
        path: &str,
        query: &[(&'static str, String)],
    ) -> RequestBuilder {
        client
            .get(format!("{}/api/2/{path}", self.base))
            .basic_auth(
                self.api_key.expose_secret(),
                Some(self.secret_key.expose_secret()),
            )
            .query(query)
    }
}

fn event_of(name: &str) -> String {
    json!({ "event_type": name }).to_string()
}

/// Days × parts of the question.
fn cost(range: Range, parts: u32) -> u32 {
    let days = u32::try_from((range.to - range.from).num_days() + 1).unwrap_or(1);
    days.saturating_mul(parts)
}

/// `2026-11-21` or `2026-11-21T00:00:00`.
fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.get(..10)?.parse().ok()
}

/// `{"data": {"series": [[…]], "xValues": ["2026-11-21", …]}}`: the first series. `null` is no value.
fn series(json: &Value) -> Result<Vec<Measured>, ProviderError> {
    let starts = list(json, "/data/xValues")?;
    let values = list(json, "/data/series/0")?;
    if starts.len() != values.len() {
        return Err(ProviderError::shape(
            "/data/series/0",
            "is not as long as /data/xValues",
        ));
    }
    let mut measured = Vec::new();
    for (start, value) in starts
        .iter()
        .zip(values)
        .filter(|(_, value)| !value.is_null())
    {
        let start =
            day(start).ok_or_else(|| ProviderError::shape("/data/xValues", "holds no day"))?;
        let value = number(value)
            .ok_or_else(|| ProviderError::shape("/data/series/0", "holds no number"))?;
        measured.push(Measured {
            start,
            value,
            complete: true,
        });
    }
    Ok(measured)
}

/// `{"data": {"series": [{"dates": […], "values": {"2026-11-01": [{"count", "outof", "incomplete"}, …]}}]}}`.
fn returned(json: &Value, after: usize) -> Result<Vec<Measured>, ProviderError> {
    let values = json
        .pointer("/data/series/0/values")
        .and_then(Value::as_object);
    let values =
        values.ok_or_else(|| ProviderError::shape("/data/series/0/values", "is no map"))?;
    let mut measured = Vec::new();
    for (start, days) in values {
        let start = start.get(..10).and_then(|day| day.parse().ok());
        let start = start.ok_or_else(|| {
            ProviderError::shape("/data/series/0/values", "has a key that is no day")
        })?;
        let days = days
            .as_array()
            .ok_or_else(|| ProviderError::shape("/data/series/0/values", "holds no list"))?;
        let Some(then) = days.get(after) else {
            continue;
        };
        let part = |name: &str| then.get(name).and_then(number);
        let (Some(count), Some(of)) = (part("count"), part("outof")) else {
            return Err(ProviderError::shape(
                "/data/series/0/values",
                "lacks count or outof",
            ));
        };
        if let Some(value) = percent(count, of) {
            let complete = then.get("incomplete").and_then(Value::as_bool) != Some(true);
            measured.push(Measured {
                start,
                value,
                complete,
            });
        }
    }
    measured.sort_by_key(|one| one.start);
    Ok(measured)
}

/// `{"data": [{"dayFunnels": {"xValues": […], "series": [[step counts of a day], …]}}]}`.
fn converted(json: &Value) -> Result<Vec<Measured>, ProviderError> {
    let starts = list(json, "/data/0/dayFunnels/xValues")?;
    let days = list(json, "/data/0/dayFunnels/series")?;
    if starts.len() != days.len() {
        return Err(ProviderError::shape(
            "/data/0/dayFunnels/series",
            "is not as long as xValues",
        ));
    }
    let mut measured = Vec::new();
    for (start, steps) in starts.iter().zip(days) {
        let start = day(start)
            .ok_or_else(|| ProviderError::shape("/data/0/dayFunnels/xValues", "holds no day"))?;
        let steps = steps.as_array().map(Vec::as_slice).unwrap_or_default();
        let ends = steps
            .first()
            .and_then(number)
            .zip(steps.last().and_then(number));
        let (first, last) = ends
            .ok_or_else(|| ProviderError::shape("/data/0/dayFunnels/series", "holds no numbers"))?;
        if let Some(value) = percent(last, first) {
            measured.push(Measured {
                start,
                value,
                complete: true,
            });
        }
    }
    Ok(measured)
}

/// A share in percent with two decimals; `None` of nothing.
fn percent(part: Decimal, of: Decimal) -> Option<Decimal> {
    (part * Decimal::ONE_HUNDRED)
        .checked_div(of)
        .map(|share| share.round_dp(2))
}
