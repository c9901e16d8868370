//! Pushed authorization requests (RFC 9126).
//!
//! In: an authenticated client and its authorization request. Out: a `request_uri` that stands for the request,
//! or why the request would be refused. Never: a request that was not checked whole, the raw `request_uri` in
//! the store, a request of another client.
//!
//! A `request_uri` must reach the authorization endpoint within [`ParRules::ttl`]. From then on it stands for the
//! same request for [`ParRules::login_ttl`], however often the browser comes back with it (login, reload, consent),
//! until a code is issued: that consumes it, and of two racing consents exactly one gets a code.

mod refusal;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::dpop::Thumbprint;

pub use refusal::PushError;

use crate::{
    authorize::{
        AUTH_AFTER, AuthorizeError, AuthorizeRefusal, MAX_REQUEST_BYTES, PageRefusal, check_pushed,
    },
    client::{Client, ClientId},
    config::Context,
    entropy::{Entropy, NoEntropy},
    params::Params,
    secret::{MAX_SECRET_CHARS, RawRequestId, SecretHash},
    store::Updated,
};

/// What every `request_uri` of this server begins with (RFC 9126 §2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How the client authenticated is no part of what it asks for.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// What an operator decides about pushed requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParRules {
    /// Within what time a browser must bring the `request_uri`.
    pub ttl: TimeDelta,
    /// How long the person may then take to log in and consent.
    pub login_ttl: TimeDelta,
    /// Whether every client must push its requests.
    pub required: bool,
}

impl Default for ParRules {
    fn default() -> Self {
        Self {
            ttl: TimeDelta::seconds(90),
            login_ttl: TimeDelta::minutes(30),
            required: false,
        }
    }
}

/// A `request_uri` of this server. A bearer secret until it is used, so it does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestUri(String);

impl RequestUri {
    fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let raw = RawRequestId::generate(entropy)?;
        Ok(Self(format!("{PREFIX}{}", raw.expose())))
    }

    /// What a browser presented; `None` when it cannot be one of ours.
    #[must_use]
    pub fn presented(text: &str) -> Option<Self> {
        let ours = text.starts_with(PREFIX) && text.len() <= PREFIX.len() + MAX_SECRET_CHARS;
        ours.then(|| Self(text.to_owned()))
    }

    /// The whole text, for the one answer that hands it out and for the way through the pages.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl std::fmt::Debug for RequestUri {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[REDACTED]")
    }
}

/// A pushed request as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRequest {
    /// SHA-256 of the `request_uri`.
    pub hash: SecretHash,
    /// Who pushed it.
    pub client: ClientId,
    /// The checked request as parameters.
    pub params: Vec<(String, String)>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When a browser first brought it.
    pub opened_at: Option<DateTime<Utc>>,
    /// When a code was issued for it.
    pub used_at: Option<DateTime<Utc>>,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Stands for the request.
    pub request_uri: RequestUri,
    /// For how long, in seconds.
    pub expires_in: i64,
}

/// Takes an authorization request of an authenticated client, which may have proven a `key`: the code is bound to it.
///
/// # Errors
/// [`PushError`]: whatever the authorization endpoint would have refused the request for.
#[tracing::instrument(name = "par.push", skip_all, fields(client = %client.id))]
pub async fn push(
    cx: &Context<'_>,
    client: &Client,
    params: &[(String, String)],
    key: Option<&Thumbprint>,
) -> Result<Pushed, PushError> {
    // "The request_uri authorization request parameter [...] MUST NOT be provided" (RFC 9126 §2.1).
    if params.iter().any(|(name, _)| name == "request_uri") {
        let why = "request_uri cannot be pushed";
        return Err(PushError::Request(AuthorizeError::InvalidRequest(why)));
    }
    let mut asked: Vec<_> = params
        .iter()
        .filter(|(name, _)| name != AUTH_AFTER && !CREDENTIALS.contains(&name.as_str()))
        .cloned()
        .collect();
    // Whoever authenticates by header has named itself there.
    if !asked.iter().any(|(name, _)| name == "client_id") {
        asked.push(("client_id".to_owned(), client.id.0.clone()));
    }
    if Params::new(&asked).bytes() > MAX_REQUEST_BYTES {
        return Err(PushError::Page(PageRefusal::TooLong));
    }
    let mut request = check_pushed(cx, &asked).await?;
    if request.client.id != client.id {
        return Err(PushError::WrongClient);
    }
    // A proof is as good as naming its key; naming another is not (RFC 9449 §10.1).
    if let Some(key) = key {
        if request.dpop_jkt.as_ref().is_some_and(|named| named != key) {
            return Err(PushError::WrongKey);
        }
        request.dpop_jkt = Some(key.clone());
    }
    let mut params = request.to_params();
    params.retain(|(name, _)| name != AUTH_AFTER);
    let request_uri = RequestUri::generate(cx.entropy)?;
    let pushed = PushedRequest {
        hash: request_uri.hash(),
        client: client.id.clone(),
        params,
        expires_at: cx.now + cx.rules.par.ttl,
        opened_at: None,
        used_at: None,
    };
    cx.store.add_pushed(&pushed).await?;
    Ok(Pushed {
        request_uri,
        expires_in: cx.rules.par.ttl.num_seconds(),
    })
}

/// What a `request_uri` in an authorization request stands for.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) request_uri: RequestUri,
    pub(crate) params: Vec<(String, String)>,
}

/// Looks up the `request_uri` of an authorization request; `None` when it has none of ours, which is for others
/// to refuse. Of the other parameters only `client_id` is looked at: "the authorization server MUST only use the
/// parameters in the request object" (RFC 9101 §5).
///
/// # Errors
/// A page, since no redirect is proven: unknown, expired, used, of another client, or named twice.
pub(crate) async fn open(
    cx: &Context<'_>,
    params: Params<'_>,
) -> Result<Option<Opened>, AuthorizeRefusal> {
    let Ok(named) = params.once("request_uri") else {
        return Err(PageRefusal::PushedRequestGone.into());
    };
    let Some(request_uri) = named.and_then(RequestUri::presented) else {
        return Ok(None);
    };
    let client = params
        .once("client_id")
        .map_err(|_| PageRefusal::ClientRepeated)?
        .ok_or(PageRefusal::ClientMissing)?;
    let hash = request_uri.hash();
    let found = cx.store.pushed(&hash).await?;
    let found = found.filter(|found| {
        found.client.0 == client && found.used_at.is_none() && cx.now < found.expires_at
    });
    let Some(found) = found else {
        return Err(PageRefusal::PushedRequestGone.into());
    };
    let opened_at = match found.opened_at {
        Some(opened_at) => opened_at,
        None => first_time(cx, &hash).await?,
    };
    let mut params = found.params;
    // `prompt=login` counts from here, on the server's word instead of the browser's.
    let since = opened_at.timestamp_millis().to_string();
    params.push((AUTH_AFTER.to_owned(), since));
    Ok(Some(Opened {
        request_uri,
        params,
    }))
}

/// Notes that a browser brought it. When another request of the same browser was faster, its moment counts.
async fn first_time(
    cx: &Context<'_>,
    hash: &SecretHash,
) -> Result<DateTime<Utc>, AuthorizeRefusal> {
    let until = cx.now + cx.rules.par.login_ttl;
    match cx.store.open_pushed(hash, cx.now, until).await? {
        Updated::Now => Ok(cx.now),
        Updated::NotFound => {
            let found = cx.store.pushed(hash).await?;
            let opened_at = found.and_then(|found| found.opened_at);
            Ok(opened_at.ok_or(PageRefusal::PushedRequestGone)?)
        }
    }
}

/// Spends it: to be called when everything was checked, before the code is stored.
///
/// # Errors
/// A page when another tab was faster or the time is over.
pub(crate) async fn consume(
    cx: &Context<'_>,
    request_uri: &RequestUri,
) -> Result<(), AuthorizeRefusal> {
    match cx.store.consume_pushed(&request_uri.hash(), cx.now).await? {
        Updated::Now => Ok(()),
        Updated::NotFound => Err(PageRefusal::PushedRequestGone.into()),
    }
}
