//! `RevenueCat`'s API v2: charts and overview metrics.
//!
//! A secret key as bearer token; the charts and metrics domain allows 25 requests a minute. Source:
//! revenuecat.com/docs/api-v2.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::http::{Http, Policy};
use super::{Measured, ProviderError, Range, list, number};

/// How `RevenueCat` is asked; a little is left for people who ask it elsewhere.
pub(crate) const POLICY: Policy = Policy {
    timeout: Duration::from_secs(15),
    attempts: 3,
    pause: Duration::from_millis(400),
    patience: Duration::from_secs(5),
    concurrent: 2,
    circuit: (5, TimeDelta::seconds(60)),
    budget: (20, TimeDelta::minutes(1)),
};

/// Pages of projects that are read at most.
const MAX_PAGES: usize = 20;

/// The client.
pub(crate) struct RevenueCat {
    pub(crate) http: Http,
    pub(crate) base: String,
    pub(crate) key: SecretString,
    /// The project; without it, the only one that the key can see.
    pub(crate) project: Option<String>,
    pub(crate) currency: String,
    pub(crate) found: OnceCell<String>,
}

impl RevenueCat {
    /// `GET /v2/projects/{id}/charts/{chart}`.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn chart(
        &self,
        chart: &str,
        range: Range,
    ) -> Result<Vec<Measured>, ProviderError> {
        let project = self.project().await?;
        let url = format!("{}/v2/projects/{project}/charts/{chart}", self.base);
        let query = [
            ("resolution", range.interval.word().to_owned()),
            ("start_date", range.from.to_string()),
            ("end_date", range.to.to_string()),
            ("currency", self.currency.clone()),
        ];
        self.http
            .get(1, |client| self.request(client, &url).query(&query), values)
            .await
    }

    /// `GET /v2/projects/{id}/metrics/overview`: today's value of one metric.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn overview(
        &self,
        id: &str,
        today: NaiveDate,
    ) -> Result<Vec<Measured>, ProviderError> {
        let project = self.project().await?;
        let url = format!("{}/v2/projects/{project}/metrics/overview", self.base);
        let query = [("currency", self.currency.clone())];
        let read = |json: &Value| metric(json, id, today);
        self.http
            .get(1, |client| self.request(client, &url).query(&query), read)
            .await
    }

    async fn project(&self) -> Result<&str, ProviderError> {
        if let Some(project) = &self.project {
            return Ok(project);
        }
        self.found
            .get_or_try_init(|| self.only_project())
            .await
            .map(String::as_str)
    }

    /// The only project that the key can see, over all pages of the list.
    async fn only_project(&self) -> Result<String, ProviderError> {
        let mut url = format!("{}/v2/projects?limit=20", self.base);
        let mut projects: Vec<String> = Vec::new();
        for _ in 0..MAX_PAGES {
            let (ids, next) = self
                .http
                .get(1, |client| self.request(client, &url), page)
                .await?;
            projects.extend(ids);
            match next {
                // The list names its next page by its path; never another host, for the key goes along.
                Some(next) if next.starts_with("/v2/projects?") => {
                    url = format!("{}{next}", self.base);
                }
                Some(_) => {
                    return Err(ProviderError::shape("/next_page", "is no path of the list"));
                }
                None => break,
            }
        }
        match projects.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(ProviderError::shape(
                "/items",
                "holds not exactly one project; set REVENUECAT_PROJECT_ID",
            )),
        }
    }

    fn request(&self, client: &Client, url: &str) -> RequestBuilder {
        client.get(url).bearer_auth(self.key.expose_secret())
    }
}

/// `{"object": "list", "items": [{"id": …}], "next_page": "/v2/projects?starting_after=…"}`.
fn page(json: &Value) -> Result<(Vec<String>, Option<String>), ProviderError> {
    let items = list(json, "/items")?;
    let id = |item: &Value| {
        item.get("id")
            .and_then(Value::as_str)
            .filter(|id| is_id(id))
            .map(str::to_owned)
    };
    let ids = items.iter().map(id).collect::<Option<_>>();
    let ids = ids.ok_or_else(|| ProviderError::shape("/items", "lacks an id"))?;
    Ok((
        ids,
        json.get("next_page")
            .and_then(Value::as_str)
            .map(str::to_owned),
    ))
}

/// Whether a project's id can stand in a path as it is.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 255
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// `{"values": [{"cohort": 1764547200, "measure": 0, "value": 12.5, "incomplete": false}, …]}`, or rows
/// `[1764547200, 12.5, …]`. The first measure is the chart's own.
fn values(json: &Value) -> Result<Vec<Measured>, ProviderError> {
    let mut measured = Vec::new();
    for row in list(json, "/values")? {
        let (start, value, complete) = match row {
            Value::Array(cells) => (cells.first(), cells.get(1), true),
            Value::Object(cells) => {
                if cells
                    .get("measure")
                    .and_then(Value::as_u64)
                    .is_some_and(|measure| measure > 0)
                {
                    continue;
                }
                let incomplete = cells.get("incomplete").and_then(Value::as_bool) == Some(true);
                (cells.get("cohort"), cells.get("value"), !incomplete)
            }
            _ => {
                return Err(ProviderError::shape(
                    "/values",
                    "holds neither rows nor objects",
                ));
            }
        };
        let start = start
            .and_then(Value::as_i64)
            .and_then(|at| DateTime::from_timestamp(at, 0));
        let start = start
            .ok_or_else(|| ProviderError::shape("/values", "holds no time"))?
            .date_naive();
        if value.is_some_and(Value::is_null) {
            continue;
        }
        let value = value
            .and_then(number)
            .ok_or_else(|| ProviderError::shape("/values", "holds no number"))?;
        measured.push(Measured {
            start,
            value,
            complete,
        });
    }
    Ok(measured)
}

/// `{"metrics": [{"id": "mrr", "value": 1234.5, …}]}`.
fn metric(json: &Value, id: &str, today: NaiveDate) -> Result<Vec<Measured>, ProviderError> {
    let metrics = list(json, "/metrics")?;
    let found = metrics
        .iter()
        .find(|metric| metric.get("id").and_then(Value::as_str) == Some(id));
    let value = found
        .and_then(|metric| metric.get("value"))
        .and_then(number);
    let value = value.ok_or_else(|| ProviderError::shape("/metrics", "lacks the metric"))?;
    Ok(vec![Measured {
        start: today,
        value,
        complete: true,
    }])
}
