//! Sessions that clients know by name, and the clients to be told when one ends.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    oidc::backchannel::{Notice, Participant},
    secret::SecretHash,
    session::Session,
};

/// What becomes of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is over.
    Gone,
    /// It is to be tried again then.
    DueAt(DateTime<Utc>),
}

/// Logouts and who is told. Whatever ends sessions ([`super::Sessions::end_session`],
/// [`super::Users::set_password`], [`super::Users::disable_user`]) makes the notes of those sessions due in
/// its own step, and [`super::Grants::revoke_client`] those of the client.
#[async_trait]
pub trait Logouts: Send + Sync {
    /// Puts `new`, of the same user and `sid`, in the place of `old`: nobody is logged out.
    async fn continue_session(&self, old: &SecretHash, new: &Session) -> Result<(), StoreError>;
    /// Notes a participant unless it is noted. One whose session has ended meanwhile is due at once.
    async fn note_participant(&self, participant: &Participant) -> Result<(), StoreError>;
    /// Takes notices that are due at `now`, at most `limit`, and leases them until `until`. Of two senders
    /// exactly one gets a notice.
    async fn take_notices(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<Notice>, StoreError>;
    /// Settles a notice, unless another sender has taken it since.
    async fn settle_notice(&self, notice: &Notice, settled: Settled) -> Result<(), StoreError>;
}
