//! A token for the client itself (RFC 6749 §4.4).
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`].
//! Never: a public client, roles, a refresh token ("SHOULD NOT be included", §4.4.3), more than an operator allowed.

use loop_shared::auth::{
    claims::{self, AccessClaims, Audience},
    scope::{Roles, Scopes},
};

use super::{TokenError, TokenSigner, Tokens};
use crate::{
    audit,
    client::{Client, GrantType},
    client_grant::ClientGrant,
    config::Context,
    grant::GrantId,
    oidc,
    params::Params,
};

/// The form of a client that asks for itself.
#[derive(Clone, Debug, Default)]
pub struct ClientForm {
    /// What it asks for; `None`: everything it may have there.
    pub scope: Option<String>,
    /// RFC 8707 §2.2; `None`: the resource that the scopes belong to.
    pub resource: Option<String>,
}

impl ClientForm {
    /// Reads the form's parameters; unknown ones are ignored (RFC 6749 §3.2).
    ///
    /// # Errors
    /// `invalid_request` for a repeated parameter; `invalid_target` for two resources.
    pub fn read(params: &[(String, String)]) -> Result<Self, TokenError> {
        let params = Params::new(params);
        Ok(Self {
            scope: params.once("scope")?.map(str::to_owned),
            resource: params
                .agreed("resource")
                .map_err(|_| TokenError::InvalidTarget)?
                .map(str::to_owned),
        })
    }
}

/// Issues an access token to the client itself: one signature, and one write the first time.
///
/// # Errors
/// [`TokenError`].
#[tracing::instrument(name = "token.client", skip_all, fields(client = %client.id))]
pub async fn issue(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    form: ClientForm,
) -> Result<Tokens, TokenError> {
    asked(cx, client, &form)?;
    let (grant, client) = own_grant(cx, client).await?;
    // The client as it was at the moment of the grant: whoever takes something from it ends the grant.
    let (scope, resource) = asked(cx, &client, &form)?;
    let now = cx.now.timestamp();
    let claims = AccessClaims {
        iss: cx.rules.issuer.as_str().to_owned(),
        sub: claims::Subject(client.id.0.clone()),
        aud: Audience::one(resource.clone()),
        exp: now.saturating_add(cx.rules.access_ttl.num_seconds()),
        iat: now,
        nbf: None,
        jti: claims::TokenId(cx.uuid()?.to_string()),
        client_id: claims::ClientId(client.id.0),
        scope,
        roles: Roles::NONE,
        sid: Some(claims::GrantId(grant.id.to_string())),
        cnf: None,
    };
    Ok(Tokens {
        access_token: signer.sign(&claims)?,
        expires_in: cx.rules.access_ttl.num_seconds(),
        refresh_token: None,
        scope,
        resource,
        oidc: oidc::Issued::default(),
    })
}

/// What a client may have for itself at a resource: what an operator wrote down, and the resource offers.
pub(crate) fn ceiling(client: &Client, offered: Scopes) -> Scopes {
    if client.is_public() || !client.may_use(GrantType::ClientCredentials) {
        return Scopes::NONE;
    }
    client.scope.unwrap_or(Scopes::NONE).intersection(offered)
}

/// Names that this server does not know (`offline_access`) are dropped; a known scope too much is an error.
fn asked(
    cx: &Context<'_>,
    client: &Client,
    form: &ClientForm,
) -> Result<(Scopes, String), TokenError> {
    if client.is_public() || !client.may_use(GrantType::ClientCredentials) {
        return Err(TokenError::UnauthorizedClient);
    }
    let requested = form.scope.as_deref().map(Scopes::parse_lossy);
    let resources = &cx.rules.resources;
    let resource = match form.resource.as_deref() {
        Some(id) => resources.find(id).ok_or(TokenError::InvalidTarget)?,
        None => resources.for_scopes(requested.or(client.scope).unwrap_or(Scopes::NONE)),
    };
    let ceiling = ceiling(client, resource.scopes);
    let scope = requested.unwrap_or(ceiling);
    if scope.is_empty() || !scope.is_subset(ceiling) {
        return Err(TokenError::InvalidScope);
    }
    Ok((scope, resource.id.clone()))
}

async fn own_grant(cx: &Context<'_>, client: &Client) -> Result<(ClientGrant, Client), TokenError> {
    if let Some(open) = cx.store.open_client_grant(&client.id).await? {
        return Ok(open);
    }
    let new = ClientGrant {
        id: GrantId(cx.uuid()?),
        client: client.id.clone(),
        created_at: cx.now,
        revoked_at: None,
    };
    let open = cx.store.add_client_grant(&new).await?;
    let (grant, client) = open.ok_or(TokenError::BadClient("the client was removed"))?;
    if grant.id == new.id {
        audit::client_granted(grant.id, &client.id);
    }
    Ok((grant, client))
}

#[cfg(test)]
mod tests;
