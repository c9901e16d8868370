//! A provider's own description (`OpenID` Connect Discovery §4): fetched once for all who ask, kept while it is fresh, and the last
//! good one while a fresh one cannot be had.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::jwks::{JwksSettings, JwksSource};
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::{
    ProviderError,
    http::{Answered, Http},
};

/// How long a discovery document is taken for fresh.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How long it is used while a fresh one cannot be had.
const STALE: TimeDelta = TimeDelta::hours(24);
/// How long a failure stands before discovery is tried again.
const REST: TimeDelta = TimeDelta::seconds(3);

/// The description of one issuer.
pub(super) struct Discovery {
    issuer: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    found: Option<(Arc<Discovered>, DateTime<Utc>)>,
    failed: Option<(String, DateTime<Utc>)>,
}

/// What discovery says that matters (`OpenID` Connect Discovery §3).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Document {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) jwks_uri: Url,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

pub(super) struct Discovered {
    pub(super) document: Document,
    pub(super) keys: JwksSource,
}

impl Discovery {
    /// Nothing is fetched yet.
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            known: Mutex::default(),
        }
    }

    /// The provider's own description, fresh or the last good one.
    pub(super) async fn get(
        &self,
        http: &Http,
        now: DateTime<Utc>,
    ) -> Result<Arc<Discovered>, ProviderError> {
        let mut known = self.known.lock().await;
        let found = known.found.clone();
        if let Some((found, at)) = &found
            && now < *at + FRESH
        {
            return Ok(Arc::clone(found));
        }
        let resting = known.failed.as_ref().filter(|(_, at)| now < *at + REST);
        let failed = match resting {
            Some((why, _)) => ProviderError::Unavailable(why.clone()),
            None => match self
                .fetch(http, found.as_ref().map(|(old, _)| &**old))
                .await
            {
                Ok(fresh) => {
                    let fresh = Arc::new(fresh);
                    known.found = Some((Arc::clone(&fresh), now));
                    known.failed = None;
                    return Ok(fresh);
                }
                Err(error) => {
                    known.failed = Some((error.to_string(), now));
                    error
                }
            },
        };
        match found {
            Some((old, at)) if now < at + STALE => Ok(old),
            _ => Err(failed),
        }
    }

    async fn fetch(
        &self,
        http: &Http,
        old: Option<&Discovered>,
    ) -> Result<Discovered, ProviderError> {
        let issuer = &self.issuer;
        let refused = |why: &str| ProviderError::Refused(format!("discovery: {why}"));
        let url = format!("{issuer}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|_| refused("the issuer is no URL"))?;
        let secure = url.scheme() == "https";
        let answered: Answered = http.send(http.get(url)).await?;
        if answered.status != StatusCode::OK {
            return Err(answered.refusal("discovery"));
        }
        let document: Document = answered.json("discovery")?;
        // Some write their issuer with a slash at the end; nothing else may differ.
        if document.issuer.trim_end_matches('/') != issuer {
            return Err(refused("the document is another issuer's"));
        }
        let endpoints = [
            &document.authorization_endpoint,
            &document.token_endpoint,
            &document.jwks_uri,
        ];
        let mut all = endpoints.into_iter().chain(&document.userinfo_endpoint);
        let open = all.any(|url| url.scheme() != "https");
        drop(all);
        if secure && open {
            return Err(refused("an endpoint is not https"));
        }
        let keys = match old.filter(|old| old.document.jwks_uri == document.jwks_uri) {
            Some(old) => old.keys.clone(),
            None => JwksSource::http(document.jwks_uri.clone(), JwksSettings::default())
                .map_err(|error| ProviderError::Unavailable(error.to_string()))?,
        };
        Ok(Discovered { document, keys })
    }
}
