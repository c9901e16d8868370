//! Token revocation (RFC 7009).
//!
//! In: an authenticated client and a token. Out: success, also for tokens nobody knows: "invalid
//! tokens do not cause an error response" (§2.2). Never: another client's token.

use loop_shared::auth::claims::AccessClaims;
use uuid::Uuid;

use crate::{
    client::Client,
    config::Context,
    grant::{GrantId, RevokeReason},
    grants::{self, TokenError},
    secret::RawRefreshToken,
};

/// Ends the grant that the token belongs to, if the token is this client's.
///
/// `access` are the claims of `token` when the caller verified it as an access token (its lifetime
/// may have passed); otherwise it is looked up as a refresh token. A hint is not needed.
///
/// # Errors
/// [`TokenError::Store`] only.
#[tracing::instrument(name = "token.revoke", skip_all, fields(client = %client.id))]
pub async fn revoke(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
    access: Option<&AccessClaims>,
) -> Result<(), TokenError> {
    let grant = match access {
        Some(claims) => of_access(client, claims),
        None => of_refresh(cx, client, token).await?,
    };
    match grant {
        Some(grant) => grants::revoke(cx, grant, client, RevokeReason::ByClient).await,
        None => Ok(()),
    }
}

fn of_access(client: &Client, claims: &AccessClaims) -> Option<GrantId> {
    let own = claims.client_id.as_str() == client.id.0;
    let sid = claims.sid.as_ref().filter(|_| own)?;
    Uuid::parse_str(sid.as_str()).ok().map(GrantId)
}

async fn of_refresh(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
) -> Result<Option<GrantId>, TokenError> {
    let Some(raw) = RawRefreshToken::presented(token) else {
        return Ok(None);
    };
    let found = cx.store.refresh_token(&raw.hash()).await?;
    Ok(found
        .filter(|found| found.grant.client == client.id)
        .map(|found| found.grant.id))
}
