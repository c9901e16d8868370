//! Who vouches for people, and what is known of somebody there.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::user::{Email, UserId};

/// Longest text of a provider that is kept, in bytes.
pub const MAX_TEXT_BYTES: usize = 255;
/// Most groups of one person that are kept.
pub const MAX_GROUPS: usize = 500;

/// The name of a provider in addresses and settings: `google`, `github`, `oidc` or an operator's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId(String);

impl ProviderId {
    /// Reads a name: 1 to 32 of `a-z 0-9 -`, a letter first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= 32
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// How a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// `OpenID` Connect with Google's ways.
    Google,
    /// GitHub's own.
    GitHub,
    /// `OpenID` Connect by discovery.
    Oidc,
}

/// A provider as the rules know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name here.
    pub id: ProviderId,
    /// How it speaks.
    pub kind: ProviderKind,
    /// What its button says.
    pub name: String,
    /// Whom its subjects belong to: the issuer, GitHub's address for GitHub.
    pub issuer: String,
}

/// What a provider said of somebody, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The provider.
    pub provider: ProviderId,
    /// Its issuer; with `subject` this is who it is.
    pub issuer: String,
    /// Never reassigned, unlike names and addresses.
    pub subject: String,
    /// What is known beside.
    pub facts: Facts,
    /// Display name.
    pub name: String,
}

/// What the rules of admission look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The address, if the provider has verified it.
    pub email: Option<Email>,
    /// The account's name there.
    pub login: Option<String>,
    /// Groups there.
    pub groups: Vec<String>,
    /// The domains that the provider itself hosts this account for; `None` when it does not tell that apart.
    pub hosted: Option<String>,
}

/// How an account came to its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The account was made by the first login with it: the rules of admission go on deciding about it.
    Created,
    /// The owner of an account connected it, or an administrator did.
    Linked,
}

/// Somebody at a provider who is a user here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name here.
    pub id: Uuid,
    /// Who it is here.
    pub user: UserId,
    /// The provider's name when it was last used.
    pub provider: ProviderId,
    /// Whose subject it is.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// What was said at the last login.
    pub facts: Facts,
    /// Where it comes from.
    pub origin: Origin,
    /// Since when.
    pub added_at: DateTime<Utc>,
    /// The last login with it.
    pub used_at: Option<DateTime<Utc>>,
}

/// An address that a provider says it has verified.
///
/// Only ASCII may be folded: the Kelvin sign is no `k`, although its lower case is, and the mailbox is another one.
#[must_use]
pub fn verified_address(said: &str) -> Option<Email> {
    let email = Email::parse(said)?;
    (email.as_str() == said.to_ascii_lowercase()).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_name_fits_into_an_address() {
        for (text, expected) in [
            ("google", true),
            ("corp-2", true),
            ("a", true),
            ("", false),
            ("2corp", false),
            ("-corp", false),
            ("Corp", false),
            ("corp/../x", false),
            ("corp.example", false),
            (&"a".repeat(32), true),
            (&"a".repeat(33), false),
        ] {
            assert_eq!(ProviderId::parse(text).is_some(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_look_alike_address_is_not_folded_into_another_one() {
        for (said, expected) in [
            ("Kim@Example.com", Some("kim@example.com")),
            ("김@example.com", Some("김@example.com")),
            // KELVIN SIGN, and a capital that is lowered beyond ASCII
            ("\u{212A}im@example.com", None),
            ("kim@ex\u{0130}ample.com", None),
            (" kim@example.com", None),
            ("kim", None),
        ] {
            let got = verified_address(said);
            assert_eq!(got.as_ref().map(Email::as_str), expected, "{said:?}");
        }
    }
}
