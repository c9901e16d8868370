//! A user: the resource owner who logs in.

use chrono::{DateTime, Utc};
use loop_shared::auth::scope::Roles;
use secrecy::SecretString;
use uuid::Uuid;

/// A user's stable identifier; the `sub` of every token (RFC 7519 §4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub Uuid);

impl std::fmt::Display for UserId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// An e-mail address as an account name: trimmed, lower case, one `@` with text on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// The longest address accepted (RFC 5321 §4.5.3.1.3).
pub const MAX_EMAIL_CHARS: usize = 254;

impl Email {
    /// Reads what a person typed; `None` when it is not an address.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let address = typed.trim().to_lowercase();
        let (local, domain) = address.split_once('@')?;
        let plain = !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && address.len() <= MAX_EMAIL_CHARS
            && !address.chars().any(|c| c.is_whitespace() || c.is_control());
        plain.then_some(Self(address))
    }

    /// The normalized address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A bcrypt hash in its modular form (`$2b$…`).
#[derive(Clone, Debug)] // SecretString redacts itself
pub struct PasswordHash(pub SecretString);

/// Somebody who can log in.
#[derive(Clone, Debug)]
pub struct User {
    /// Stable identifier.
    pub id: UserId,
    /// Account name.
    pub email: Email,
    /// What pages call them.
    pub name: String,
    /// How the password is checked.
    pub password: PasswordHash,
    /// What they may be granted.
    pub roles: Roles,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// Since when they may not log in, refresh or be granted anything.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl User {
    /// Whether the user may log in and hold tokens.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.disabled_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_normalized_or_refused() {
        for (typed, expected) in [
            (" Alice@Example.COM ", Some("alice@example.com")),
            ("김은향@example.com", Some("김은향@example.com")),
            ("alice", None),
            ("@example.com", None),
            ("alice@", None),
            ("a@b@c", None),
            ("a b@example.com", None),
            ("a@exa\nmple.com", None),
        ] {
            let got = Email::parse(typed);
            assert_eq!(got.as_ref().map(Email::as_str), expected, "{typed:?}");
        }
    }
}
