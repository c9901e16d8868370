//! What a directory answers (RFC 8555 §7.1), as far as it is looked at.

use std::fmt;

use serde::Deserialize;
use url::Url;

/// Longest text of a directory that is put into the log, in characters.
const MOST: usize = 300;

/// Where things are (§7.1.1).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Directory {
    /// Gives nonces.
    #[serde(rename = "newNonce")]
    pub(crate) nonces: Url,
    /// Makes or finds an account.
    #[serde(rename = "newAccount")]
    pub(crate) accounts: Url,
    /// Takes orders.
    #[serde(rename = "newOrder")]
    pub(crate) orders: Url,
}

/// How far something has come (§7.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Something is to be proven.
    Pending,
    /// All is proven; a request for a certificate may follow.
    Ready,
    /// The directory works on it.
    Processing,
    /// Done.
    Valid,
    /// Over: invalid, deactivated, expired, revoked, or unknown.
    #[serde(other)]
    Over,
}

/// An order (§7.1.3).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    /// How far it is.
    pub(crate) status: Status,
    /// What is to be proven.
    #[serde(default)]
    pub(crate) authorizations: Vec<Url>,
    /// Where the request for a certificate goes.
    pub(crate) finalize: Url,
    /// Where the certificate is.
    pub(crate) certificate: Option<Url>,
    /// Why it is over.
    pub(crate) error: Option<Problem>,
}

/// What is to be proven (§7.1.4).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Authorization {
    /// How far it is.
    pub(crate) status: Status,
    /// Ways to prove it.
    #[serde(default)]
    pub(crate) challenges: Vec<Challenge>,
}

/// A way to prove it (§7.1.5, §8).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Challenge {
    /// Which way.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Where to say that all is prepared.
    pub(crate) url: Url,
    /// What is asked.
    pub(crate) token: Option<String>,
    /// Why it did not work.
    pub(crate) error: Option<Problem>,
}

/// A mistake (RFC 7807, §6.7).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// Which.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// In words.
    pub(crate) detail: String,
}

impl Problem {
    /// Whether it is this one of `urn:ietf:params:acme:error:`.
    pub(crate) fn is(&self, name: &str) -> bool {
        let own = self.kind.strip_prefix("urn:ietf:params:acme:error:");
        own == Some(name)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |text: &str| -> String { text.chars().take(MOST).collect() };
        let kind = self.kind.rsplit(':').next().unwrap_or_default();
        // As a literal: a directory's text does not break the log's lines.
        write!(f, "{:?}: {:?}", cut(kind), cut(&self.detail))
    }
}
