//! A client's own grant: the `sid` of every token that it gets for itself (RFC 6749 §4.4).
//!
//! A client has one that is open, made at its first token and shared by all of them, so that a token costs one
//! signature and no write. Ending it puts it on the revocation list like a person's grant.

use chrono::{DateTime, Utc};

use crate::{client::ClientId, grant::GrantId};

/// What an operator granted to a client for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGrant {
    /// Its identifier (`sid`); no person's grant has the same.
    pub id: GrantId,
    /// Whose it is.
    pub client: ClientId,
    /// When the client asked for the first token under it.
    pub created_at: DateTime<Utc>,
    /// Since when no token under it is honoured.
    pub revoked_at: Option<DateTime<Utc>>,
}
