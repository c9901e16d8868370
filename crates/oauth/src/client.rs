//! A client: the program that asks on a user's behalf (RFC 6749 §2).

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Scopes;

use crate::{oidc::ClientLogout, pkce_phase::Enforcement, secret::SecretHash};

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
}

impl ClientAuthMethod {
    /// The registered name (RFC 7591 §2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    /// Reads the registered name; `None` for a method this server does not speak.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Post]
            .into_iter()
            .find(|method| method.as_str() == name)
    }
}

/// Grant types a client may use (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrantType {
    /// `authorization_code`.
    AuthorizationCode,
    /// `refresh_token`.
    RefreshToken,
}

impl GrantType {
    /// The registered name (RFC 7591 §2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads the registered name; `None` for a grant this server does not offer.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::AuthorizationCode, Self::RefreshToken]
            .into_iter()
            .find(|grant| grant.as_str() == name)
    }
}

/// Who vouches for a client's name and redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOrigin {
    /// Registered itself (RFC 7591): anybody could have.
    Dynamic,
    /// Added by an operator of this server.
    Operator,
}

impl ClientOrigin {
    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Operator => "operator",
        }
    }

    /// Reads the stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Dynamic, Self::Operator]
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
    /// When a user first completed a login with it; such a client is never pruned.
    pub first_login_at: Option<DateTime<Utc>>,
    /// The PKCE phase it is in, on an operator's word; `None`: the server's.
    pub pkce: Option<Enforcement>,
    /// Where it wants to hear of logouts.
    pub logout: ClientLogout,
}

impl Client {
    /// Whether the client keeps no secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.auth_method == ClientAuthMethod::None
    }

    /// Whether it may use this grant.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether consent may be remembered for it: only when its identity is proven,
    /// which a public client that registered itself cannot do (RFC 9700 §4.13, RFC 8252 §8.6).
    #[must_use]
    pub fn identity_is_proven(&self) -> bool {
        self.origin == ClientOrigin::Operator && !self.is_public()
    }
}
