//! Speaks to one provider: where the browser goes, codes and refresh tokens for tokens, revocation.
//!
//! Never: a redirect followed, a token in an error. A provider that says no is told apart from one that does not answer.
//! Source: RFC 6749 §4.1.3 and §6, RFC 7009, RFC 7636, RFC 9207; GitHub "Authorizing OAuth apps".

use std::sync::Arc;
use std::time::Instant;

use loop_auth::outbound::providers::ProviderError;
use loop_auth::outbound::providers::http::{Answered, Http, ProvidersError, error_code};
use loop_oauth::federation::provider::ProviderKind;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::endpoints::{Endpoints, odd};
use super::provider::Provider;

/// The longest token that is kept, in bytes: headers and environments have bounds.
const LONGEST: usize = 16 * 1024;
/// What a provider says when it will never again take this code or refresh token.
const FINAL: [&str; 3] = [
    "invalid_grant",
    "bad_refresh_token",
    "bad_verification_code",
];

/// What a provider gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// For the server.
    pub(crate) access: SecretString,
    /// For the next one; `None`: the one before stays good.
    pub(crate) refresh: Option<SecretString>,
    /// Seconds that the access token lives, where the provider tells.
    pub(crate) lives: Option<i64>,
    /// What was granted, where the provider tells.
    pub(crate) scope: Option<String>,
}

/// One provider.
pub(crate) struct Upstream {
    /// As the operator described it.
    pub(crate) provider: Arc<Provider>,
    pub(super) http: Http,
    pub(super) known: Mutex<Option<(Instant, Endpoints)>>,
}

impl Upstream {
    /// Nothing is asked before somebody connects.
    ///
    /// # Errors
    /// [`ProvidersError`] when no HTTP client can be made.
    pub(crate) fn new(provider: Arc<Provider>) -> Result<Self, ProvidersError> {
        Ok(Self {
            http: Http::new(&provider.issuer)?,
            provider,
            known: Mutex::default(),
        })
    }

    /// Where the browser goes.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn authorization_url(
        &self,
        scope: &str,
        redirect_uri: &str,
        state: &str,
        challenge: &str,
    ) -> Result<Url, ProviderError> {
        let mut url = self.endpoints().await?.authorize;
        url.query_pairs_mut()
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", &self.provider.client_id),
                ("redirect_uri", redirect_uri),
                ("scope", scope),
                ("state", state),
                ("code_challenge", challenge),
                ("code_challenge_method", "S256"),
            ])
            .extend_pairs(self.provider.lasting());
        Ok(url)
    }

    /// Whether an answer with this `iss` is this provider's (RFC 9207 §2.4).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn is_own(&self, iss: Option<&str>) -> Result<bool, ProviderError> {
        let must = self.endpoints().await?.names_issuer;
        Ok(match iss {
            Some(iss) => iss == self.provider.issuer,
            None => !must,
        })
    }

    /// Takes a code for tokens.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub(crate) async fn redeem(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Tokens, ProviderError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        self.tokens(&form).await
    }

    /// Takes a refresh token for new tokens.
    ///
    /// # Errors
    /// `Refused` when the provider will never take it again; `Unavailable` for everything else.
    pub(crate) async fn refresh(&self, token: &SecretString) -> Result<Tokens, ProviderError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_secret()),
        ];
        self.tokens(&form).await
    }

    /// Ends what the user granted.
    ///
    /// # Errors
    /// `Unavailable`, also when the provider has no way to do so.
    pub(crate) async fn revoke(&self, token: &SecretString) -> Result<(), ProviderError> {
        let provider = &self.provider;
        let endpoints = self.endpoints().await?;
        let request = if let (Some(api), ProviderKind::GitHub) = (&provider.api, provider.kind) {
            let path = format!("{}/applications/{}/token", api.path(), provider.client_id);
            let mut url = api.clone();
            url.set_path(path.trim_start_matches('/'));
            let secret = provider.client_secret.expose_secret();
            self.http
                .delete(url)
                .basic_auth(&provider.client_id, Some(secret))
                .json(&json!({ "access_token": token.expose_secret() }))
        } else {
            let none = || ProviderError::Unavailable("it revokes nothing".to_owned());
            let url = endpoints.revoke.clone().ok_or_else(none)?;
            let form = [("token", token.expose_secret())];
            self.authenticated(&endpoints, self.http.post(url), &form)
        };
        let answered = self.http.send(request).await?;
        // A token that is not there any more is as revoked as can be.
        let gone = answered.status == StatusCode::NOT_FOUND;
        if answered.status.is_success() || gone {
            Ok(())
        } else {
            let status = answered.status;
            Err(ProviderError::Unavailable(format!(
                "revocation answered {status}"
            )))
        }
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, ProviderError> {
        let endpoints = self.endpoints().await?;
        let request = self.http.post(endpoints.token.clone());
        let request = self.authenticated(&endpoints, request, form);
        read(&self.http.send(request).await?)
    }

    fn authenticated(
        &self,
        endpoints: &Endpoints,
        request: RequestBuilder,
        form: &[(&str, &str)],
    ) -> RequestBuilder {
        let id = self.provider.client_id.as_str();
        let secret = self.provider.client_secret.expose_secret();
        if endpoints.in_form {
            let client = [("client_id", id), ("client_secret", secret)];
            return request.form(&[form, &client].concat());
        }
        // RFC 6749 §2.3.1: both parts are form-encoded first.
        let encode = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        request
            .basic_auth(encode(id), Some(encode(secret)))
            .form(form)
    }
}

/// The tokens of an answer of the token endpoint.
fn read(answered: &Answered) -> Result<Tokens, ProviderError> {
    let body: Value = serde_json::from_slice(&answered.bytes).unwrap_or_default();
    // GitHub says no with status 200.
    if body.get("error").is_some() || answered.status != StatusCode::OK {
        let code = error_code(&body).unwrap_or("no error code");
        let text = format!("the token endpoint answered {}: {code}", answered.status);
        return Err(if FINAL.contains(&code) {
            ProviderError::Refused(text)
        } else {
            ProviderError::Unavailable(text)
        });
    }
    let token = |name: &str| {
        let text = body.get(name)?.as_str()?;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        (plain && !text.is_empty() && text.len() <= LONGEST).then(|| SecretString::from(text))
    };
    let lives = body.get("expires_in").and_then(|lives| {
        // Some write the number as a text.
        lives.as_i64().or_else(|| lives.as_str()?.parse().ok())
    });
    Ok(Tokens {
        access: token("access_token").ok_or_else(|| odd("the access token"))?,
        refresh: token("refresh_token"),
        lives: lives.filter(|lives| *lives > 0),
        scope: body.get("scope").and_then(Value::as_str).map(str::to_owned),
    })
}
