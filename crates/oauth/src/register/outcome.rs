//! What a registration answers (RFC 7591 §3.2).

use serde_json::{Map, Value, json};

use crate::{
    budget::Wait,
    client::{Client, GrantType},
    client_admin::ClientAdminError,
    client_keys::KeySource,
    config::Context,
    entropy::NoEntropy,
    redirect_uri::BadRedirect,
    secret::{RawClientSecret, RawRegistrationToken},
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
    /// How the client manages its registration; `None` for a client that many may share.
    pub management: Option<Management>,
}

/// How a client manages its registration (RFC 7592 §3).
#[derive(Clone, Debug)]
pub struct Management {
    /// What opens it.
    pub token: RawRegistrationToken,
    /// Where it is.
    pub uri: String,
}

impl Registered {
    pub(super) const fn new(client: Client, secret: Option<RawClientSecret>) -> Self {
        Self {
            client,
            secret,
            reused: false,
            management: None,
        }
    }

    /// The same, managed by whoever has this token.
    pub(super) fn managed_by(mut self, cx: &Context<'_>, token: RawRegistrationToken) -> Self {
        let uri = format!("{}/register/{}", cx.rules.issuer, self.client.id);
        self.management = Some(Management { token, uri });
        self
    }

    /// A registration that its client looks at again: nobody knows the secret any more.
    pub(super) fn managed(cx: &Context<'_>, client: Client, token: RawRegistrationToken) -> Self {
        Self::new(client, None).managed_by(cx, token)
    }

    pub(super) const fn again(client: Client) -> Self {
        Self {
            client,
            secret: None,
            reused: true,
            management: None,
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
        if !client.redirect_uris.is_empty() {
            out.insert("redirect_uris".into(), json!(client.redirect_uris));
        }
        out.insert("grant_types".into(), grants.collect());
        if client.may_use(GrantType::AuthorizationCode) {
            out.insert("response_types".into(), json!(["code"]));
        }
        out.insert(
            "token_endpoint_auth_method".into(),
            json!(client.auth_method.as_str()),
        );
        if let Some(keys) = &client.keys {
            match &keys.source {
                KeySource::Uri(uri, _) => out.insert("jwks_uri".into(), json!(uri)),
                KeySource::Inline(keys) => {
                    let jwks = serde_json::from_str(keys.json()).unwrap_or_default();
                    out.insert("jwks".into(), jwks)
                }
            };
            if let Some(alg) = keys.alg {
                out.insert(
                    "token_endpoint_auth_signing_alg".into(),
                    json!(alg.as_str()),
                );
            }
        }
        if let Some(scope) = client.scope {
            out.insert("scope".into(), json!(scope.to_string()));
        }
        client.logout.write(&mut out);
        if client.demands.pushed {
            out.insert("require_pushed_authorization_requests".into(), json!(true));
        }
        if client.demands.dpop {
            out.insert("dpop_bound_access_tokens".into(), json!(true));
        }
        if let Some(secret) = &self.secret {
            out.insert("client_secret".into(), json!(secret.expose()));
            // "0 if it will not expire"
            out.insert("client_secret_expires_at".into(), json!(0));
        }
        if let Some(management) = &self.management {
            let token = management.token.expose();
            out.insert("registration_access_token".into(), json!(token));
            out.insert("registration_client_uri".into(), json!(management.uri));
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
    /// Nobody may register.
    #[error("registration is closed; ask the operator for a client")]
    Closed,
    /// Registration needs an initial access token, and none came.
    #[error("registration needs an initial access token")]
    NoToken,
    /// The initial access token is not right.
    #[error("the initial access token is not right")]
    WrongToken,
    /// Too many new clients.
    #[error("too many new clients are being registered; come back later")]
    TooMany(Wait),
    /// It would not work, or would be dangerous; the text is safe to show.
    #[error(transparent)]
    Unfit(#[from] ClientAdminError),
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
            Self::Metadata(_) | Self::Unfit(_) => (400, "invalid_client_metadata"),
            Self::Closed => (403, "access_denied"),
            Self::NoToken | Self::WrongToken => (401, "invalid_token"),
            Self::TooMany(_) => (429, "temporarily_unavailable"),
            Self::Store(StoreError::Unavailable(_)) => (503, "temporarily_unavailable"),
            Self::Collision
            | Self::Store(StoreError::Failed(_) | StoreError::Corrupt { .. })
            | Self::Entropy(_) => (500, "server_error"),
        }
    }

    /// `error_description`: safe to show.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Redirects
            | Self::Redirect(_)
            | Self::Metadata(_)
            | Self::Unfit(_)
            | Self::Closed
            | Self::NoToken
            | Self::WrongToken
            | Self::TooMany(_) => self.to_string(),
            Self::Collision | Self::Store(_) | Self::Entropy(_) => {
                "the server failed; try again".to_owned()
            }
        }
    }

    /// Seconds after which another try makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<i64> {
        match self {
            Self::TooMany(wait) => Some(wait.seconds()),
            Self::Redirects
            | Self::Redirect(_)
            | Self::Metadata(_)
            | Self::Unfit(_)
            | Self::Closed
            | Self::NoToken
            | Self::WrongToken
            | Self::Collision
            | Self::Store(_)
            | Self::Entropy(_) => None,
        }
    }
}
