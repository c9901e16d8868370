//! One provider's door: timeout, retries with jitter, budget, circuit, bounded bodies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::service::Clock;
use rand::Rng;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::ProviderError;
use super::breaker::Breaker;
use super::budget::Budget;
use crate::kpi::answer::ProviderHealth;

/// Longest answer that is read, in bytes.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;

/// How a provider is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// For a whole request.
    pub(crate) timeout: Duration,
    /// How often a question is asked at most.
    pub(crate) attempts: u32,
    /// The longest pause before the second attempt; it doubles with each.
    pub(crate) pause: Duration,
    /// The longest `Retry-After` that is waited for.
    pub(crate) patience: Duration,
    /// Requests at the same time.
    pub(crate) concurrent: usize,
    /// Failures in a row that open the circuit, and for how long.
    pub(crate) circuit: (u32, TimeDelta),
    /// Cost in a window, and the window.
    pub(crate) budget: (u32, TimeDelta),
}

/// A provider's door.
pub(crate) struct Http {
    name: &'static str,
    client: Client,
    policy: Policy,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    budget: Budget,
    breaker: Breaker,
    reachable: Option<bool>,
    problem: Option<String>,
}

impl Http {
    /// A door.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub(crate) fn new(
        name: &'static str,
        policy: Policy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(policy.timeout)
            .connect_timeout(policy.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("loop/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let state = State {
            budget: Budget::new(policy.budget.0, policy.budget.1),
            breaker: Breaker::new(policy.circuit.0, policy.circuit.1),
            reachable: None,
            problem: None,
        };
        Ok(Self {
            name,
            client,
            policy,
            clock,
            turns: Semaphore::new(policy.concurrent),
            state: Mutex::new(state),
        })
    }

    /// Asks with `GET` and reads what `read` makes of the JSON. A shape that `read` does not know counts as a failure of
    /// the provider.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn get<T>(
        &self,
        cost: u32,
        request: impl Fn(&Client) -> RequestBuilder,
        read: impl Fn(&Value) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let closed = |_| ProviderError::Unreachable("stopping");
        let _turn = self.turns.acquire().await.map_err(closed)?;
        self.lock()
            .breaker
            .admit(self.now())
            .map_err(ProviderError::Open)?;
        let answer = self.ask(cost, request, read).await;
        self.note(answer.as_ref().err());
        answer
    }

    async fn ask<T>(
        &self,
        cost: u32,
        request: impl Fn(&Client) -> RequestBuilder,
        read: impl Fn(&Value) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut attempt = 1;
        loop {
            let taken = self.lock().budget.take(cost, self.now());
            taken.map_err(ProviderError::OverBudget)?;
            let error = match self
                .send(request(&self.client))
                .await
                .and_then(|json| read(&json))
            {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let pause = match error {
                ProviderError::Limited(wait) if wait <= self.policy.patience => Some(wait),
                _ if error.is_passing() => Some(self.jitter(attempt)),
                _ => None,
            };
            let Some(pause) = pause.filter(|_| attempt < self.policy.attempts) else {
                return Err(error);
            };
            tracing::debug!(provider = self.name, %error, attempt, "asking again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Anything up to the pause, which doubles with each attempt: clients that failed together do not come back together.
    fn jitter(&self, attempt: u32) -> Duration {
        let most = self.policy.pause.saturating_mul(1 << (attempt - 1).min(8));
        rand::rng().random_range(Duration::ZERO..=most)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, ProviderError> {
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let wait = retry_after(response.headers(), self.now());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unreachable(&error))?
        {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(ProviderError::shape("the answer", "is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(refused(status, wait, &body));
        }
        serde_json::from_slice(&body).map_err(|_| ProviderError::shape("the answer", "is no JSON"))
    }

    /// Remembers how it went.
    fn note(&self, error: Option<&ProviderError>) {
        let now = self.now();
        let mut state = self.lock();
        match error {
            Some(error) if error.is_outage() => state.breaker.failed(now),
            Some(ProviderError::Limited(wait)) => {
                state.budget.exhaust(*wait, now);
                state.breaker.worked();
            }
            Some(ProviderError::OverBudget(_) | ProviderError::Open(_)) => {
                // Nothing was asked: a trial that was admitted is given back.
                if state.breaker.state(now) == "half-open" {
                    state.breaker.failed(now);
                }
            }
            None | Some(_) => state.breaker.worked(),
        }
        if !matches!(error, Some(ProviderError::OverBudget(_))) {
            state.reachable = Some(!error.is_some_and(ProviderError::is_outage));
        }
        state.problem = error.map(ToString::to_string);
        drop(state);
        if let Some(error) = error {
            tracing::warn!(provider = self.name, %error, "a provider gave nothing");
        }
    }

    /// How it is.
    pub(crate) fn health(&self) -> ProviderHealth {
        let now = self.now();
        let state = self.lock();
        let (budget_left, resets) = state.budget.left(now);
        ProviderHealth {
            name: self.name,
            configured: true,
            reachable: state.reachable,
            circuit: state.breaker.state(now),
            budget_left,
            budget: state.budget.limit(),
            budget_resets_in_seconds: i64::try_from(resets.as_secs()).unwrap_or(i64::MAX),
            last_problem: state.problem.clone(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreachable(error: &reqwest::Error) -> ProviderError {
    ProviderError::Unreachable(if error.is_timeout() {
        "too slow"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    })
}

fn refused(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> ProviderError {
    match status.as_u16() {
        429 => ProviderError::Limited(
            wait.or_else(|| backoff(body))
                .unwrap_or(Duration::from_mins(1)),
        ),
        code @ (401 | 403) => ProviderError::Denied(code),
        code if status.is_server_error() => ProviderError::Failing(code),
        code => ProviderError::Refused(code),
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), an hour at most.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = value.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until = DateTime::parse_from_rfc2822(value).ok()?;
        (until.with_timezone(&Utc) - now)
            .to_std()
            .unwrap_or_default()
    };
    Some(wait.min(Duration::from_hours(1)))
}

/// `RevenueCat`'s `backoff_ms` in the body of a 429.
fn backoff(body: &[u8]) -> Option<Duration> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let wait = Duration::from_millis(body.get("backoff_ms")?.as_u64()?);
    Some(wait.min(Duration::from_hours(1)))
}
