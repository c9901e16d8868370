//! A device asks whether a person has answered, and gets its tokens (RFC 8628 §3.4, §3.5).
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`]. Never: a device code honoured twice, a write for
//! each poll of a client that will not wait.

use loop_shared::auth::dpop::Thumbprint;
use secrecy::{ExposeSecret as _, SecretString};

use super::{GrantProblem, TokenError, TokenSigner, Tokens, ceiling, sign, target};
use crate::{
    client::{Client, GrantType},
    config::Context,
    device::{DeviceAuthorization, DeviceState, INTERVAL_SECONDS, MAX_INTERVAL_SECONDS},
    oidc::{self, Nonce},
    params::Params,
    refresh::{RefreshState, RefreshToken},
    secret::{RawDeviceCode, RawRefreshToken},
    store::{Redeemed, Updated},
};

/// The form of a poll.
#[derive(Clone, Debug)]
pub struct DeviceForm {
    /// The device code, as presented.
    pub device_code: SecretString,
    /// The key that the request has proven (RFC 9449 §5).
    pub key: Option<Thumbprint>,
}

impl DeviceForm {
    /// Reads the form's parameters; unknown ones are ignored (RFC 6749 §3.2).
    ///
    /// # Errors
    /// `invalid_request` for a missing or repeated code.
    pub fn read(params: &[(String, String)]) -> Result<Self, TokenError> {
        let code = Params::new(params).once("device_code")?;
        let code = code.ok_or(TokenError::InvalidRequest("device_code is missing"))?;
        Ok(Self {
            device_code: code.into(),
            key: None,
        })
    }
}

/// Answers a poll.
///
/// # Errors
/// [`TokenError`]; `authorization_pending` and `slow_down` until somebody answered, `access_denied` when they said
/// no, `expired_token` when nobody did in time.
#[tracing::instrument(name = "token.device", skip_all, fields(client = %client.id))]
pub async fn poll(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    form: &DeviceForm,
) -> Result<Tokens, TokenError> {
    if !client.may_use(GrantType::DeviceCode) {
        return Err(TokenError::UnauthorizedClient);
    }
    let code = RawDeviceCode::presented(form.device_code.expose_secret());
    let code = code.ok_or(GrantProblem::Unknown)?;
    let found = cx.store.device(&code.hash()).await?;
    let found = found.ok_or(GrantProblem::Unknown)?;
    let device = &found.authorization;
    if device.client != client.id {
        return Err(GrantProblem::Unknown.into());
    }
    match device.state {
        // Not a replay that ends the grant: a device that lost the answer goes on polling by itself.
        DeviceState::Used(grant) => return Err(GrantProblem::Spent(grant).into()),
        DeviceState::Denied => return Err(TokenError::AccessDenied),
        DeviceState::Pending | DeviceState::Allowed(_) if device.is_expired(cx.now) => {
            return Err(TokenError::ExpiredToken);
        }
        DeviceState::Pending => return Err(wait(cx, device).await?),
        DeviceState::Allowed(_) => {}
    }
    let (grant, user) = found.granted.ok_or(GrantProblem::Unknown)?;
    let target = target::choose(cx, &grant, ceiling(&grant, &user)?, None, None)?;
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
    let identity = grant.identity_scopes();
    let access_token = sign(cx, signer, &grant, &user, &target, identity)?;
    let with = (&access_token, Nonce::LeftOut);
    let oidc = oidc::issue(cx, signer, (&grant, &user), identity, with)?;
    oidc::backchannel::note(cx, client, &grant).await?;
    match cx.store.redeem_device(&device.hash, first.as_ref()).await? {
        Redeemed::Now => Ok(Tokens {
            access_token,
            expires_in: cx.rules.access_ttl.num_seconds(),
            refresh_token: refresh,
            scope: target.scopes,
            resource: target.resource,
            oidc,
        }),
        Redeemed::AlreadyUsed => Err(GrantProblem::Spent(grant.id).into()),
        Redeemed::Gone => Err(GrantProblem::Revoked(grant.id).into()),
    }
}

/// "the interval MUST be increased by 5 seconds for this and all subsequent requests" (RFC 8628 §3.5).
async fn wait(cx: &Context<'_>, device: &DeviceAuthorization) -> Result<TokenError, TokenError> {
    if !device.is_hasty(cx.now) && cx.store.note_poll(device, cx.now).await? == Updated::Now {
        return Ok(TokenError::AuthorizationPending);
    }
    let slower = device
        .interval
        .saturating_add(INTERVAL_SECONDS)
        .min(MAX_INTERVAL_SECONDS);
    if slower > device.interval {
        cx.store.slow_device(&device.hash, slower).await?;
    }
    Ok(TokenError::SlowDown)
}
