//! A checked authorization request, and how it travels through login and consent pages.

use chrono::{DateTime, Utc};
use loop_shared::auth::{dpop::Thumbprint, scope::Scopes};

use super::{AuthorizeError, AuthorizeRefusal};
use crate::{client::Client, config::Issuer, par::RequestUri, pkce::Requested, redirect_uri};

/// Our own parameter beside `prompt=login`: only a login after this moment counts (Unix time in
/// milliseconds). It survives the way through the login page, so that no session table is needed.
pub const AUTH_AFTER: &str = "auth_after";

/// What pages the client wants shown (`OpenID` Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Show nothing; fail instead.
    pub none: bool,
    /// Ask for the password again, even of somebody who is logged in.
    pub login: bool,
    /// Ask for consent again, even if it is remembered.
    pub consent: bool,
}

impl Prompt {
    /// Reads the space-separated list. `select_account` asks for consent, whose page names the
    /// account; unknown values are ignored.
    ///
    /// # Errors
    /// `invalid_request` when `none` has company.
    pub fn parse(text: &str) -> Result<Self, AuthorizeError> {
        let mut prompt = Self::default();
        let mut others = false;
        for word in text.split_ascii_whitespace() {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" | "select_account" => prompt.consent = true,
                _ => {}
            }
            others |= word != "none";
        }
        if prompt.none && others {
            return Err(AuthorizeError::InvalidRequest("prompt none stands alone"));
        }
        Ok(prompt)
    }

    fn to_text(self) -> String {
        [
            (self.none, "none"),
            (self.login, "login"),
            (self.consent, "consent"),
        ]
        .into_iter()
        .filter_map(|(set, word)| set.then_some(word))
        .collect::<Vec<_>>()
        .join(" ")
    }
}

/// An authorization request that may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Who asks.
    pub client: Client,
    /// Where to answer: as requested, port and all, or the client's only redirect.
    pub redirect_uri: String,
    /// Whether the request named it; the token request must name it then too.
    pub redirect_uri_given: bool,
    /// What is asked for: known, within the resource and within the client's own limit; never empty.
    pub scopes: Scopes,
    /// For which resource: the canonical `aud`. Of several, the first.
    pub resource: String,
    /// For which others (RFC 8707 §2).
    pub more_resources: Vec<String>,
    /// To be echoed to the letter.
    pub state: Option<String>,
    /// The PKCE challenge, if there is one.
    pub challenge: Requested,
    /// What pages to show.
    pub prompt: Prompt,
    /// With `prompt=login`: only a login after this moment counts.
    pub login_after: Option<DateTime<Utc>>,
    /// The key that the exchange of the code must prove (RFC 9449 §10).
    pub dpop_jkt: Option<Thumbprint>,
    /// The `request_uri` that stands for all of it, when it was pushed (RFC 9126).
    pub pushed: Option<RequestUri>,
}

impl AuthorizeRequest {
    /// The request as parameters, for hidden fields and `return_to`; checking them again gives an
    /// equal request. A pushed request travels as its `request_uri` alone.
    #[must_use]
    pub fn to_params(&self) -> Vec<(String, String)> {
        if let Some(request_uri) = &self.pushed {
            return vec![
                ("client_id".to_owned(), self.client.id.0.clone()),
                ("request_uri".to_owned(), request_uri.as_str().to_owned()),
            ];
        }
        let mut params = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client.id.0.clone()),
            ("scope", self.scopes.to_string()),
            ("resource", self.resource.clone()),
        ];
        for resource in &self.more_resources {
            params.push(("resource", resource.clone()));
        }
        if let Some((challenge, method)) = self.challenge.as_sent() {
            params.push(("code_challenge", challenge.to_owned()));
            params.push(("code_challenge_method", method.to_owned()));
        }
        if self.redirect_uri_given {
            params.push(("redirect_uri", self.redirect_uri.clone()));
        }
        if let Some(state) = &self.state {
            params.push(("state", state.clone()));
        }
        if self.prompt != Prompt::default() {
            params.push(("prompt", self.prompt.to_text()));
        }
        if let Some(key) = &self.dpop_jkt {
            params.push(("dpop_jkt", key.as_str().to_owned()));
        }
        if let Some(after) = self.login_after {
            params.push((AUTH_AFTER, after.timestamp_millis().to_string()));
        }
        params
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    pub(super) fn answer(&self) -> Answer<'_> {
        Answer {
            redirect_uri: &self.redirect_uri,
            state: self.state.as_deref(),
        }
    }
}

/// Where answers go: built only from a redirect URI that has been matched.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) redirect_uri: &'a str,
    pub(super) state: Option<&'a str>,
}

impl Answer<'_> {
    /// The URL of a success (RFC 6749 §4.1.2, RFC 9207 §2).
    pub(super) fn success(self, issuer: &Issuer, code: &str) -> String {
        self.url(issuer, &[("code", code)])
    }

    /// The URL of a refusal (RFC 6749 §4.1.2.1, RFC 9207 §2).
    pub(super) fn failure(self, issuer: &Issuer, error: AuthorizeError) -> String {
        let description = error.to_string();
        self.url(
            issuer,
            &[("error", error.code()), ("error_description", &description)],
        )
    }

    pub(super) fn refuse(self, issuer: &Issuer, error: AuthorizeError) -> AuthorizeRefusal {
        AuthorizeRefusal::Redirect {
            to: self.failure(issuer, error),
            error,
        }
    }

    fn url(self, issuer: &Issuer, answer: &[(&str, &str)]) -> String {
        let mut parameters = answer.to_vec();
        parameters.extend(self.state.map(|state| ("state", state)));
        parameters.push(("iss", issuer.as_str()));
        redirect_uri::answer(self.redirect_uri, &parameters)
    }
}
