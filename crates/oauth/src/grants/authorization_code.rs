//! Exchanges an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6).
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`].
//! Never: HTTP, SQL, the system clock; a code honoured twice.

use loop_shared::auth::dpop::Thumbprint;
use secrecy::{ExposeSecret as _, SecretString};

use super::{GrantProblem, TokenError, TokenSigner, Tokens, ceiling, revoke, sign, target};
use crate::{
    client::{Client, GrantType},
    code::CodeChallenge,
    config::Context,
    dpop,
    grant::RevokeReason,
    params::Params,
    pkce,
    refresh::{RefreshState, RefreshToken},
    secret::{RawCode, RawRefreshToken},
    store::{CodeContext, Redeemed},
};

/// The form of a code exchange.
#[derive(Clone, Debug)]
pub struct CodeForm {
    /// The code, as presented.
    pub code: SecretString,
    /// Required when the authorization request had one.
    pub redirect_uri: Option<String>,
    /// The PKCE verifier: required exactly when the authorization request had a challenge.
    pub code_verifier: Option<SecretString>,
    /// RFC 8707 §2.2.
    pub resource: Option<String>,
    /// The key that the request has proven (RFC 9449 §5).
    pub key: Option<Thumbprint>,
}

impl CodeForm {
    /// Reads the form's parameters; unknown ones are ignored (RFC 6749 §3.2).
    ///
    /// # Errors
    /// `invalid_request` for a missing code or a repeated parameter; `invalid_target` for two resources.
    pub fn read(params: &[(String, String)]) -> Result<Self, TokenError> {
        let params = Params::new(params);
        Ok(Self {
            code: params
                .once("code")?
                .ok_or(TokenError::InvalidRequest("code is missing"))?
                .into(),
            redirect_uri: params.once("redirect_uri")?.map(str::to_owned),
            code_verifier: params.once("code_verifier")?.map(SecretString::from),
            resource: params
                .agreed("resource")
                .map_err(|_| TokenError::InvalidTarget)?
                .map(str::to_owned),
            key: None,
        })
    }
}

/// Exchanges a code.
///
/// # Errors
/// [`TokenError`]. A code presented by its own client a second time also revokes what the first
/// exchange issued; presented by anyone else it stays as it was.
#[tracing::instrument(name = "token.code", skip_all, fields(client = %client.id))]
pub async fn exchange(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    form: CodeForm,
) -> Result<Tokens, TokenError> {
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(TokenError::UnauthorizedClient);
    }
    let code = RawCode::presented(form.code.expose_secret()).ok_or(GrantProblem::Unknown)?;
    let found = cx
        .store
        .code(&code.hash())
        .await?
        .ok_or(GrantProblem::Unknown)?;
    let grant = &found.grant;
    if found.code.client != client.id || grant.client != client.id {
        return Err(GrantProblem::WrongClient(grant.id).into());
    }
    if found.code.used_at.is_some() {
        return replayed(cx, client, &found).await;
    }
    if found.code.is_expired(cx.now) {
        return Err(GrantProblem::Expired(grant.id).into());
    }
    check_redirect(client, &found, form.redirect_uri.as_deref())?;
    check_verifier(cx, client, &found, form.code_verifier.as_ref())?;
    dpop::check_key(grant.id, found.code.key.as_ref(), form.key.as_ref())?;
    let ceiling = ceiling(grant, &found.user)?;
    let target = target::choose(cx, grant, ceiling, form.resource.as_deref(), None)?;
    let refresh = client
        .may_use(GrantType::RefreshToken)
        .then(|| RawRefreshToken::generate(cx.entropy))
        .transpose()?;
    let first = refresh.as_ref().map(|raw| RefreshToken {
        hash: raw.hash(),
        grant: grant.id,
        parent: None,
        state: RefreshState::Live,
        // A confidential client's are bound by its secret (RFC 9449 §5).
        key: form.key.clone().filter(|_| client.is_public()),
        expires_at: cx.now + cx.rules.refresh_ttl,
    });
    let access_token = sign(cx, signer, grant, &found.user, &target)?;
    match cx
        .store
        .redeem_code(&found.code.hash, first.as_ref(), cx.now)
        .await?
    {
        Redeemed::Now => Ok(Tokens {
            access_token,
            expires_in: cx.rules.access_ttl.num_seconds(),
            refresh_token: refresh,
            scope: target.scopes,
            resource: target.resource,
        }),
        Redeemed::AlreadyUsed => replayed(cx, client, &found).await,
        Redeemed::Gone => Err(GrantProblem::Revoked(grant.id).into()),
    }
}

/// "If an authorization code is used more than once, the authorization server MUST deny the request
/// and SHOULD revoke (when possible) all tokens previously issued" (RFC 6749 §4.1.2).
async fn replayed(
    cx: &Context<'_>,
    client: &Client,
    found: &CodeContext,
) -> Result<Tokens, TokenError> {
    revoke(cx, found.grant.id, client, RevokeReason::CodeReplayed).await?;
    Err(GrantProblem::Replayed(found.grant.id).into())
}

/// "REQUIRED, if the `redirect_uri` parameter was included in the authorization request […] and their
/// values MUST be identical" (RFC 6749 §4.1.3).
fn check_redirect(
    client: &Client,
    found: &CodeContext,
    presented: Option<&str>,
) -> Result<(), TokenError> {
    let same = match (&found.code.redirect_uri, presented) {
        (None, None) => true,
        (Some(requested), Some(presented)) => requested == presented,
        (None, Some(presented)) => client.redirect_uris.iter().any(|uri| uri == presented),
        (Some(_), None) => return Err(TokenError::InvalidRequest("redirect_uri is missing")),
    };
    if same {
        Ok(())
    } else {
        Err(GrantProblem::WrongRedirect(found.grant.id).into())
    }
}

/// A verifier without a challenge is a downgrade: somebody took the challenge out on its way
/// (RFC 9700 §4.8.2). What the phase of today refuses is not honoured although an earlier one took it.
fn check_verifier(
    cx: &Context<'_>,
    client: &Client,
    found: &CodeContext,
    verifier: Option<&SecretString>,
) -> Result<(), TokenError> {
    let challenge = &found.code.challenge;
    if !cx.rules.pkce.phase_of(client).honours(client, challenge) {
        return Err(GrantProblem::PhaseOver(found.grant.id).into());
    }
    match (challenge, verifier) {
        (CodeChallenge::None, None) => Ok(()),
        (CodeChallenge::None, Some(_)) => Err(GrantProblem::Downgraded(found.grant.id).into()),
        (CodeChallenge::S256(_) | CodeChallenge::Plain(_), None) => {
            Err(TokenError::InvalidRequest("code_verifier is missing"))
        }
        (CodeChallenge::S256(_) | CodeChallenge::Plain(_), Some(verifier)) => {
            if pkce::verify(challenge, verifier.expose_secret()) {
                Ok(())
            } else {
                Err(GrantProblem::WrongVerifier(found.grant.id).into())
            }
        }
    }
}
