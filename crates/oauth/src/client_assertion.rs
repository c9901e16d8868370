//! Client authentication by a signed assertion: `private_key_jwt` (RFC 7523 §3, `OpenID` Connect Core §9).
//!
//! In: a JWT and the client it names. Out: the client, or `invalid_client`. Never: an algorithm the key is not for,
//! `none`, a shared secret, one assertion twice: which of two equal ones counts is decided in the database.

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::SigningAlgorithm;

use crate::{
    client::{Client, ClientOrigin},
    client_keys::{ClientKeys, KeySource, PublicKeys},
    client_metadata_document::{self, DocumentUrl, Want},
    config::Context,
    grants::TokenError,
    resource,
    secret::SecretHash,
    store::{Inserted, JtiKind},
};

mod jwt;

pub use jwt::{MAX_ASSERTION_BYTES, Unverified};

/// `client_assertion_type` (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead an assertion may end.
const MAX_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// How far two clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

const fn bad<T>(why: &'static str) -> Result<T, TokenError> {
    Err(TokenError::BadClient(why))
}

/// Finds the client that an assertion names and checks the assertion.
///
/// # Errors
/// [`TokenError::BadClient`] for whatever is wrong with it, [`TokenError::InvalidRequest`] when `id`, the request's
/// own `client_id`, is another client's.
pub async fn authenticate(
    cx: &Context<'_>,
    id: Option<&str>,
    assertion: &str,
) -> Result<Client, TokenError> {
    let assertion = Unverified::parse(assertion).map_err(TokenError::BadClient)?;
    if id.is_some_and(|id| id != assertion.claims.sub) {
        return Err(TokenError::InvalidRequest(
            "client_id and client_assertion name different clients",
        ));
    }
    let expires_at = check_claims(cx, &assertion)?;
    let client = client_metadata_document::known(cx, &assertion.claims.sub).await?;
    let client = client.ok_or(TokenError::BadClient("unknown client"))?;
    let Some(keys) = client.keys.clone() else {
        return bad("the client has no keys");
    };
    if keys.alg.is_some_and(|alg| alg != assertion.alg) {
        return bad("the assertion's algorithm is not the registered one");
    }
    let client = match &keys.source {
        KeySource::Inline(inline) => by_inline(cx, client, inline, &assertion).await?,
        KeySource::Uri(uri, last) => {
            let found = by_uri(cx, uri, last.as_ref(), &assertion).await?;
            keep(cx, client, &keys, found).await?
        }
    };
    // The same client cannot use it again; another client's equal `jti` is another one.
    let once = SecretHash::of(&format!("{}\n{}", client.id, assertion.claims.jti));
    match cx
        .store
        .claim_jti(JtiKind::CLIENT_ASSERTION, &once, expires_at)
        .await?
    {
        Inserted::Now => Ok(client),
        Inserted::AlreadyThere => bad("the assertion was used before"),
    }
}

/// Checks everything but the signature. Gives the moment from which on the assertion is refused for its age.
fn check_claims(cx: &Context<'_>, assertion: &Unverified<'_>) -> Result<DateTime<Utc>, TokenError> {
    let claims = &assertion.claims;
    if claims.iss != claims.sub {
        return bad("iss and sub of the assertion differ");
    }
    // "The issuer identifier of the authorization server as the sole value" is today's advice; the token endpoint is
    // what OpenID Connect Core §9 asked for, and RFC 9126 §2 adds its own endpoint. All name nobody else.
    let issuer = cx.rules.issuer.as_str();
    let endpoints = ["/token", "/par"].map(|path| format!("{issuer}{path}"));
    if !resource::same(issuer, &claims.aud) && !endpoints.contains(&claims.aud) {
        return bad("the assertion is for somebody else");
    }
    let time = |seconds: i64| DateTime::from_timestamp(seconds, 0);
    let Some(exp) = time(claims.exp) else {
        return bad("exp of the assertion is no time");
    };
    let end = exp + LEEWAY;
    if cx.now >= end {
        return bad("the assertion is expired");
    }
    if exp > cx.now + MAX_LIFETIME + LEEWAY {
        return bad("the assertion lives too long");
    }
    let begun = |at: Option<i64>| at.is_none_or(|at| at <= (cx.now + LEEWAY).timestamp());
    if !begun(claims.nbf) || !begun(claims.iat) {
        return bad("the assertion is not valid yet");
    }
    Ok(end)
}

fn is_signed(keys: &PublicKeys, assertion: &Unverified<'_>) -> bool {
    keys.verify(
        assertion.alg,
        assertion.kid.as_deref(),
        assertion.signed_part.as_bytes(),
        &assertion.signature,
    )
}

/// Whether other keys could do: the assertion names one that these have not.
fn is_unknown(keys: &PublicKeys, assertion: &Unverified<'_>) -> bool {
    assertion.kid.as_deref().is_none_or(|kid| !keys.has(kid))
}

/// By the keys of the client's own metadata; those of a document may have been renewed.
async fn by_inline(
    cx: &Context<'_>,
    client: Client,
    keys: &PublicKeys,
    assertion: &Unverified<'_>,
) -> Result<Client, TokenError> {
    if is_signed(keys, assertion) {
        return Ok(client);
    }
    if client.origin != ClientOrigin::Document || !is_unknown(keys, assertion) {
        return bad("the assertion's signature does not fit");
    }
    let Ok(url) = DocumentUrl::parse(&client.id.0, &cx.rules.documents) else {
        return bad("the assertion's key is unknown");
    };
    let Ok(newer) = cx.documents.document(&url, Want::Newer).await else {
        return bad("the assertion's key is unknown");
    };
    let renewed = newer.client(Some(&client), cx.now);
    let signed = renewed.keys.as_ref().is_some_and(|keys| {
        let fits = keys.alg.is_none_or(|alg| alg == assertion.alg);
        fits && keys
            .at_hand()
            .is_some_and(|keys| is_signed(keys, assertion))
    });
    if !signed {
        return bad("the assertion's key is unknown");
    }
    cx.store.keep_client(&renewed).await?;
    Ok(renewed)
}

/// By the keys behind `jwks_uri`, fetched anew at most once in a while for a key that is not among them; by the last
/// good copy while they cannot be fetched.
async fn by_uri(
    cx: &Context<'_>,
    uri: &str,
    last: Option<&PublicKeys>,
    assertion: &Unverified<'_>,
) -> Result<PublicKeys, TokenError> {
    let Ok(url) = DocumentUrl::of_keys(uri, &cx.rules.documents.allowed) else {
        return bad("the client's jwks_uri is not fetched");
    };
    let keys = match (cx.documents.keys(&url, Want::Fresh).await, last) {
        (Ok(keys), _) => PublicKeys::clone(&keys),
        (Err(_), Some(last)) => last.clone(),
        (Err(problem), None) => {
            tracing::warn!(%problem, "a client's keys are not to be had");
            return bad("the client's keys cannot be fetched");
        }
    };
    if is_signed(&keys, assertion) {
        return Ok(keys);
    }
    if is_unknown(&keys, assertion)
        && let Ok(newer) = cx.documents.keys(&url, Want::Newer).await
        && is_signed(&newer, assertion)
    {
        return Ok(PublicKeys::clone(&newer));
    }
    bad("the assertion's signature does not fit")
}

/// Stores the keys that did it, when they are new, for a day when their host is down.
async fn keep(
    cx: &Context<'_>,
    client: Client,
    keys: &ClientKeys,
    found: PublicKeys,
) -> Result<Client, TokenError> {
    if keys.at_hand() == Some(&found) {
        return Ok(client);
    }
    let KeySource::Uri(uri, _) = &keys.source else {
        return Ok(client);
    };
    let keys = ClientKeys {
        source: KeySource::Uri(uri.clone(), Some(found)),
        ..keys.clone()
    };
    cx.store.keep_keys(&client.id, &keys).await?;
    Ok(Client {
        keys: Some(keys),
        ..client
    })
}

/// The algorithms that assertions may be signed with.
pub const ALGORITHMS: [SigningAlgorithm; 3] = SigningAlgorithm::ALL;

#[cfg(test)]
mod tests;
