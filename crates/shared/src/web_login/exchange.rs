//! Codes and refresh tokens against tokens (RFC 6749 §4.1.3, §6), and giving them back (RFC 7009).

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::provider::{AskError, Endpoints, Provider, read};

/// What the token endpoint answered (RFC 6749 §5.1).
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the RFC")]
pub(crate) struct Tokens {
    #[serde(deserialize_with = "secret")]
    pub(crate) access_token: SecretString,
    #[serde(default, deserialize_with = "optional_secret")]
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) id_token: Option<String>,
}

/// Redeems a code.
pub(crate) async fn redeem(
    provider: &Provider,
    endpoints: &Endpoints,
    (code, verifier): (&str, &str),
    resource: &str,
) -> Result<Tokens, AskError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &provider.client.redirect_uri),
        ("code_verifier", verifier),
        ("resource", resource),
    ];
    read(provider.post(&endpoints.token_endpoint, &form).await?).await
}

/// Uses a refresh token.
pub(crate) async fn refresh(
    provider: &Provider,
    endpoints: &Endpoints,
    token: &SecretString,
) -> Result<Tokens, AskError> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose_secret()),
    ];
    read(provider.post(&endpoints.token_endpoint, &form).await?).await
}

/// Ends the grant behind a refresh token; what cannot be told is logged, since the session is over here in any case.
pub(crate) async fn revoke(provider: &Provider, endpoints: &Endpoints, token: &SecretString) {
    let Some(endpoint) = &endpoints.revocation_endpoint else {
        return;
    };
    let form = [
        ("token", token.expose_secret()),
        ("token_type_hint", "refresh_token"),
    ];
    let answer = provider.post(endpoint, &form).await;
    let told = answer.map(|answer| answer.status().is_success());
    if !matches!(told, Ok(true)) {
        tracing::warn!(
            "a signed-out session's grant was not revoked at the issuer; it ends with its refresh token"
        );
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
