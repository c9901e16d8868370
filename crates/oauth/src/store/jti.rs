//! What may be presented once: identifiers of signed statements, such as the `jti` of a client assertion.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Inserted, StoreError};
use crate::secret::SecretHash;

/// Which kind of statement an identifier belongs to: two kinds may use the same identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JtiKind(&'static str);

impl JtiKind {
    /// A client assertion (RFC 7523 §3).
    pub const CLIENT_ASSERTION: Self = Self("client_assertion");
    /// A DPoP proof (RFC 9449 §4.2).
    pub const DPOP: Self = Self("dpop");

    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Identifiers that were presented.
#[async_trait]
pub trait Jtis: Send + Sync {
    /// Notes an identifier until the sweep after `expires_at`, when the statement is refused anyway.
    ///
    /// Of two racing calls, on this process or another, exactly one gets [`Inserted::Now`]. The hash covers
    /// whatever makes the identifier unique, such as the client that chose it.
    async fn claim_jti(
        &self,
        kind: JtiKind,
        hash: &SecretHash,
        expires_at: DateTime<Utc>,
    ) -> Result<Inserted, StoreError>;
}
