//! The userinfo endpoint (`OpenID` Connect Core §5.3).
//!
//! In: the claims of an access token that this server signed. Out: claims about its user, or why not.
//! Never: an `id_token` taken for an access token; a grant or user that ended a moment ago honoured.

use loop_shared::auth::{
    claims::{Audience, Confirmation},
    dpop::Thumbprint,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{IdentityScopes, about};
use crate::{config::Context, dpop::Unproven, grant::GrantId, store::StoreError};

/// What the endpoint reads of an access token: also what resource servers do not.
#[derive(Clone, Debug, Deserialize)]
pub struct Presented {
    /// The issuer.
    pub iss: String,
    /// Whom it stands for.
    pub sub: String,
    /// For which resources; the endpoint takes tokens of any, since the grant says who may know what.
    pub aud: Audience,
    /// When it ends, in seconds since the Unix epoch.
    pub exp: i64,
    /// To whom it was issued.
    pub client_id: String,
    /// Everything it was granted, as text.
    #[serde(default)]
    pub scope: String,
    /// The grant it came from.
    #[serde(default)]
    pub sid: Option<String>,
    /// The key it is bound to (RFC 7800), if it is.
    #[serde(default)]
    pub cnf: Option<Confirmation>,
}

/// Why nothing is said.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    /// No token at all.
    #[error("no access token")]
    Missing,
    /// More than one token, or a malformed request; the text is safe to show.
    #[error("{0}")]
    Malformed(&'static str),
    /// The token is not honoured, for a reason that is for the log.
    #[error("the access token is not honoured: {0}")]
    Invalid(&'static str),
    /// The token is bound to a key that is not shown, or not bound to the one that is (RFC 9449 §7.1).
    #[error("the access token's key: {0}")]
    Key(&'static str),
    /// The proof that came with the token is no good (RFC 9449 §7.1).
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// It has no `openid`.
    #[error("the access token has no openid scope")]
    Insufficient,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserinfoError {
    /// Status and `error` code (RFC 6750 §3.1); without a token there is no code.
    #[must_use]
    pub const fn oauth(&self) -> (u16, Option<&'static str>) {
        match self {
            Self::Missing => (401, None),
            Self::Malformed(_) => (400, Some("invalid_request")),
            Self::Invalid(_) | Self::Key(_) => (401, Some("invalid_token")),
            Self::Unproven(Unproven::Proof(_)) => (401, Some("invalid_dpop_proof")),
            Self::Unproven(Unproven::Nonce(_)) => (401, Some("use_dpop_nonce")),
            Self::Insufficient => (403, Some("insufficient_scope")),
            Self::Store(error) | Self::Unproven(Unproven::Store(error)) => match error {
                StoreError::Unavailable(_) => (503, Some("temporarily_unavailable")),
                StoreError::Failed(_) | StoreError::Corrupt { .. } => (500, Some("server_error")),
            },
        }
    }
}

/// Says who the token's user is, as far as its scopes go, to whoever has shown `key`.
///
/// # Errors
/// [`UserinfoError`]. Grant and user are looked up each time: what ended is refused at once.
#[tracing::instrument(name = "oidc.userinfo", skip_all)]
pub async fn userinfo(
    cx: &Context<'_>,
    token: &Presented,
    key: Option<&Thumbprint>,
) -> Result<Map<String, Value>, UserinfoError> {
    if token.iss != cx.rules.issuer.as_str() {
        return Err(UserinfoError::Invalid("of another issuer"));
    }
    if cx.now.timestamp() >= token.exp {
        return Err(UserinfoError::Invalid("expired"));
    }
    check_key(token, key)?;
    let sid = token.sid.as_deref().map(Uuid::try_parse);
    let Some(Ok(sid)) = sid else {
        return Err(UserinfoError::Invalid("without a grant"));
    };
    let found = cx.store.grant_with_user(GrantId(sid)).await?;
    let (grant, user) = found.ok_or(UserinfoError::Invalid("of a forgotten grant"))?;
    let fits = grant.client.0 == token.client_id
        && user.id.to_string() == token.sub
        && grant
            .resources()
            .any(|resource| token.aud.contains(resource));
    if !fits || grant.revoked_at.is_some() {
        return Err(UserinfoError::Invalid("of a revoked grant"));
    }
    if !user.is_active() {
        return Err(UserinfoError::Invalid("of a disabled user"));
    }
    let granted = grant
        .identity
        .map_or(IdentityScopes::NONE, |identity| identity.scopes);
    let scopes = IdentityScopes::parse_lossy(&token.scope).intersection(granted);
    if scopes.is_empty() {
        return Err(UserinfoError::Insufficient);
    }
    Ok(about(&user, scopes))
}

/// "A resource server MUST [...] check that the public key to which the access token is bound matches the public key
/// from the DPoP proof" (RFC 9449 §4.3). A confirmation of another kind binds to what nobody can show here.
fn check_key(token: &Presented, shown: Option<&Thumbprint>) -> Result<(), UserinfoError> {
    let bound = token.cnf.as_ref().map(|cnf| cnf.jkt.as_ref());
    match (bound, shown) {
        (None, None) => Ok(()),
        (Some(Some(bound)), Some(shown)) if bound == shown => Ok(()),
        (Some(_), None) => Err(UserinfoError::Key("bound, and shown as a bearer")),
        (None, Some(_)) => Err(UserinfoError::Key("bound to none, and shown with a proof")),
        (Some(_), Some(_)) => Err(UserinfoError::Key("bound to another")),
    }
}
