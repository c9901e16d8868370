//! Refreshes an access token (RFC 6749 §6) with use-confirmed rotation (see [`crate::refresh`]).
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`].
//! Never: more than was granted, more than today's roles allow, two successors of one token.

use loop_shared::auth::{dpop::Thumbprint, scope::Scopes};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    GrantProblem, TokenError, TokenSigner, Tokens, ceiling, revoke, sign,
    target::{self, Target},
};
use crate::{
    client::{Client, GrantType},
    config::Context,
    dpop, federation,
    grant::{Grant, GrantId, RevokeReason},
    oidc::{self, IdentityScopes, Nonce},
    params::Params,
    refresh::{self, RefreshState, RefreshToken},
    secret::RawRefreshToken,
    store::Rotated,
    user::User,
};

/// The form of a refresh.
#[derive(Clone, Debug)]
pub struct RefreshForm {
    /// The refresh token, as presented.
    pub refresh_token: SecretString,
    /// A narrower scope for this access token only.
    pub scope: Option<String>,
    /// RFC 8707 §2.2; must be the grant's.
    pub resource: Option<String>,
    /// The key that the request has proven (RFC 9449 §5).
    pub key: Option<Thumbprint>,
}

impl RefreshForm {
    /// Reads the form's parameters; unknown ones are ignored (RFC 6749 §3.2).
    ///
    /// # Errors
    /// `invalid_request` for a missing token or a repeated parameter; `invalid_target` for two resources.
    pub fn read(params: &[(String, String)]) -> Result<Self, TokenError> {
        let params = Params::new(params);
        Ok(Self {
            refresh_token: params
                .once("refresh_token")?
                .ok_or(TokenError::InvalidRequest("refresh_token is missing"))?
                .into(),
            scope: params.once("scope")?.map(str::to_owned),
            resource: params
                .agreed("resource")
                .map_err(|_| TokenError::InvalidTarget)?
                .map(str::to_owned),
            key: None,
        })
    }
}

/// Refreshes.
///
/// # Errors
/// [`TokenError`]. A token whose successor has been used, presented again by its own client, also
/// revokes its whole family.
#[tracing::instrument(name = "token.refresh", skip_all, fields(client = %client.id))]
pub async fn refresh(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    form: RefreshForm,
) -> Result<Tokens, TokenError> {
    if !client.may_use(GrantType::RefreshToken) {
        return Err(TokenError::UnauthorizedClient);
    }
    let raw = RawRefreshToken::presented(form.refresh_token.expose_secret())
        .ok_or(GrantProblem::Unknown)?;
    let found = cx
        .store
        .refresh_token(&raw.hash())
        .await?
        .ok_or(GrantProblem::Unknown)?;
    let grant = &found.grant;
    if grant.client != client.id {
        return Err(GrantProblem::WrongClient(grant.id).into());
    }
    if found.token.state == RefreshState::Retired {
        return replayed(cx, client, grant.id).await;
    }
    if found.token.is_expired(cx.now) {
        return Err(GrantProblem::Expired(grant.id).into());
    }
    dpop::check_key(grant.id, found.token.key.as_ref(), form.key.as_ref())?;
    let ceiling = allowed(cx, grant, &found.user).await?;
    let named = form.resource.as_deref();
    let wanted = form.scope.as_deref().map(Scopes::parse_lossy);
    let target = target::choose(cx, grant, ceiling, named, wanted)?;
    let (scope, identity) = narrowed(grant, target.scopes, form.scope.as_deref())?;
    let target = Target {
        scopes: scope,
        ..target
    };
    let next = refresh::successor(&grant.rotation_key, &raw);
    let successor = RefreshToken {
        hash: next.hash(),
        grant: grant.id,
        parent: Some(found.token.hash),
        state: RefreshState::Live,
        key: bound_to(client, &found.token, form.key),
        expires_at: cx.now + cx.rules.refresh_ttl,
    };
    let access_token = sign(cx, signer, grant, &found.user, &target, identity)?;
    let with = (&access_token, Nonce::LeftOut);
    let oidc = oidc::issue(cx, signer, (grant, &found.user), identity, with)?;
    let rotating = cx.store.rotate(&found.token.hash, &successor, cx.now);
    match rotating.await? {
        Rotated::Now => Ok(Tokens {
            access_token,
            expires_in: cx.rules.access_ttl.num_seconds(),
            refresh_token: Some(next),
            scope,
            resource: target.resource,
            oidc,
        }),
        Rotated::Replayed => replayed(cx, client, grant.id).await,
        Rotated::Gone => Err(GrantProblem::Revoked(grant.id).into()),
    }
}

/// The scopes that the user may still have, if the rules of federation still allow the user at all.
async fn allowed(cx: &Context<'_>, grant: &Grant, user: &User) -> Result<Scopes, TokenError> {
    let ceiling = ceiling(grant, user)?;
    if federation::may_stay(cx, user).await? {
        Ok(ceiling)
    } else {
        Err(GrantProblem::NotAllowed(grant.id).into())
    }
}

/// A successor is bound to what its token was. A public client that proves a key for the first time binds its
/// family from here on ("refresh tokens [...] MUST be bound", RFC 9449 §5).
fn bound_to(client: &Client, token: &RefreshToken, key: Option<Thumbprint>) -> Option<Thumbprint> {
    token.key.clone().or(key.filter(|_| client.is_public()))
}

/// A retired token came back: somebody has a copy, so nobody keeps the family (RFC 9700 §4.14.2).
async fn replayed(cx: &Context<'_>, client: &Client, grant: GrantId) -> Result<Tokens, TokenError> {
    revoke(cx, grant, client, RevokeReason::RefreshReplayed).await?;
    Err(GrantProblem::Replayed(grant).into())
}

/// "The requested scope MUST NOT include any scope not originally granted" (RFC 6749 §6). Names this
/// server does not know (`offline_access`) are dropped, as they were when it was granted; so are identity
/// scopes that the grant does not have, as clients name them out of habit.
fn narrowed(
    grant: &Grant,
    ceiling: Scopes,
    requested: Option<&str>,
) -> Result<(Scopes, IdentityScopes), TokenError> {
    let granted = grant.identity_scopes();
    let Some(requested) = requested else {
        return Ok((ceiling, granted));
    };
    let identity = IdentityScopes::parse_lossy(requested).intersection(granted);
    let requested = Scopes::parse_lossy(requested);
    let scope = requested.intersection(ceiling);
    let nothing = scope.is_empty() && (identity.is_empty() || !requested.is_empty());
    if !requested.is_subset(grant.scopes) || nothing {
        return Err(TokenError::InvalidScope);
    }
    Ok((scope, identity))
}
