//! A browser session at this server: who logged in, where and when.

mod methods;

use chrono::{DateTime, Utc};

pub use methods::{Method, Methods};

use crate::{oidc::Sid, secret::SecretHash, user::UserId};

/// A logged-in browser. The cookie carries the raw value; only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie value.
    pub hash: SecretHash,
    /// Its public name.
    pub sid: Sid,
    /// Who logged in.
    pub user: UserId,
    /// When the last step of the login was taken.
    pub authenticated_at: DateTime<Utc>,
    /// How.
    pub how: Methods,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Session {
    /// Whether the session has ended.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }
}
