//! Client registration: by the client itself (RFC 7591) or by an operator.
//!
//! In: client metadata as JSON. Out: a stored client, and its secret once. Never: trusts a name,
//! stores a raw secret, answers with nulls.

mod metadata;
mod outcome;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::auth::scope::Scopes;
use serde_json::Value;

pub use metadata::{MAX_NAME_CHARS, MAX_REDIRECTS};
pub use outcome::{RegisterError, Registered};

use crate::{
    audit,
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    config::Context,
    entropy::NoEntropy,
    secret::RawClientSecret,
    store::Inserted,
};
use metadata::Metadata;

/// Registers a client by its own metadata. Anybody may; the client gains nothing but a name on a
/// consent page. Secretless registrations with equal metadata share one client.
///
/// # Errors
/// [`RegisterError`]: `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 §3.2.2).
#[tracing::instrument(name = "client.register", skip_all)]
pub async fn register(cx: &Context<'_>, metadata: Value) -> Result<Registered, RegisterError> {
    let metadata = Metadata::read(&metadata)?;
    let public = metadata.auth_method == ClientAuthMethod::None;
    let hash = public.then(|| metadata.hash());
    if let Some(hash) = &hash
        && let Some(client) = cx.store.client_by_metadata(hash).await?
    {
        return Ok(Registered::again(client));
    }
    let (mut client, secret) = new_client(cx, metadata, ClientOrigin::Dynamic)?;
    client.metadata_hash = hash;
    match cx.store.add_client(&client).await? {
        Inserted::Now => {
            audit::client_added(&client);
            Ok(Registered::new(client, secret))
        }
        Inserted::AlreadyThere => {
            // An equal registration won the race; a client with a secret cannot get here.
            let hash = hash.ok_or(RegisterError::Collision)?;
            let winner = cx.store.client_by_metadata(&hash).await?;
            Ok(Registered::again(winner.ok_or(RegisterError::Collision)?))
        }
    }
}

/// Adds a client on an operator's word; `scope` is the most it may ever ask for.
///
/// # Errors
/// [`RegisterError`], as for [`register`].
#[tracing::instrument(name = "client.add", skip_all)]
pub async fn add_by_operator(
    cx: &Context<'_>,
    metadata: Value,
    scope: Option<Scopes>,
) -> Result<Registered, RegisterError> {
    let metadata = Metadata::read(&metadata)?;
    let (mut client, secret) = new_client(cx, metadata, ClientOrigin::Operator)?;
    client.scope = scope;
    match cx.store.add_client(&client).await? {
        Inserted::Now => {
            audit::client_added(&client);
            Ok(Registered::new(client, secret))
        }
        Inserted::AlreadyThere => Err(RegisterError::Collision),
    }
}

fn new_client(
    cx: &Context<'_>,
    metadata: Metadata,
    origin: ClientOrigin,
) -> Result<(Client, Option<RawClientSecret>), NoEntropy> {
    let secret = (metadata.auth_method != ClientAuthMethod::None)
        .then(|| RawClientSecret::generate(cx.entropy))
        .transpose()?;
    let client = Client {
        id: new_id(cx)?,
        name: metadata.name,
        auth_method: metadata.auth_method,
        secret_hash: secret.as_ref().map(RawClientSecret::hash),
        redirect_uris: metadata.redirect_uris,
        grant_types: metadata.grant_types,
        // A cap here would break step-up: clients register what the first challenge named and
        // come back for more with the same client_id. Consent and roles are the limits.
        scope: None,
        client_uri: metadata.client_uri,
        origin,
        metadata_hash: None,
        created_at: cx.now,
        first_login_at: None,
    };
    Ok((client, secret))
}

/// 128 random bits in `[A-Za-z0-9_-]`, so that no client can encode it wrongly.
fn new_id(cx: &Context<'_>) -> Result<ClientId, NoEntropy> {
    let id = URL_SAFE_NO_PAD.encode(cx.uuid()?.as_bytes());
    Ok(ClientId(format!("client-{id}")))
}

#[cfg(test)]
mod tests;
