//! A person answers a device (RFC 8628 §3.3).
//!
//! Guessing codes is what somebody would do here, so a code that opens nothing costs the account one of a few tries, and
//! whoever has none left is not even looked up.

use loop_shared::auth::scope::Scopes;

use super::{DeviceAuthorization, DeviceState, UserCode};
use crate::{
    audit,
    budget::Wait,
    client::Client,
    config::Context,
    entropy::NoEntropy,
    grant::{Grant, GrantId, RotationKey},
    oidc::Identity,
    session::Session,
    store::{StoreError, Updated},
    user::User,
};

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAsk {
    /// The request behind the code.
    pub authorization: DeviceAuthorization,
    /// Who asks.
    pub client: Client,
    /// What would be granted: asked for, and within the person's roles. May be nothing.
    pub scopes: Scopes,
}

impl DeviceAsk {
    /// Whether the client only asks who somebody is.
    #[must_use]
    pub fn is_identity_only(&self) -> bool {
        self.authorization.scopes.is_empty() && !self.authorization.identity.is_empty()
    }

    /// Whether a yes would give the device nothing that it asks for.
    #[must_use]
    pub fn grants_nothing(&self) -> bool {
        self.scopes.is_empty() && !self.is_identity_only()
    }

    /// What an `id_token` will say of the login in which the person said yes. There is no nonce: no browser of the
    /// device's carried one (RFC 8628 §3.1 has no such parameter).
    fn identity(&self, session: &Session) -> Option<Identity> {
        let scopes = self.authorization.identity;
        (!scopes.is_empty()).then_some(Identity {
            scopes,
            sid: session.sid,
            auth_time: session.authenticated_at,
            how: session.how,
            nonce: None,
        })
    }
}

/// Why a person cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No device waits for this code: mistyped, too old, answered before.
    #[error("no device waits for this code")]
    Unknown,
    /// Too many wrong codes.
    #[error("too many wrong codes; {0}")]
    TooMany(Wait),
    /// The person's roles allow nothing that the device asks for.
    #[error("the account has nothing to grant")]
    NothingToGrant,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The request that waits for what `user` typed.
///
/// # Errors
/// [`DecideError::Unknown`], [`DecideError::TooMany`], [`DecideError::Store`].
#[tracing::instrument(name = "device.find", skip_all, fields(user = %user.id))]
pub async fn find(cx: &Context<'_>, user: &User, typed: &str) -> Result<DeviceAsk, DecideError> {
    let guesses = &cx.rules.device.guessed;
    guesses
        .take(Some(user.id), cx.now)
        .map_err(DecideError::TooMany)?;
    let Some(code) = UserCode::parse(typed) else {
        return Err(unknown(user));
    };
    let found = cx.store.device_by_user_code(&code.hash()).await?;
    let waiting = found.filter(|(authorization, _)| {
        authorization.state == DeviceState::Pending && !authorization.is_expired(cx.now)
    });
    let Some((authorization, client)) = waiting else {
        return Err(unknown(user));
    };
    guesses.give_back(user.id);
    Ok(DeviceAsk {
        scopes: authorization
            .scopes
            .intersection(user.roles.allowed_scopes()),
        authorization,
        client,
    })
}

fn unknown(user: &User) -> DecideError {
    audit::device_code_guessed(user.id);
    DecideError::Unknown
}

/// The person says yes in this session of theirs: the grant is stored and the device's next poll gets its tokens.
///
/// # Errors
/// [`DecideError`]; [`DecideError::Unknown`] when somebody answered at this moment.
#[tracing::instrument(name = "device.allow", skip_all, fields(client = %ask.client.id, user = %user.id))]
pub async fn allow(
    cx: &Context<'_>,
    ask: &DeviceAsk,
    user: &User,
    session: &Session,
) -> Result<(), DecideError> {
    let theirs = session.user == user.id && !session.is_expired(cx.now);
    if ask.grants_nothing() || !user.is_active() || !theirs {
        return Err(DecideError::NothingToGrant);
    }
    let grant = Grant {
        id: GrantId(cx.uuid()?),
        user: user.id,
        client: ask.client.id.clone(),
        resource: ask.authorization.resource.clone(),
        more_resources: Vec::new(),
        scopes: ask.scopes,
        created_at: cx.now,
        revoked_at: None,
        rotation_key: RotationKey(cx.entropy.bytes32()?),
        identity: ask.identity(session),
    };
    match cx
        .store
        .allow_device(&ask.authorization.hash, &grant)
        .await?
    {
        Updated::Now => {
            audit::granted(grant.id, user.id, &grant.client, &grant.resource);
            Ok(())
        }
        Updated::NotFound => Err(DecideError::Unknown),
    }
}

/// The person says no, and the device's next poll hears it.
///
/// # Errors
/// [`DecideError::Unknown`] when somebody answered at this moment; [`DecideError::Store`].
#[tracing::instrument(name = "device.deny", skip_all, fields(client = %ask.client.id))]
pub async fn deny(cx: &Context<'_>, ask: &DeviceAsk) -> Result<(), DecideError> {
    match cx
        .store
        .deny_device(&ask.authorization.hash, cx.now)
        .await?
    {
        Updated::Now => {
            audit::denied(&ask.client.id);
            Ok(())
        }
        Updated::NotFound => Err(DecideError::Unknown),
    }
}
