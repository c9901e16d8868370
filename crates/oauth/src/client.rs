//! A client: the program that asks on a user's behalf (RFC 6749 §2).

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Scopes;

use crate::{
    client_keys::ClientKeys, demands::Demands, pkce_phase::Enforcement, redirect_uri,
    secret::SecretHash,
};

/// A client identifier (RFC 6749 §2.2). Issued ones use `[A-Za-z0-9_-]` only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub String);

impl std::fmt::Display for ClientId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// How a client authenticates at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMethod {
    /// A public client: no secret; PKCE and rotation protect it.
    None,
    /// `client_secret_basic` (RFC 6749 §2.3.1).
    Basic,
    /// `client_secret_post` (RFC 6749 §2.3.1).
    Post,
    /// `private_key_jwt` (RFC 7523, `OpenID` Connect Core §9).
    PrivateKeyJwt,
}

impl ClientAuthMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Basic, Self::Post, Self::PrivateKeyJwt];

    /// The registered name (RFC 7591 §2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Reads the registered name; `None` for a method this server does not speak.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// Grant types a client may use (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrantType {
    /// `authorization_code`.
    AuthorizationCode,
    /// `refresh_token`.
    RefreshToken,
    /// `client_credentials`: the client for itself.
    ClientCredentials,
    /// `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628).
    DeviceCode,
}

impl GrantType {
    /// Every grant type that this server offers.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
    ];

    /// The registered name (RFC 7591 §2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// Whether a client may give it to itself by registering; an operator may give any.
    #[must_use]
    pub const fn is_self_service(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::RefreshToken | Self::DeviceCode => true,
            Self::ClientCredentials => false,
        }
    }

    /// Whether a client can begin with it; a refresh token comes from something else.
    #[must_use]
    pub const fn begins(self) -> bool {
        match self {
            Self::AuthorizationCode | Self::ClientCredentials | Self::DeviceCode => true,
            Self::RefreshToken => false,
        }
    }

    /// Reads the registered name; `None` for a grant this server does not offer.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == name)
    }
}

/// Who vouches for a client's name and redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOrigin {
    /// Registered itself (RFC 7591): anybody could have.
    Dynamic,
    /// Added by an operator of this server.
    Operator,
    /// Describes itself at the URL that is its identifier: whoever runs that host vouches for it.
    Document,
}

impl ClientOrigin {
    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Operator => "operator",
            Self::Document => "cimd",
        }
    }

    /// Reads the stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Dynamic, Self::Operator, Self::Document]
            .into_iter()
            .find(|origin| origin.as_str() == name)
    }
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its identifier.
    pub id: ClientId,
    /// The name people see on the consent page.
    pub name: String,
    /// How it authenticates.
    pub auth_method: ClientAuthMethod,
    /// SHA-256 of its secret; `Some` exactly when `auth_method` needs one.
    pub secret_hash: Option<SecretHash>,
    /// Where answers may be sent: matched exactly, loopback on any port.
    pub redirect_uris: Vec<String>,
    /// What it may use at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// The most it may ask for; `None`: whatever its resource offers.
    pub scope: Option<Scopes>,
    /// Its home page, shown as text on the consent page.
    pub client_uri: Option<String>,
    /// Who vouches for it.
    pub origin: ClientOrigin,
    /// Hash of the registration's metadata: equal secretless registrations share one client.
    pub metadata_hash: Option<SecretHash>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When a user first completed a login with it, or it first asked for itself; such a client is never pruned.
    pub first_login_at: Option<DateTime<Utc>>,
    /// The PKCE phase it is in, on an operator's word; `None`: the server's.
    pub pkce: Option<Enforcement>,
    /// Its public keys; always there when `auth_method` is [`ClientAuthMethod::PrivateKeyJwt`].
    pub keys: Option<ClientKeys>,
    /// What each of its requests must have.
    pub demands: Demands,
}

impl Client {
    /// Whether the client may come without proving who it is (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.auth_method == ClientAuthMethod::None
            || self.keys.as_ref().is_some_and(|keys| keys.optional)
    }

    /// Whether it may use this grant.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether consent may be remembered for it when it is answered at `redirect_uri`: only when its identity is
    /// proven (RFC 9700 §4.13, RFC 8252 §8.6).
    ///
    /// A client that registered itself proves nothing. One with a document proves that it runs the document's host
    /// by being answered there, or by signing. Never at a loopback address: all programs of that name share the
    /// document, and whatever else runs on the computer can listen there.
    #[must_use]
    pub fn identity_is_proven_at(&self, redirect_uri: &str) -> bool {
        match self.origin {
            ClientOrigin::Dynamic => false,
            ClientOrigin::Operator => !self.is_public(),
            ClientOrigin::Document => {
                let at_home = redirect_uri::same_origin(&self.id.0, redirect_uri);
                !redirect_uri::is_loopback(redirect_uri) && (at_home || !self.is_public())
            }
        }
    }
}
