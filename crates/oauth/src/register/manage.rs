//! Managing one's own registration (RFC 7592).
//!
//! In: a client's identifier, its registration access token, new metadata. Out: the registration as it is. Never: a client
//! that many share (see [`super::register`]), a grant type or scope that the client does not have, a secret.
//!
//! The token stays the same: one that changed with every answer would be lost with a lost answer, and the registration
//! with it. It has 256 random bits, is stored as a hash and ends with the registration.

use serde_json::Value;

use super::{RegisterError, Registered, metadata::Metadata};
use crate::{
    audit,
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    client_admin::{self, ClientAdminError},
    client_auth::MAX_CLIENT_ID_BYTES,
    config::Context,
    grant::RevokeReason,
    secret::{RawRegistrationToken, SecretHash},
    store::{Changed, StoreError},
};

/// Members that only the server says (RFC 7592 §2.2: "MUST NOT include").
const SERVERS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Why a registration is not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// No such registration, or not with this token: not to be told apart (RFC 7592 §2.1).
    #[error("no such registration with this token")]
    Unauthorized,
    /// The body is no update; the text is safe to show.
    #[error("{0}")]
    Request(&'static str),
    /// The metadata is not taken.
    #[error(transparent)]
    Metadata(#[from] RegisterError),
    /// Somebody else changed or removed the client at this moment.
    #[error("the registration was changed at this moment; try again")]
    Raced,
}

impl From<StoreError> for ManageError {
    fn from(error: StoreError) -> Self {
        Self::Metadata(error.into())
    }
}

impl ManageError {
    /// Status and `error` member (RFC 7592 §2, RFC 6750 §3.1, RFC 7591 §3.2.2).
    #[must_use]
    pub const fn oauth(&self) -> (u16, &'static str) {
        match self {
            Self::Unauthorized => (401, "invalid_token"),
            Self::Request(_) => (400, "invalid_request"),
            Self::Metadata(error) => error.oauth(),
            Self::Raced => (409, "invalid_request"),
        }
    }

    /// `error_description`: safe to show.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Metadata(error) => error.description(),
            Self::Unauthorized | Self::Request(_) | Self::Raced => self.to_string(),
        }
    }

    /// Seconds after which another try may succeed (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Metadata(error) => error.retry_after(),
            Self::Unauthorized | Self::Request(_) | Self::Raced => None,
        }
    }
}

/// Shows a registration (RFC 7592 §2.1).
///
/// # Errors
/// [`ManageError`].
#[tracing::instrument(name = "client.read", skip_all)]
pub async fn read(
    cx: &Context<'_>,
    id: &str,
    token: Option<&str>,
) -> Result<Registered, ManageError> {
    let (client, token) = authorized(cx, id, token).await?;
    Ok(Registered::managed(cx, client, token))
}

/// Replaces a registration's metadata (RFC 7592 §2.2). What an operator decided about the client stays, and so does its
/// secret. Grants stay: what the client may use is looked at whenever it uses it.
///
/// # Errors
/// [`ManageError`].
#[tracing::instrument(name = "client.replace", skip_all)]
pub async fn replace(
    cx: &Context<'_>,
    id: &str,
    token: Option<&str>,
    metadata: &Value,
) -> Result<Registered, ManageError> {
    let (before, token) = authorized(cx, id, token).await?;
    check_body(&before, metadata)?;
    let allowed = &cx.rules.documents.allowed;
    let read = Metadata::read(metadata, ClientOrigin::Operator, allowed)?;
    let after = Client {
        name: read.name,
        auth_method: read.auth_method,
        redirect_uris: read.redirect_uris,
        grant_types: read
            .grant_types
            .into_iter()
            .filter(|grant| may_have(&before, *grant))
            .collect(),
        client_uri: read.client_uri,
        keys: read.keys,
        demands: read.demands,
        logout: before.logout.replaced_by(read.logout),
        ..before.clone()
    };
    if proof(after.auth_method) != proof(before.auth_method) {
        return Err(RegisterError::Metadata(
            "token_endpoint_auth_method cannot change between none, secret and key",
        )
        .into());
    }
    client_admin::check(&after).map_err(RegisterError::Unfit)?;
    match cx.store.change_client(&before, &after, None).await? {
        Changed::Now(ended) => {
            audit::client_changed(&after.id, ended);
            Ok(Registered::managed(cx, after, token))
        }
        Changed::NotFound => Err(ManageError::Raced),
    }
}

/// Ends a registration and everything that was granted to it (RFC 7592 §2.3).
///
/// # Errors
/// [`ManageError`].
#[tracing::instrument(name = "client.delete", skip_all)]
pub async fn delete(cx: &Context<'_>, id: &str, token: Option<&str>) -> Result<(), ManageError> {
    let (client, _) = authorized(cx, id, token).await?;
    match client_admin::remove(cx, &client.id, RevokeReason::ByClient).await {
        Ok(_) => Ok(()),
        Err(ClientAdminError::Store(error)) => Err(error.into()),
        Err(_) => Err(ManageError::Raced),
    }
}

/// What a client proves itself by: nothing, a secret or a key.
const fn proof(method: ClientAuthMethod) -> u8 {
    match method {
        ClientAuthMethod::None => 0,
        ClientAuthMethod::Basic | ClientAuthMethod::Post => 1,
        ClientAuthMethod::PrivateKeyJwt => 2,
    }
}

/// A client cannot give itself more than by registering, but keeps what an operator gave it.
fn may_have(before: &Client, grant: crate::client::GrantType) -> bool {
    grant.is_self_service() || before.may_use(grant)
}

async fn authorized(
    cx: &Context<'_>,
    id: &str,
    token: Option<&str>,
) -> Result<(Client, RawRegistrationToken), ManageError> {
    let token = token.and_then(RawRegistrationToken::presented);
    let token = token.ok_or(ManageError::Unauthorized)?;
    if id.len() > MAX_CLIENT_ID_BYTES {
        return Err(ManageError::Unauthorized);
    }
    let found = cx.store.registration(&ClientId(id.to_owned())).await?;
    // Compared in constant time, see `SecretHash`.
    let found = found.filter(|(_, hash)| *hash == token.hash());
    let (client, _) = found.ok_or(ManageError::Unauthorized)?;
    Ok((client, token))
}

/// What an update must and must not say about the client itself.
fn check_body(client: &Client, metadata: &Value) -> Result<(), ManageError> {
    let members = metadata.as_object();
    let members = members.ok_or(ManageError::Request("the metadata must be an object"))?;
    if SERVERS_OWN.iter().any(|name| members.contains_key(*name)) {
        return Err(ManageError::Request(
            "the registration's own token, address and times cannot be sent",
        ));
    }
    if members.get("client_id").and_then(Value::as_str) != Some(client.id.0.as_str()) {
        return Err(ManageError::Request("client_id must be the client's own"));
    }
    // "the value of this field MUST match the currently issued client secret"
    let same_secret = match members.get("client_secret") {
        None | Some(Value::Null) => true,
        Some(Value::String(secret)) => client.secret_hash == Some(SecretHash::of(secret)),
        Some(_) => false,
    };
    if same_secret {
        Ok(())
    } else {
        Err(ManageError::Request("client_secret is not the client's"))
    }
}

#[cfg(test)]
mod tests;
