//! What a registration answers (RFC 7591 §3.2).

use serde_json::{Map, Value, json};

use crate::{
    client::{Client, GrantType},
    entropy::NoEntropy,
    redirect_uri::BadRedirect,
    secret::RawClientSecret,
    store::StoreError,
};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client as stored.
    pub client: Client,
    /// Its secret, this once; `None` for a public client.
    pub secret: Option<RawClientSecret>,
    /// Whether an equal registration was there and is answered again.
    pub reused: bool,
}

impl Registered {
    pub(super) const fn new(client: Client, secret: Option<RawClientSecret>) -> Self {
        Self {
            client,
            secret,
            reused: false,
        }
    }

    pub(super) const fn again(client: Client) -> Self {
        Self {
            client,
            secret: None,
            reused: true,
        }
    }

    /// The client information response (RFC 7591 §3.2.1). Absent members are absent, never null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let client = &self.client;
        let grants = client.grant_types.iter().map(|grant| grant.as_str());
        let mut out = Map::new();
        out.insert("client_id".into(), json!(client.id.0));
        out.insert(
            "client_id_issued_at".into(),
            json!(client.created_at.timestamp()),
        );
        if !client.name.is_empty() {
            out.insert("client_name".into(), json!(client.name));
        }
        if let Some(uri) = &client.client_uri {
            out.insert("client_uri".into(), json!(uri));
        }
        out.insert("redirect_uris".into(), json!(client.redirect_uris));
        out.insert("grant_types".into(), grants.collect());
        if client.may_use(GrantType::AuthorizationCode) {
            out.insert("response_types".into(), json!(["code"]));
        }
        out.insert(
            "token_endpoint_auth_method".into(),
            json!(client.auth_method.as_str()),
        );
        if let Some(scope) = client.scope {
            out.insert("scope".into(), json!(scope.to_string()));
        }
        client.logout.write(&mut out);
        if let Some(secret) = &self.secret {
            out.insert("client_secret".into(), json!(secret.expose()));
            // "0 if it will not expire"
            out.insert("client_secret_expires_at".into(), json!(0));
        }
        Value::Object(out)
    }
}

/// Why a client is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No redirect URI at all, or too many or too long ones.
    #[error("redirect_uris must be a list of 1 to 20 strings, 8192 bytes together")]
    Redirects,
    /// One of the redirect URIs.
    #[error(transparent)]
    Redirect(#[from] BadRedirect),
    /// Another member; the text is safe to show.
    #[error("{0}")]
    Metadata(&'static str),
    /// A fresh random identifier was taken, or a racing registration vanished.
    #[error("the new client met another one")]
    Collision,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl RegisterError {
    /// Status and `error` member (RFC 7591 §3.2.2).
    #[must_use]
    pub const fn oauth(&self) -> (u16, &'static str) {
        match self {
            Self::Redirects | Self::Redirect(_) => (400, "invalid_redirect_uri"),
            Self::Metadata(_) => (400, "invalid_client_metadata"),
            Self::Collision | Self::Store(_) | Self::Entropy(_) => (500, "server_error"),
        }
    }

    /// `error_description`: safe to show.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Redirects | Self::Redirect(_) | Self::Metadata(_) => self.to_string(),
            Self::Collision | Self::Store(_) | Self::Entropy(_) => {
                "the server failed; try again".to_owned()
            }
        }
    }
}
