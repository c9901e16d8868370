//! Keys and challenges as they are kept, and who does the mathematics.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    secret::SecretHash,
    user::{User, UserId},
};

/// A passkey as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's identifier, base64url.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The public key and counters, as [`Ceremonies`] writes them.
    pub credential: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last signed somebody in.
    pub used_at: Option<DateTime<Utc>>,
}

/// A challenge that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// SHA-256 of what the browser holds.
    pub hash: SecretHash,
    /// Who adds a key; `None` for a login.
    pub user: Option<UserId>,
    /// The challenge and what was demanded, as [`Ceremonies`] writes them.
    pub state: String,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
}

/// A ceremony that begins.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the browser is handed, JSON.
    pub options: String,
    /// What is kept.
    pub state: String,
}

/// An answer was not right, or could not be read. For the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authenticator's answer was refused: {0}")]
pub struct CeremonyFailed(pub String);

/// The Web Authentication ceremonies (§7.1, §7.2): origins, challenges, signatures, user verification, counters.
pub trait Ceremonies: Send + Sync {
    /// Whether there can be passkeys at this server's address.
    fn possible(&self) -> bool;

    /// Begins to add a key to this account, beside those it has.
    ///
    /// # Errors
    /// [`CeremonyFailed`].
    fn begin_adding(&self, user: &User, known: &[Passkey]) -> Result<Begun, CeremonyFailed>;

    /// Checks the answer: the credential's identifier and what is kept of it.
    ///
    /// # Errors
    /// [`CeremonyFailed`].
    fn finish_adding(&self, state: &str, answer: &str) -> Result<(String, String), CeremonyFailed>;

    /// Begins a login of whoever holds a key.
    ///
    /// # Errors
    /// [`CeremonyFailed`].
    fn begin_login(&self) -> Result<Begun, CeremonyFailed>;

    /// Whose key the answer claims to be, unchecked: the account and the credential's identifier.
    ///
    /// # Errors
    /// [`CeremonyFailed`].
    fn claimed(&self, answer: &str) -> Result<(Uuid, String), CeremonyFailed>;

    /// Checks the answer against the credential. What is to be kept of it from now on.
    ///
    /// # Errors
    /// [`CeremonyFailed`], also for a counter that went back, which tells of a copy (§6.1.1).
    fn finish_login(
        &self,
        state: &str,
        answer: &str,
        credential: &str,
    ) -> Result<String, CeremonyFailed>;
}
