//! Token introspection (RFC 7662).
//!
//! In: an authenticated client and a token. Out: what the token is worth at this moment.
//! Never: consumes, rotates, extends or revokes anything; tells why a token is not active; an e-mail
//! address.
//!
//! Least privilege: only a confidential client that an operator added may ask ("the authorization
//! server MUST require some form of authorization", §2.1). It learns of every access token, since those
//! are shown to resource servers, but of refresh tokens only its own: anybody else who holds one stole it.

use loop_shared::auth::{claims::AccessClaims, dpop::Thumbprint, scope::Scopes};
use uuid::Uuid;

use crate::{
    client::{Client, ClientId, ClientOrigin},
    config::Context,
    grant::{Grant, GrantId},
    grants::{self, TokenError},
    refresh::RefreshState,
    secret::RawRefreshToken,
};

/// What a token is worth (RFC 7662 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Nothing, whatever the reason: "the authorization server SHOULD NOT include any additional
    /// information about an inactive token, including why" (§2.2).
    Inactive,
    /// It is honoured.
    Active(Box<Active>),
}

/// An active token. Times are whole seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// What it is good for now: its own scopes that the user's roles still allow. Never empty.
    pub scope: Scopes,
    /// To whom it was issued.
    pub client: ClientId,
    /// Who granted it: a person, or the client for itself.
    pub sub: String,
    /// For which resource; of a refresh token's several, the first.
    pub resource: String,
    /// The grant it belongs to.
    pub sid: GrantId,
    /// From when on it is refused.
    pub exp: i64,
    /// What only access tokens have.
    pub access: Option<AccessOnly>,
}

/// The members of an access token alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessOnly {
    /// When it was signed.
    pub iat: i64,
    /// Its identifier.
    pub jti: String,
    /// The key that it is bound to (RFC 9449 §6.2).
    pub key: Option<Thumbprint>,
}

/// Says what `token` is worth now.
///
/// `access` are the claims of `token` when the caller verified its signature as this server's own
/// access token (its lifetime may have passed); otherwise it is looked up as a refresh token. A hint
/// is not needed.
///
/// # Errors
/// [`TokenError::BadClient`] for a client that may not ask, before the token is looked at;
/// [`TokenError::Store`].
#[tracing::instrument(name = "token.introspect", skip_all, fields(client = %client.id))]
pub async fn introspect(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
    access: Option<&AccessClaims>,
) -> Result<Introspection, TokenError> {
    if client.is_public() || client.origin != ClientOrigin::Operator {
        return Err(TokenError::BadClient("the client may not introspect"));
    }
    let active = match access {
        Some(claims) => of_access(cx, claims).await?,
        None => of_refresh(cx, client, token).await?,
    };
    Ok(active.map_or(Introspection::Inactive, |active| {
        Introspection::Active(Box::new(active))
    }))
}

/// An access token is worth what its grant still is. Every one is issued under a grant (`sid`).
async fn of_access(cx: &Context<'_>, claims: &AccessClaims) -> Result<Option<Active>, TokenError> {
    let now = cx.now.timestamp();
    let timely = now < claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now);
    if claims.iss.as_str() != cx.rules.issuer.as_str() || !timely {
        return Ok(None);
    }
    let sid = claims.sid.as_ref().map(|sid| Uuid::parse_str(sid.as_str()));
    let Some(Ok(sid)) = sid else { return Ok(None) };
    let Some((grant, user)) = cx.store.grant_with_user(GrantId(sid)).await? else {
        return of_client(cx, claims, GrantId(sid)).await;
    };
    let fits = claims.client_id.as_str() == grant.client.0
        && claims.sub.as_str() == user.id.to_string()
        && grant.resources().any(|id| claims.aud.contains(id));
    let Some(ceiling) = grants::ceiling(&grant, &user).ok().filter(|_| fits) else {
        return Ok(None);
    };
    let scope = claims.scope.intersection(ceiling);
    let resource = audience(claims, &grant);
    Ok((!scope.is_empty()).then(|| Active {
        scope,
        client: grant.client,
        sub: user.id.to_string(),
        resource,
        sid: grant.id,
        exp: claims.exp,
        access: Some(access_only(claims)),
    }))
}

/// The one resource of an access token.
fn audience(claims: &AccessClaims, grant: &Grant) -> String {
    let mut granted = grant.resources();
    let named = granted.find(|id| claims.aud.contains(id));
    named.unwrap_or(&grant.resource).to_owned()
}

fn access_only(claims: &AccessClaims) -> AccessOnly {
    AccessOnly {
        iat: claims.iat,
        jti: claims.jti.as_str().to_owned(),
        key: claims.cnf.as_ref().and_then(|cnf| cnf.jkt.clone()),
    }
}

/// A client's own token is worth what the operator still allows it.
async fn of_client(
    cx: &Context<'_>,
    claims: &AccessClaims,
    sid: GrantId,
) -> Result<Option<Active>, TokenError> {
    let Some((grant, client)) = cx.store.client_grant(sid).await? else {
        return Ok(None);
    };
    let fits = grant.revoked_at.is_none()
        && claims.client_id.as_str() == grant.client.0
        && claims.sub.as_str() == grant.client.0;
    let mut resources = cx.rules.resources.iter();
    let resource = resources.find(|resource| claims.aud.contains(&resource.id));
    let Some(resource) = resource.filter(|_| fits) else {
        return Ok(None);
    };
    let ceiling = grants::client_credentials::ceiling(&client, resource.scopes);
    let scope = claims.scope.intersection(ceiling);
    Ok((!scope.is_empty()).then(|| Active {
        scope,
        sub: grant.client.0.clone(),
        client: grant.client,
        resource: resource.id.clone(),
        sid: grant.id,
        exp: claims.exp,
        access: Some(access_only(claims)),
    }))
}

/// A refresh token is active as long as the token endpoint would answer it: also while its successor
/// is unused. A replayed one is only said to be inactive; ending its family is the token endpoint's.
async fn of_refresh(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
) -> Result<Option<Active>, TokenError> {
    let Some(raw) = RawRefreshToken::presented(token) else {
        return Ok(None);
    };
    let Some(found) = cx.store.refresh_token(&raw.hash()).await? else {
        return Ok(None);
    };
    let usable = found.grant.client == client.id
        && found.token.state != RefreshState::Retired
        && !found.token.is_expired(cx.now);
    let Some(scope) = grants::ceiling(&found.grant, &found.user)
        .ok()
        .filter(|_| usable)
    else {
        return Ok(None);
    };
    Ok(Some(Active {
        scope,
        client: found.grant.client,
        sub: found.user.id.to_string(),
        resource: found.grant.resource,
        sid: found.grant.id,
        exp: found.token.expires_at.timestamp(),
        access: None,
    }))
}

#[cfg(test)]
mod tests;
