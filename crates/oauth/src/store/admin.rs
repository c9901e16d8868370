//! What administrators look at and do.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::{
    audit::Entry,
    auth::scope::{Role, Roles},
};

use super::StoreError;
use crate::{
    client::{Client, ClientId, ClientOrigin},
    grant::{Grant, GrantId},
    user::{PasswordHash, User, UserId},
};

/// Something that is done to a user, a grant or a client.
#[derive(Clone, Debug)]
pub enum Act {
    /// No login, no refresh; sessions and grants end.
    Disable(UserId),
    /// The user may log in again.
    Enable(UserId),
    /// Replaces the roles; grants end when the highest goes down.
    SetRoles(UserId, Roles),
    /// Replaces the password; sessions end.
    SetPassword(UserId, PasswordHash),
    /// Browsers are logged out.
    EndSessions(UserId),
    /// Passkeys, or the authenticator app with its recovery codes, are forgotten; sessions end.
    Forget(UserId, Means),
    /// Apps are disconnected.
    RevokeGrantsOf(UserId),
    /// One app is disconnected from one user, or a client from itself.
    RevokeGrant(GrantId),
    /// Every grant of a client ends.
    RevokeClient(ClientId),
    /// Nobody finds the client any more; every grant of it ends.
    RemoveClient(ClientId),
}

/// How somebody signs in beside a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Every passkey.
    pub passkeys: bool,
    /// The authenticator app, and the recovery codes.
    pub app: bool,
}

impl Means {
    /// All of it.
    pub const ALL: Self = Self {
        passkeys: true,
        app: true,
    };

    /// What is meant, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match (self.passkeys, self.app) {
            (true, true) => "passkeys_and_app",
            (true, false) => "passkeys",
            (false, true) => "app",
            (false, false) => "nothing",
        }
    }
}

/// What ended with an act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// So many grants.
    pub grants: u64,
    /// So many browser sessions.
    pub sessions: u64,
}

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done(Ended),
    /// There is no such user, grant or client, or it has ended.
    NotFound,
    /// Nobody would be left who may administer.
    LastAdmin,
}

/// A count that is not counted to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capped {
    /// So many.
    pub count: u64,
    /// And more.
    pub more: bool,
}

impl Capped {
    /// The most that is counted.
    pub const MOST: u64 = 1_000;

    /// Of a count that went to one above [`Capped::MOST`] at most.
    #[must_use]
    pub fn of(counted: u64) -> Self {
        Self {
            count: counted.min(Self::MOST),
            more: counted > Self::MOST,
        }
    }
}

/// Which users are asked for; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindUsers {
    /// Part of the address or the name, in any case.
    pub text: Option<String>,
    /// Whether they may log in.
    pub active: Option<bool>,
    /// Who have this role.
    pub role: Option<Role>,
}

/// Which clients are asked for; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindClients {
    /// Part of the name or the identifier, in any case.
    pub text: Option<String>,
    /// Who vouches for them.
    pub origin: Option<ClientOrigin>,
}

/// Which grants are asked for; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindGrants {
    /// Of whom.
    pub user: Option<UserId>,
    /// To whom.
    pub client: Option<ClientId>,
    /// Only those that stand.
    pub open: bool,
}

/// A client and who uses it.
#[derive(Clone, Debug)]
pub struct ClientUse {
    /// The client.
    pub client: Client,
    /// Grants of people that stand.
    pub grants: Capped,
    /// Among its latest hundred grants: of how many people.
    pub users: u64,
    /// Among its latest hundred grants: until when one can be refreshed. That is the time of its last use and the lifetime of
    /// refresh tokens.
    pub last_end: Option<DateTime<Utc>>,
}

/// A grant, whose it is and to whom.
#[derive(Clone, Debug)]
pub struct GrantUse {
    /// The grant.
    pub grant: Grant,
    /// Who granted.
    pub user: User,
    /// The client's name; its identifier when it gave none.
    pub client: String,
    /// Until when it can be refreshed: the time of its last use and the lifetime of refresh tokens.
    pub last_end: Option<DateTime<Utc>>,
}

/// Where a page goes on: the time and identifier of the last row before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was made.
    pub at: DateTime<Utc>,
    /// Which of that moment.
    pub id: String,
}

/// What administrators need from the store. Pages are by key, so that page thousand costs what the first costs.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Does it and records it, in one step. The record says how much ended, or why nothing was done.
    async fn act(&self, act: Act, entry: Entry, now: DateTime<Utc>) -> Result<Acted, StoreError>;
    /// Users, oldest first, after `after`, at most `limit`.
    async fn find_users(
        &self,
        find: &FindUsers,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<User>, StoreError>;
    /// Clients, the latest first, after `after`, at most `limit`.
    async fn find_clients(
        &self,
        find: &FindClients,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<ClientUse>, StoreError>;
    /// A client and who uses it.
    async fn client_use(&self, id: &ClientId) -> Result<Option<ClientUse>, StoreError>;
    /// Grants of people, the latest first, after `after`, at most `limit`.
    async fn find_grants(
        &self,
        find: &FindGrants,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<GrantUse>, StoreError>;
    /// How many grants of a user stand.
    async fn count_grants(&self, user: UserId) -> Result<Capped, StoreError>;
}
