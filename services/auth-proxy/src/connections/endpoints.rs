//! Where a provider is spoken to: by its own words, or as GitHub's documentation has it.

use std::time::{Duration, Instant};

use loop_auth::outbound::providers::ProviderError;
use loop_oauth::federation::provider::ProviderKind;
use serde::Deserialize;
use url::Url;

use super::upstream::Upstream;

/// How long what a provider says of itself is believed.
const KNOWN_FOR: Duration = Duration::from_hours(1);

/// Where a provider is spoken to.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    /// Where browsers go.
    pub(super) authorize: Url,
    /// Where tokens are.
    pub(super) token: Url,
    /// Where they end.
    pub(super) revoke: Option<Url>,
    /// Whether answers name their issuer (RFC 9207 §3).
    pub(super) names_issuer: bool,
    /// Whether the client's secret goes into the form.
    pub(super) in_form: bool,
}

/// A provider's own words (`OpenID` Connect Discovery §3).
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    #[serde(default)]
    revocation_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Upstream {
    /// Where it is spoken to, asked for at most once an hour.
    ///
    /// # Errors
    /// [`ProviderError`] when that was never known.
    pub(super) async fn endpoints(&self) -> Result<Endpoints, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some((since, endpoints)) = &*known
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(endpoints.clone());
        }
        let found = match self.provider.kind {
            ProviderKind::GitHub => self.github(),
            ProviderKind::Google | ProviderKind::Oidc => self.discover().await,
        };
        match (found, &*known) {
            (Ok(endpoints), _) => {
                *known = Some((Instant::now(), endpoints.clone()));
                Ok(endpoints)
            }
            // Where it was an hour ago it is likely to be still.
            (Err(_), Some((_, endpoints))) => Ok(endpoints.clone()),
            (Err(error), None) => Err(error),
        }
    }

    fn github(&self) -> Result<Endpoints, ProviderError> {
        let at = |path: &str| {
            let url = format!("{}/login/oauth/{path}", self.provider.issuer);
            Url::parse(&url).map_err(|_| odd("GitHub's address"))
        };
        Ok(Endpoints {
            authorize: at("authorize")?,
            token: at("access_token")?,
            revoke: None,
            names_issuer: false,
            in_form: true,
        })
    }

    async fn discover(&self) -> Result<Endpoints, ProviderError> {
        let issuer = self.provider.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|_| odd("the issuer"))?;
        let secure = url.scheme() == "https";
        let document: Document = self
            .http
            .send(self.http.get(url))
            .await?
            .json("discovery")?;
        if document.issuer.trim_end_matches('/') != issuer {
            return Err(odd("the issuer of its document"));
        }
        let two = [&document.authorization_endpoint, &document.token_endpoint];
        let open = |url: &Url| url.scheme() != "https";
        let revokes_open = document.revocation_endpoint.as_ref().is_some_and(open);
        if secure && (two.into_iter().any(open) || revokes_open) {
            return Err(odd("an endpoint without TLS"));
        }
        let methods = &document.token_endpoint_auth_methods_supported;
        Ok(Endpoints {
            in_form: methods.iter().any(|method| method == "client_secret_post"),
            names_issuer: document.authorization_response_iss_parameter_supported,
            authorize: document.authorization_endpoint,
            token: document.token_endpoint,
            revoke: document.revocation_endpoint,
        })
    }
}

/// Something at the provider is not as it must be; later it may.
pub(super) fn odd(what: &str) -> ProviderError {
    ProviderError::Unavailable(format!("{what} is not as it must be"))
}
