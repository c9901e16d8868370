//! The grants that ended while their access tokens live: polled from the issuer, asked for each request.
//!
//! In: the issuer's signed list, every few seconds. Out: whether a grant has ended. Never: waits for the
//! network while a request is judged, forgets what it knows because the issuer is down.
//!
//! When the list cannot be fetched, the last one is applied for as long as it takes. After
//! `REVOCATION_MAX_STALE_SECONDS` without news, `REVOCATION_FAIL` decides about everybody else: `open`
//! (the default) lets them in as before, because a login server that is down for a moment must not take
//! every tool along, and what can be lost is bounded: access tokens expire within the hour. `closed` refuses.

mod claims;
mod document;
mod fetch;
mod phase;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use claims::{LIST_PATH, LIST_TYPE, RevocationClaims};
pub use document::ListError;

use super::claims::GrantId;
use super::jwks::JwksSource;
use super::verify::VerifyError;
use crate::service::clock::Clock;
use crate::service::metrics::{
    REVOCATION_AGE, REVOCATION_FAILURES, REVOCATION_LISTED, REVOCATION_STALE,
};
use fetch::{Fetch, FetchError, Fetched};
use phase::{Phase, Situation};

/// What happens to tokens that nobody can judge any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// They are accepted, as without a list.
    #[default]
    Open,
    /// They are refused until there is news.
    Closed,
}

/// How the list is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationSettings {
    /// Where it is.
    pub url: Url,
    /// Time between two looks.
    pub poll: Duration,
    /// How long one look may take.
    pub timeout: Duration,
    /// How long the last list says everything.
    pub max_stale: Duration,
    /// What happens then.
    pub on_stale: OnStale,
}

/// A moment before any other: there has been no list yet.
const NEVER: i64 = i64::MIN;

/// A list that was believed.
#[derive(Debug)]
struct Held {
    sids: HashSet<GrantId>,
    refuse_issued_before: Option<i64>,
    iat: i64,
    /// From here on it is fetched whole, so that no old copy is confirmed for ever.
    renew_at: i64,
    etag: Option<String>,
}

/// The revoked grants of one issuer. Share it behind an `Arc`.
#[derive(Debug)]
pub struct Revocations {
    settings: RevocationSettings,
    issuer: String,
    keys: JwksSource,
    fetch: Fetch,
    held: ArcSwapOption<Held>,
    /// Milliseconds since the Unix epoch, or [`NEVER`].
    confirmed_at: AtomicI64,
    looks: AtomicU64,
    failures: AtomicU64,
    situation: Mutex<Situation>,
}

impl Revocations {
    /// The list at `settings.url`, signed by `issuer` with one of `keys`. Nothing is fetched yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(
        settings: RevocationSettings,
        issuer: impl Into<String>,
        keys: JwksSource,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            fetch: Fetch::new(
                settings.url.clone(),
                settings.timeout,
                keys.client_for(&settings.url),
            )?,
            settings,
            issuer: issuer.into(),
            keys,
            held: ArcSwapOption::empty(),
            confirmed_at: AtomicI64::new(NEVER),
            looks: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            situation: Mutex::default(),
        })
    }

    /// Looks every `poll` until `stop` or until nobody holds this any more. Needs a Tokio runtime.
    pub fn start(self: &Arc<Self>, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let (weak, poll) = (Arc::downgrade(self), self.settings.poll);
        tokio::spawn(async move {
            while let Some(this) = weak.upgrade() {
                this.refresh(clock.now()).await;
                drop(this);
                tokio::select! {
                    () = tokio::time::sleep(poll) => {}
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    /// Looks once. Whether there is news, or word that there is none.
    pub async fn refresh(&self, now: DateTime<Utc>) -> bool {
        let outcome = self.look(now).await;
        if outcome.is_ok() {
            let millis = now.timestamp_millis();
            self.confirmed_at.store(millis, Ordering::Release);
        } else {
            self.failures.fetch_add(1, Ordering::Relaxed);
            metrics::counter!(REVOCATION_FAILURES).increment(1);
        }
        self.looks.fetch_add(1, Ordering::Release);
        self.show(now);
        self.note(now, outcome.as_ref().err());
        outcome.is_ok()
    }

    #[tracing::instrument(
        name = "revocations.refresh",
        level = "debug",
        skip_all,
        fields(listed)
    )]
    async fn look(&self, now: DateTime<Utc>) -> Result<(), FetchError> {
        let held = self.held.load_full();
        let current = held.as_ref().filter(|held| now.timestamp() < held.renew_at);
        let etag = current.and_then(|held| held.etag.as_deref());
        let Fetched::Document { text, etag } = self.fetch.get(etag).await? else {
            return Ok(());
        };
        let claims = document::read(&text, &self.issuer, &self.keys, now).await?;
        if held.is_some_and(|held| claims.iat < held.iat) {
            return Err(FetchError::Older);
        }
        tracing::Span::current().record("listed", claims.sids.len());
        self.held.store(Some(Arc::new(Held {
            iat: claims.iat,
            renew_at: claims.iat.midpoint(claims.exp),
            refuse_issued_before: claims.refuse_issued_before,
            sids: claims.sids.into_iter().collect(),
            etag,
        })));
        Ok(())
    }

    /// Judges a token of the grant `sid` that was issued at `issued_at` (seconds since the Unix epoch).
    /// A token without a grant cannot be revoked. Only memory is asked.
    ///
    /// # Errors
    /// [`VerifyError::Revoked`], or [`VerifyError::RevocationsUnavailable`] where `REVOCATION_FAIL=closed`.
    pub fn check(
        &self,
        sid: Option<&GrantId>,
        issued_at: i64,
        now: DateTime<Utc>,
    ) -> Result<(), VerifyError> {
        let Some(sid) = sid else { return Ok(()) };
        if let Some(held) = &*self.held.load() {
            let too_old = |before| issued_at < before;
            if held.sids.contains(sid) || held.refuse_issued_before.is_some_and(too_old) {
                return Err(VerifyError::Revoked);
            }
        }
        match self.settings.on_stale {
            OnStale::Closed if self.is_stale(now) => Err(VerifyError::RevocationsUnavailable),
            OnStale::Open | OnStale::Closed => Ok(()),
        }
    }

    /// Whether requests may come: the first look is over, and tokens can be judged or need not be.
    pub fn is_ready(&self, now: DateTime<Utc>) -> bool {
        let looked = self.looks.load(Ordering::Acquire) > 0;
        looked && (self.settings.on_stale == OnStale::Open || !self.is_stale(now))
    }

    /// How many looks have failed since the start; also in the log at every change for better or worse.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// How many grants the list names.
    pub fn listed(&self) -> usize {
        self.held.load().as_ref().map_or(0, |held| held.sids.len())
    }

    fn is_stale(&self, now: DateTime<Utc>) -> bool {
        let confirmed = self.confirmed_at.load(Ordering::Acquire);
        let limit = i64::try_from(self.settings.max_stale.as_millis()).unwrap_or(i64::MAX);
        confirmed == NEVER || now.timestamp_millis().saturating_sub(confirmed) > limit
    }

    /// Sets the gauges.
    fn show(&self, now: DateTime<Utc>) {
        let confirmed = self.confirmed_at.load(Ordering::Acquire);
        if confirmed != NEVER {
            let age = Duration::from_millis(now.timestamp_millis().abs_diff(confirmed));
            metrics::gauge!(REVOCATION_AGE).set(age.as_secs_f64());
        }
        let listed = u32::try_from(self.listed()).unwrap_or(u32::MAX);
        metrics::gauge!(REVOCATION_LISTED).set(f64::from(listed));
        metrics::gauge!(REVOCATION_STALE).set(if self.is_stale(now) { 1.0 } else { 0.0 });
    }

    /// Says in the log what changed, once.
    fn note(&self, now: DateTime<Utc>, error: Option<&FetchError>) {
        let Ok(mut situation) = self.situation.lock() else {
            return;
        };
        let max_stale = TimeDelta::from_std(self.settings.max_stale).unwrap_or(TimeDelta::MAX);
        let Some(phase) = situation.after(error.is_none(), now, max_stale) else {
            return;
        };
        let (url, failures) = (self.fetch.url(), self.failures());
        let error = error.map(tracing::field::display);
        match (phase, self.settings.on_stale) {
            (Phase::Fresh, _) => {
                let listed = self.listed();
                tracing::info!(%url, listed, failures, "the revocation list is current");
            }
            (Phase::Failing, _) => {
                tracing::warn!(%url, error, failures, "the revocation list cannot be fetched; keeping the last one");
            }
            (Phase::Stale, OnStale::Open) => {
                tracing::warn!(%url, error, failures, "the revocation list is too old: tokens revoked since are accepted (REVOCATION_FAIL=open)");
            }
            (Phase::Stale, OnStale::Closed) => {
                tracing::error!(%url, error, failures, "the revocation list is too old: tokens are refused (REVOCATION_FAIL=closed)");
            }
        }
    }
}
