//! The issuer's public keys (RFC 7517), fetched over HTTP or read from a watched file.
//!
//! In: a `kid` and the time. Out: the key with its one algorithm, or why there is none. Never: private keys, a
//! key that is not RSA of 2048 bits or more, P-256 or Ed25519, keys that a token brings along (`jwk`, `jku`, `x5u`).

mod fetch;
mod key_set;
mod refresh;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

pub use fetch::is_nearby;
pub(in crate::auth) use key_set::public_key;
pub use key_set::{KeySet, KeySetError, VerifyingKey};

use crate::service::config::{JwksLocation, ResourceServerConfig};
use fetch::Fetch;
pub(crate) use fetch::causes;
use refresh::{Pace, Refresher, Why};

/// How keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwksSettings {
    /// Age at which fetched keys are refreshed, in the background.
    pub cache: Duration,
    /// How long one fetch may take.
    pub timeout: Duration,
    /// How old the last good keys may get while the issuer is down.
    pub max_stale: Duration,
    /// How often, at most, unknown key ids cause a fetch.
    pub unknown_kid_interval: Duration,
}

impl Default for JwksSettings {
    fn default() -> Self {
        Self {
            cache: Duration::from_hours(1),
            timeout: Duration::from_secs(5),
            max_stale: Duration::from_hours(24),
            unknown_kid_interval: Duration::from_secs(10),
        }
    }
}

/// Why a source of keys could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JwksOpenError {
    /// The HTTP client could not be built.
    #[error("no HTTP client for the keys: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer is known and has no such key.
    #[error("the issuer has no key with this id")]
    Unknown,
    /// The issuer cannot be asked, so nobody can tell.
    #[error("the issuer's keys are not available")]
    Unavailable,
}

/// A source of keys; clones share everything.
#[derive(Clone, Debug)]
pub struct JwksSource {
    refresher: Arc<Refresher>,
}

impl JwksSource {
    /// Keys fetched from `url`. Nothing is fetched until the first question.
    ///
    /// # Errors
    /// [`JwksOpenError`] when the HTTP client cannot be built.
    pub fn http(url: Url, settings: JwksSettings) -> Result<Self, JwksOpenError> {
        let pace = Pace {
            fresh_for: settings.cache,
            max_stale: settings.max_stale,
            unknown_gap: settings.unknown_kid_interval,
            retry_gap: Duration::from_secs(10).min(settings.unknown_kid_interval),
            first_gap: Duration::from_secs(1).min(settings.unknown_kid_interval),
            wait: false,
        };
        let fetch = Fetch::http(url, settings.timeout)?;
        Ok(Self {
            refresher: Arc::new(Refresher::new(fetch, pace)),
        })
    }

    /// Keys read from the file at `path`, which may appear later. Changes are noticed at once where
    /// the file system tells, and within two seconds everywhere.
    ///
    /// # Errors
    /// None today; kept alike with [`JwksSource::http`].
    pub fn file(path: impl Into<PathBuf>, settings: JwksSettings) -> Result<Self, JwksOpenError> {
        let gap = Duration::from_millis(200);
        let pace = Pace {
            fresh_for: Duration::from_secs(2),
            max_stale: settings.max_stale,
            unknown_gap: gap,
            retry_gap: gap,
            first_gap: gap,
            wait: true,
        };
        let path = path.into();
        let refresher = Arc::new(Refresher::new(
            Fetch::file(path.clone(), settings.timeout),
            pace,
        ));
        refresher.watch(&path);
        Ok(Self { refresher })
    }

    /// The source that a service's settings name.
    ///
    /// # Errors
    /// As [`JwksSource::http`].
    pub fn open(config: &ResourceServerConfig) -> Result<Self, JwksOpenError> {
        let settings = JwksSettings {
            cache: config.jwks_cache,
            timeout: config.jwks_timeout,
            max_stale: config.jwks_max_stale,
            ..JwksSettings::default()
        };
        match &config.jwks {
            JwksLocation::Url(url) => Self::http(url.clone(), settings),
            JwksLocation::File(path) => Self::file(path, settings),
        }
    }

    /// The current keys. Waits only when there are none that may be used; keys past their cache time
    /// are refreshed in the background.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when no keys were ever seen or the last are older than `max_stale`.
    pub async fn current(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>, KeyError> {
        self.refresher
            .current(now)
            .await
            .ok_or(KeyError::Unavailable)
    }

    /// A client that reaches an address as this source reaches the keys, if it has one.
    pub(crate) fn client_for(&self, url: &Url) -> Option<reqwest::Client> {
        self.refresher.client_for(url)
    }

    /// The number of the current keys, when nobody has to wait for them; keys past their cache time are refreshed in the
    /// background.
    pub(crate) fn generation(&self, now: DateTime<Utc>) -> Option<u64> {
        self.refresher.generation(now)
    }

    /// The key with this id and the set it is in. An unknown id asks the issuer again: one fetch for
    /// all who wait, and not more often than `unknown_kid_interval`.
    ///
    /// # Errors
    /// [`KeyError`]: no such key, or nobody can tell.
    pub async fn key(
        &self,
        kid: &str,
        now: DateTime<Utc>,
    ) -> Result<(Arc<KeySet>, Arc<VerifyingKey>), KeyError> {
        let fetches = self.refresher.completed();
        let set = self.current(now).await?;
        if let Some(key) = set.get(kid) {
            return Ok((set, key));
        }
        if self.refresher.completed() == fetches {
            let up = self.refresher.refresh(Why::UnknownKid, now).await;
            let set = self.current(now).await?;
            if let Some(key) = set.get(kid) {
                return Ok((set, key));
            }
            if !up {
                return Err(KeyError::Unavailable);
            }
        }
        Err(KeyError::Unknown)
    }
}
