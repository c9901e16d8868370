//! The token endpoint (RFC 6749 §3.2): one use case a file.
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`].
//! Order everywhere: check everything, sign, one conditional write, answer.
//! Never: HTTP, SQL, the system clock, a signing key.

pub mod authorization_code;
mod error;
pub mod refresh_token;

use loop_shared::auth::{
    claims::{self, AccessClaims, Audience},
    scope::Scopes,
};
use secrecy::SecretString;

pub use error::{GrantProblem, TokenError};

use crate::{
    audit,
    client::Client,
    config::Context,
    grant::{Grant, RevokeReason},
    params::Params,
    resource,
    secret::RawRefreshToken,
    store::Updated,
    user::User,
};

/// Signs access tokens (RFC 9068): header `typ: at+jwt`, `alg`, `kid`.
pub trait TokenSigner: Send + Sync {
    /// The compact JWS of these claims.
    ///
    /// # Errors
    /// [`SignError`] when no key can sign; nothing has been consumed then.
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError>;
}

/// No token could be signed. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing failed: {0}")]
pub struct SignError(pub String);

/// A successful token answer (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The JWT.
    pub access_token: SecretString,
    /// Its lifetime in seconds.
    pub expires_in: i64,
    /// The refresh token to keep, when the client may use one.
    pub refresh_token: Option<RawRefreshToken>,
    /// What the access token carries.
    pub scope: Scopes,
    /// For which resource it is good.
    pub resource: String,
}

/// Answers a token request by its `grant_type`.
///
/// # Errors
/// [`TokenError`]; `unsupported_grant_type` for a grant this server does not offer.
pub async fn answer(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    params: &[(String, String)],
) -> Result<Tokens, TokenError> {
    match Params::new(params).once("grant_type")? {
        Some("authorization_code") => {
            let form = authorization_code::CodeForm::read(params)?;
            authorization_code::exchange(cx, signer, client, form).await
        }
        Some("refresh_token") => {
            let form = refresh_token::RefreshForm::read(params)?;
            refresh_token::refresh(cx, signer, client, form).await
        }
        Some(_) => Err(TokenError::UnsupportedGrantType),
        None => Err(TokenError::InvalidRequest("grant_type is missing")),
    }
}

/// What a user of today may still have of a grant of yesterday.
fn ceiling(grant: &Grant, user: &User) -> Result<Scopes, TokenError> {
    if grant.revoked_at.is_some() {
        return Err(GrantProblem::Revoked(grant.id).into());
    }
    if !user.is_active() {
        return Err(GrantProblem::UserDisabled(grant.id).into());
    }
    let scopes = grant.scopes.intersection(user.roles.allowed_scopes());
    if scopes.is_empty() {
        return Err(GrantProblem::RoleLost(grant.id).into());
    }
    Ok(scopes)
}

/// `resource` at the token endpoint must be the grant's (RFC 8707 §2.2).
fn check_resource(grant: &Grant, requested: Option<&str>) -> Result<(), TokenError> {
    match requested {
        Some(requested) if !resource::same(&grant.resource, requested) => {
            Err(TokenError::InvalidTarget)
        }
        Some(_) | None => Ok(()),
    }
}

fn sign(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    grant: &Grant,
    user: &User,
    scope: Scopes,
) -> Result<SecretString, TokenError> {
    let now = cx.now.timestamp();
    let claims = AccessClaims {
        iss: cx.rules.issuer.as_str().to_owned(),
        sub: claims::Subject(user.id.to_string()),
        aud: Audience::one(grant.resource.clone()),
        exp: now.saturating_add(cx.rules.access_ttl.num_seconds()),
        iat: now,
        nbf: None,
        jti: claims::TokenId(cx.uuid()?.to_string()),
        client_id: claims::ClientId(grant.client.0.clone()),
        scope,
        roles: user.roles,
        sid: Some(claims::GrantId(grant.id.to_string())),
    };
    Ok(signer.sign(&claims)?)
}

/// Ends the grant and everything under it, and says so once in the audit trail.
pub(crate) async fn revoke(
    cx: &Context<'_>,
    grant: crate::grant::GrantId,
    client: &Client,
    reason: RevokeReason,
) -> Result<(), TokenError> {
    match cx.store.revoke_grant(grant, reason, cx.now).await? {
        Updated::Now => audit::grant_revoked(grant, &client.id, reason),
        Updated::NotFound => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
