//! Reads a client metadata document (draft §4): RFC 7591 metadata whose `client_id` is its own URL.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{DocumentRules, DocumentUrl};
use crate::{
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    client_keys::{BadKeys, ClientKeys, KeySource, PublicKeys},
    register::{Metadata, RegisterError, reads_backwards},
};

/// The longest document that is read, in bytes: "the recommended maximum size to read is 5 kilobytes" (§8.7).
pub const MAX_DOCUMENT_BYTES: usize = 5_120;

/// Why a document is not believed. Each text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// Longer than [`MAX_DOCUMENT_BYTES`].
    #[error("the document is longer than 5 KB")]
    Length,
    /// Not JSON, or no object.
    #[error("the document is no JSON object")]
    Json,
    /// "MUST contain a `client_id` property whose value MUST match" its URL to the letter.
    #[error("client_id in the document is not the document's URL")]
    WrongId,
    /// "There is no way to establish a shared secret" (§4.1).
    #[error("the document must not have a client secret")]
    Secret,
    /// Private key material (§4.1).
    #[error("the document must not have a private key")]
    PrivateKey,
    /// The name would be read otherwise than it is written.
    #[error("client_name has control characters")]
    Name,
    /// No authentication method in common.
    #[error("the document must list none, or private_key_jwt with jwks or jwks_uri")]
    Methods,
    /// Another member.
    #[error("{0}")]
    Metadata(String),
}

/// A checked document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    id: ClientId,
    metadata: Metadata,
}

impl Document {
    /// Reads what was fetched from `url`. Unknown members are ignored.
    ///
    /// # Errors
    /// [`BadDocument`].
    pub fn parse(
        url: &DocumentUrl,
        body: &[u8],
        rules: &DocumentRules,
    ) -> Result<Self, BadDocument> {
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(BadDocument::Length);
        }
        let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else {
            return Err(BadDocument::Json);
        };
        if members.get("client_id").and_then(Value::as_str) != Some(url.as_str()) {
            return Err(BadDocument::WrongId);
        }
        let secret = ["client_secret", "client_secret_expires_at"];
        if secret.iter().any(|member| members.contains_key(*member)) {
            return Err(BadDocument::Secret);
        }
        check_inline_keys(&members)?;
        let name = members.get("client_name").and_then(Value::as_str);
        if name.is_some_and(|name| name.chars().any(reads_backwards)) {
            return Err(BadDocument::Name);
        }
        let (method, optional) = negotiate(&members)?;
        members.insert("token_endpoint_auth_method".into(), method.as_str().into());
        let by = ClientOrigin::Document;
        let mut metadata = Metadata::read(&Value::Object(members), by, &rules.allowed)
            .map_err(|bad: RegisterError| BadDocument::Metadata(bad.description()))?;
        if let Some(keys) = &mut metadata.keys {
            keys.optional = optional;
        }
        metadata.client_uri = metadata
            .client_uri
            .filter(|uri| url::Url::parse(uri).is_ok_and(|home| home.host() == url.url().host()));
        Ok(Self {
            id: ClientId(url.as_str().to_owned()),
            metadata,
        })
    }

    /// The client that the document describes, with what is known of it besides.
    #[must_use]
    pub fn client(&self, before: Option<&Client>, now: DateTime<Utc>) -> Client {
        let metadata = self.metadata.clone();
        let known = before.and_then(|client| client.keys.as_ref());
        Client {
            id: self.id.clone(),
            name: metadata.name,
            auth_method: metadata.auth_method,
            secret_hash: None,
            redirect_uris: metadata.redirect_uris,
            grant_types: metadata.grant_types,
            scope: before.and_then(|client| client.scope),
            client_uri: metadata.client_uri,
            origin: ClientOrigin::Document,
            metadata_hash: None,
            created_at: before.map_or(now, |client| client.created_at),
            first_login_at: before.and_then(|client| client.first_login_at),
            pkce: before.and_then(|client| client.pkce),
            keys: metadata.keys.map(|keys| with_last_good(keys, known)),
            demands: metadata.demands,
            logout: metadata.logout,
        }
    }
}

/// The keys, with the last good copy of the same `jwks_uri`.
fn with_last_good(keys: ClientKeys, known: Option<&ClientKeys>) -> ClientKeys {
    let source = match (keys.source, known.map(|known| &known.source)) {
        (KeySource::Uri(uri, None), Some(KeySource::Uri(same, last))) if uri == *same => {
            KeySource::Uri(uri, last.clone())
        }
        (source, _) => source,
    };
    ClientKeys { source, ..keys }
}

/// "Only public keys are permitted", whether or not they are used.
fn check_inline_keys(members: &Map<String, Value>) -> Result<(), BadDocument> {
    match members.get("jwks").map(PublicKeys::read) {
        Some(Err(BadKeys::Private)) => Err(BadDocument::PrivateKey),
        _ => Ok(()),
    }
}

/// The method of this client here, and whether it may also come without authentication.
///
/// A document is published once for many servers, so `token_endpoint_auth_methods_supported` lists what its client
/// can do and the singular member what it likes best (`ChatGPT` publishes both; SEP-3149). Neither: a public client.
/// A secret as the singular method is refused; in the list it is passed over.
fn negotiate(members: &Map<String, Value>) -> Result<(ClientAuthMethod, bool), BadDocument> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let preferred = match members.get("token_endpoint_auth_method") {
        None | Some(Value::Null) => None,
        Some(value) => Some(text(value).ok_or(BadDocument::Methods)?),
    };
    if preferred
        .as_ref()
        .is_some_and(|method| method.starts_with("client_secret_"))
    {
        return Err(BadDocument::Secret);
    }
    let mut listed: Vec<String> = match members.get("token_endpoint_auth_methods_supported") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
        Some(_) => return Err(BadDocument::Methods),
    };
    if listed.is_empty() {
        listed.push(preferred.unwrap_or_else(|| "none".to_owned()));
    }
    let lists = |method: ClientAuthMethod| listed.iter().any(|name| name == method.as_str());
    let given = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    let signs = lists(ClientAuthMethod::PrivateKeyJwt) && (given("jwks") || given("jwks_uri"));
    let none = lists(ClientAuthMethod::None);
    match (signs, none) {
        (true, none) => Ok((ClientAuthMethod::PrivateKeyJwt, none)),
        (false, true) => Ok((ClientAuthMethod::None, false)),
        (false, false) => Err(BadDocument::Methods),
    }
}
