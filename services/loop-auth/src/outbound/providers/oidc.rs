//! `OpenID` Connect by discovery, and Google, which is that with habits of its own.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::federation::{
    Sent,
    id_token::{Claims, Expected, Unverified},
    provider::{External, ProviderKind},
};
use loop_shared::auth::jwks::{JwksSettings, JwksSource, KeyError};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::{
    Answer, ProviderError, ProviderSettings, facts,
    http::{Answered, Http},
};

/// How long a discovery document is taken for fresh.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How long it is used while a fresh one cannot be had.
const STALE: TimeDelta = TimeDelta::hours(24);
/// How long a failure stands before discovery is tried again.
const REST: TimeDelta = TimeDelta::seconds(3);

/// A provider that speaks `OpenID` Connect.
pub(super) struct Oidc {
    pub(super) settings: ProviderSettings,
    http: Http,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    found: Option<(Arc<Discovered>, DateTime<Utc>)>,
    failed: Option<(String, DateTime<Utc>)>,
}

/// What discovery says that matters (`OpenID` Connect Discovery §3).
#[derive(Clone, Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

struct Discovered {
    document: Document,
    keys: JwksSource,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(deserialize_with = "secret")]
    id_token: SecretString,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

impl Oidc {
    pub(super) fn new(settings: ProviderSettings, http: Http) -> Self {
        Self {
            settings,
            http,
            known: Mutex::default(),
        }
    }

    pub(super) async fn authorization_url(
        &self,
        sent: &Sent,
        redirect_uri: &str,
        now: DateTime<Utc>,
    ) -> Result<Url, ProviderError> {
        let discovered = self.discover(now).await?;
        let mut url = discovered.document.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", &self.settings.scopes),
            ("state", sent.state.expose()),
            ("nonce", &sent.nonce),
            ("code_challenge", &sent.challenge),
            ("code_challenge_method", "S256"),
        ]);
        if self.settings.provider.kind == ProviderKind::Google {
            // Who has several accounts there is asked which one.
            query.append_pair("prompt", "select_account");
        }
        drop(query);
        Ok(url)
    }

    pub(super) async fn identify(
        &self,
        answer: Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<External, ProviderError> {
        let discovered = self.discover(now).await?;
        check_answer(&discovered.document, answer.iss)?;
        let tokens = self.redeem(&discovered.document, answer).await?;
        let mut claims = self
            .believe(&discovered, &tokens, answer.nonce, now)
            .await?;
        self.complete(&discovered.document, &tokens, &mut claims)
            .await?;
        let facts = facts::of_claims(&self.settings, &claims.others);
        let said = claims.others.get("name").and_then(Value::as_str);
        Ok(External {
            provider: self.settings.provider.id.clone(),
            issuer: self.settings.provider.issuer.clone(),
            subject: claims.subject,
            name: facts::name(said, &facts),
            facts,
        })
    }

    async fn redeem(
        &self,
        document: &Document,
        answer: Answer<'_>,
    ) -> Result<Tokens, ProviderError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", answer.code),
            ("redirect_uri", answer.redirect_uri),
            ("code_verifier", answer.verifier),
        ];
        let request = self.http.post(document.token_endpoint.clone());
        let request = self.authenticated(document, request, &form);
        self.http.send(request).await?.json("the token endpoint")
    }

    /// By `client_secret_post` where it is offered, else by the standard's default.
    fn authenticated(
        &self,
        document: &Document,
        request: RequestBuilder,
        form: &[(&str, &str)],
    ) -> RequestBuilder {
        let (id, secret) = (
            self.settings.client_id.as_str(),
            self.settings.client_secret.expose_secret(),
        );
        let offered = &document.token_endpoint_auth_methods_supported;
        if offered.iter().any(|method| method == "client_secret_post") {
            let own = [("client_id", id), ("client_secret", secret)];
            return request.form(&[form, &own].concat());
        }
        // "encoded using the application/x-www-form-urlencoded encoding algorithm" (RFC 6749 §2.3.1)
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request
            .basic_auth(encode(id), Some(encode(secret)))
            .form(form)
    }

    async fn believe(
        &self,
        discovered: &Discovered,
        tokens: &Tokens,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> Result<Claims, ProviderError> {
        let refused = |error| ProviderError::Refused(format!("{error}"));
        let token = Unverified::parse(tokens.id_token.expose_secret()).map_err(refused)?;
        let kid = token.kid().map_err(refused)?;
        let (_, key) = discovered
            .keys
            .key(kid, now)
            .await
            .map_err(|error| match error {
                KeyError::Unknown => {
                    ProviderError::Refused("the id_token's key is unknown".to_owned())
                }
                KeyError::Unavailable => ProviderError::Unavailable(error.to_string()),
            })?;
        let expected = Expected {
            issuer: &discovered.document.issuer,
            client_id: &self.settings.client_id,
            nonce: Some(nonce),
            access_token: tokens.access_token.expose_secret(),
        };
        token.verify(&key, &expected, now).map_err(refused)
    }

    /// Asks userinfo for an address or groups that the `id_token` leaves out (`OpenID` Connect Core §5.3).
    async fn complete(
        &self,
        document: &Document,
        tokens: &Tokens,
        claims: &mut Claims,
    ) -> Result<(), ProviderError> {
        let has = |name: &str| claims.others.contains_key(name);
        let enough = has("email")
            && (has(&self.settings.groups_claim)
                || self.settings.provider.kind == ProviderKind::Google);
        let Some(url) = document.userinfo_endpoint.clone().filter(|_| !enough) else {
            return Ok(());
        };
        let request = self.http.get(url);
        let request = request.bearer_auth(tokens.access_token.expose_secret());
        let said: Map<String, Value> = self.http.send(request).await?.json("userinfo")?;
        // "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token"
        if said.get("sub").and_then(Value::as_str) != Some(&claims.subject) {
            let wrong = "userinfo is about somebody else";
            return Err(ProviderError::Refused(wrong.to_owned()));
        }
        // An address and whether it is verified belong together: never one from here and one from there.
        let alone = !has("email");
        for (name, value) in said {
            let of_address = matches!(name.as_str(), "email" | "email_verified");
            if of_address && alone {
                claims.others.insert(name, value);
            } else if !of_address {
                claims.others.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    /// The provider's own description, fresh or the last good one.
    async fn discover(&self, now: DateTime<Utc>) -> Result<Arc<Discovered>, ProviderError> {
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
            None => match self.fetch(found.as_ref().map(|(old, _)| &**old)).await {
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

    async fn fetch(&self, old: Option<&Discovered>) -> Result<Discovered, ProviderError> {
        let issuer = &self.settings.provider.issuer;
        let refused = |why: &str| ProviderError::Refused(format!("discovery: {why}"));
        let url = format!("{issuer}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|_| refused("the issuer is no URL"))?;
        let secure = url.scheme() == "https";
        let answered: Answered = self.http.send(self.http.get(url)).await?;
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

/// Whether the answer is this provider's: another one's is a mix-up (RFC 9207 §2.4).
fn check_answer(document: &Document, iss: Option<&str>) -> Result<(), ProviderError> {
    let wrong = match iss {
        Some(iss) => iss != document.issuer,
        None => document.authorization_response_iss_parameter_supported,
    };
    if wrong {
        let wrong = "the answer names another issuer, or none";
        return Err(ProviderError::Refused(wrong.to_owned()));
    }
    Ok(())
}
