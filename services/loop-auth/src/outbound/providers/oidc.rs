//! `OpenID` Connect by discovery, and Google, which is that with habits of its own.

use chrono::{DateTime, Utc};
use loop_oauth::federation::{
    Sent,
    id_token::{Claims, Expected, Unverified},
    provider::{External, ProviderKind},
};
use loop_shared::auth::jwks::KeyError;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::{
    Answer, ProviderError, ProviderSettings,
    discovery::{Discovered, Discovery, Document},
    facts,
    http::Http,
};

/// A provider that speaks `OpenID` Connect.
pub(super) struct Oidc {
    pub(super) settings: ProviderSettings,
    http: Http,
    discovery: Discovery,
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
        let discovery = Discovery::new(settings.provider.issuer.clone());
        Self {
            settings,
            http,
            discovery,
        }
    }

    pub(super) async fn authorization_url(
        &self,
        sent: &Sent,
        redirect_uri: &str,
        now: DateTime<Utc>,
    ) -> Result<Url, ProviderError> {
        let discovered = self.discovery.get(&self.http, now).await?;
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
        let discovered = self.discovery.get(&self.http, now).await?;
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
