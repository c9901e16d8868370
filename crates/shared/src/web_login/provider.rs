//! Where the issuer's endpoints are (`OpenID` Connect Discovery 1.0 §4).
//!
//! In: the issuer. Out: its endpoints, kept for an hour and as long as it is down. Never: an issuer of another name, a
//! redirect followed, an answer without bounds.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::client::WebClient;
use crate::auth::jwks::is_nearby;
use crate::service::ResourceServerConfig;
use crate::service::config::JwksLocation;

/// How long endpoints are taken without asking again.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// Longest answer that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The issuer, as these pages speak to it.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) client: WebClient,
    inner: Url,
    http: reqwest::Client,
    known: Mutex<Option<(DateTime<Utc>, Arc<Endpoints>)>>,
}

/// What is needed of the discovery document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Endpoints {
    issuer: String,
    /// Where browsers are sent.
    pub(crate) authorization_endpoint: Url,
    /// Where browsers are sent to sign out.
    pub(crate) end_session_endpoint: Option<Url>,
    /// Asked by this service itself.
    pub(crate) token_endpoint: Url,
    /// Asked by this service itself.
    pub(crate) revocation_endpoint: Option<Url>,
}

/// Why the issuer gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("the issuer does not answer: {}", crate::auth::jwks::causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("the issuer answered {0}")]
    Status(u16),
    #[error("the issuer's answer is too long")]
    TooLong,
    #[error("the issuer's answer is not what it should be")]
    Malformed,
    #[error("the issuer calls itself {0:?}")]
    OtherIssuer(String),
    #[error("the issuer refuses: {0}")]
    Refused(String),
}

impl Provider {
    pub(crate) fn new(
        tokens: &ResourceServerConfig,
        client: WebClient,
    ) -> Result<Self, super::WebLoginError> {
        let issuer = Url::parse(&tokens.issuer)?;
        // Who can fetch the keys inside can ask for tokens there; the issuer's own name may lead nowhere from here.
        let inner = match &tokens.jwks {
            JwksLocation::Url(keys) if keys.origin() != issuer.origin() => {
                Url::parse(&keys.origin().ascii_serialization())?
            }
            JwksLocation::Url(_) | JwksLocation::File(_) => issuer,
        };
        Ok(Self {
            http: http(&inner, tokens.jwks_timeout)?,
            issuer: tokens.issuer.clone(),
            client,
            inner,
            known: Mutex::new(None),
        })
    }

    /// The endpoints; asked for by one request at a time.
    pub(crate) async fn endpoints(&self, now: DateTime<Utc>) -> Result<Arc<Endpoints>, AskError> {
        let mut known = self.known.lock().await;
        if let Some((since, endpoints)) = known.as_ref()
            && now - *since < KEPT
        {
            return Ok(Arc::clone(endpoints));
        }
        match self.discover().await {
            Ok(found) => {
                let found = Arc::new(found);
                *known = Some((now, Arc::clone(&found)));
                Ok(found)
            }
            Err(error) => match known.as_ref() {
                Some((_, endpoints)) => {
                    tracing::warn!(%error, "the issuer's endpoints are taken as they were");
                    Ok(Arc::clone(endpoints))
                }
                None => Err(error),
            },
        }
    }

    async fn discover(&self) -> Result<Endpoints, AskError> {
        let base = self.inner.as_str().trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let answer = self.http.get(address).send().await?;
        let mut found: Endpoints = read(answer).await?;
        if found.issuer != self.issuer {
            return Err(AskError::OtherIssuer(found.issuer));
        }
        found.token_endpoint = self.inside(found.token_endpoint);
        found.revocation_endpoint = found.revocation_endpoint.map(|url| self.inside(url));
        let web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let browser = [
            Some(&found.authorization_endpoint),
            found.end_session_endpoint.as_ref(),
        ];
        if browser.into_iter().flatten().all(web) {
            Ok(found)
        } else {
            Err(AskError::Malformed)
        }
    }

    /// The same endpoint at the address under which this service reaches the issuer.
    fn inside(&self, url: Url) -> Url {
        let Some(path) = url.as_str().strip_prefix(&self.issuer) else {
            return url;
        };
        let base = self.inner.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).unwrap_or(url)
    }

    /// Posts a form to an endpoint, authenticated as the client (RFC 6749 §2.3.1), and gives the answer.
    pub(crate) async fn post(
        &self,
        endpoint: &Url,
        form: &[(&str, &str)],
    ) -> Result<reqwest::Response, AskError> {
        use secrecy::ExposeSecret as _;
        let request = self.http.post(endpoint.clone()).form(form);
        let secret = self.client.secret.expose_secret();
        Ok(request
            .basic_auth(&self.client.id, Some(secret))
            .send()
            .await?)
    }
}

/// Reads an answer as JSON; an OAuth error (RFC 6749 §5.2) becomes [`AskError::Refused`].
pub(crate) async fn read<T: DeserializeOwned>(
    mut answer: reqwest::Response,
) -> Result<T, AskError> {
    #[derive(Deserialize)]
    struct Error {
        error: String,
    }
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(AskError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|_| AskError::Malformed);
    }
    match serde_json::from_slice::<Error>(&bytes) {
        Ok(refused) if status.is_client_error() && status.as_u16() != 429 => {
            Err(AskError::Refused(refused.error.chars().take(64).collect()))
        }
        _ => Err(AskError::Status(status.as_u16())),
    }
}

fn http(inner: &Url, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("loop/", env!("CARGO_PKG_VERSION")));
    if is_nearby(inner) {
        builder = builder.no_proxy();
    }
    builder.build()
}
