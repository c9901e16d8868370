//! A device asks for its codes (RFC 8628 §3.1).

use std::net::IpAddr;

use loop_shared::auth::scope::Scopes;

use super::{DeviceAuthorization, DeviceState, INTERVAL_SECONDS, UserCode};
use crate::{
    budget::{self, Wait},
    client::{Client, GrantType},
    config::Context,
    grants::TokenError,
    oidc::IdentityScopes,
    params::Params,
    resource,
    secret::RawDeviceCode,
    store::Inserted,
};

/// Draws of a user code, should one be taken: a second one never was seen to be.
const DRAWS: usize = 5;

/// The form of a device's request.
#[derive(Clone, Debug, Default)]
pub struct DeviceForm {
    /// What it asks for; `None`: everything its resource offers.
    pub scope: Option<String>,
    /// RFC 8707 §2.
    pub resource: Option<String>,
}

impl DeviceForm {
    /// Reads the form's parameters; unknown ones are ignored (RFC 8628 §3.1).
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

/// Codes for a device, handed out once.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the device polls with.
    pub device_code: RawDeviceCode,
    /// What the person types.
    pub user_code: UserCode,
    /// Seconds that both are good for.
    pub expires_in: i64,
    /// Seconds between two polls.
    pub interval: i64,
}

/// Why a device gets no codes.
#[derive(Debug, thiserror::Error)]
pub enum DeviceRefused {
    /// The request is not right.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Too many requests.
    #[error("too many devices ask; {0}")]
    TooMany(Wait),
}

/// Begins: checks the request as the authorization endpoint would, and stores it under both codes.
///
/// # Errors
/// [`DeviceRefused`].
#[tracing::instrument(name = "device.begin", skip_all, fields(client = %client.id))]
pub async fn begin(
    cx: &Context<'_>,
    client: &Client,
    form: &DeviceForm,
    address: Option<IpAddr>,
) -> Result<Begun, DeviceRefused> {
    if !client.may_use(GrantType::DeviceCode) {
        return Err(TokenError::UnauthorizedClient.into());
    }
    let (scopes, identity, resource) = asked(cx, client, form)?;
    let rules = &cx.rules.device;
    rules
        .begun
        .take(address.map(budget::party), cx.now)
        .map_err(DeviceRefused::TooMany)?;
    let device_code = RawDeviceCode::generate(cx.entropy).map_err(TokenError::from)?;
    for _ in 0..DRAWS {
        let user_code = UserCode::generate(cx.entropy).map_err(TokenError::from)?;
        let authorization = DeviceAuthorization {
            hash: device_code.hash(),
            user_code: user_code.hash(),
            client: client.id.clone(),
            resource: resource.clone(),
            scopes,
            identity,
            expires_at: cx.now + rules.code_ttl,
            state: DeviceState::Pending,
            interval: INTERVAL_SECONDS,
            polled_at: None,
        };
        let added = cx.store.add_device(&authorization).await;
        if added.map_err(TokenError::from)? == Inserted::Now {
            return Ok(Begun {
                device_code,
                user_code,
                expires_in: rules.code_ttl.num_seconds(),
                interval: INTERVAL_SECONDS,
            });
        }
    }
    Err(TokenError::from(crate::entropy::NoEntropy).into())
}

/// Unknown scopes are dropped; nothing known left is an error; no scope means all of the resource's. Identity scopes alone
/// are for the userinfo endpoint, as at the authorization endpoint: their resource is this server.
fn asked(
    cx: &Context<'_>,
    client: &Client,
    form: &DeviceForm,
) -> Result<(Scopes, IdentityScopes, String), TokenError> {
    let asked = form.scope.as_deref().map(Scopes::parse_lossy);
    let identity = form.scope.as_deref().map(IdentityScopes::parse_lossy);
    let identity = identity.unwrap_or_default();
    if asked.is_some_and(Scopes::is_empty) && !identity.is_empty() {
        let issuer = cx.rules.issuer.as_str();
        return match form.resource.as_deref() {
            Some(id) if !resource::same(issuer, id) => Err(TokenError::InvalidScope),
            Some(_) | None => Ok((Scopes::NONE, identity, issuer.to_owned())),
        };
    }
    let resources = &cx.rules.resources;
    let resource = match form.resource.as_deref() {
        Some(id) => resources.find(id).ok_or(TokenError::InvalidTarget)?,
        None => resources.for_scopes(asked.or(client.scope).unwrap_or(Scopes::NONE)),
    };
    let offered = client
        .scope
        .map_or(resource.scopes, |limit| limit.intersection(resource.scopes));
    let scopes = asked.map_or(offered, |asked| asked.intersection(offered));
    if scopes.is_empty() {
        return Err(TokenError::InvalidScope);
    }
    Ok((scopes, identity, resource.id.clone()))
}
