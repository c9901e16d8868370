//! What people do with their own account: see and end what they connected, see and end where they are logged in,
//! change the password.
//!
//! In: the session of the person at the browser. Out: what is theirs, or what became of a change.
//! Never: another person's row; every write names the user beside the thing.

mod apps;
mod password;
mod sessions;

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

pub use apps::{ConnectedApp, Connection, apps, disconnect};
pub(crate) use password::confirm;
pub use password::{PasswordChange, PasswordChangeError, change_password};
pub use sessions::{KnownSession, Visit, end_others, end_session, sessions};

use crate::{
    budget::{Budget, Rate},
    session::Session,
    user::UserId,
};

/// For how long after a login somebody may change how they log in.
pub const RECENT: TimeDelta = TimeDelta::minutes(10);

/// How often passwords may be tried at an account page, so that whoever found a browser open does not guess there.
#[derive(Clone, Debug)]
pub struct AccountRules {
    /// Tries of the current password, for each account.
    pub tries: Arc<Budget<UserId>>,
}

impl Default for AccountRules {
    fn default() -> Self {
        let all = Rate {
            burst: 1_000,
            every: TimeDelta::milliseconds(100),
        };
        let each = Rate {
            burst: 5,
            every: TimeDelta::minutes(1),
        };
        Self {
            tries: Arc::new(Budget::new(all, each)),
        }
    }
}

/// Whether the login is so fresh that it counts for a change of how one logs in.
#[must_use]
pub fn is_recent(session: &Session, now: DateTime<Utc>) -> bool {
    now < session.authenticated_at + RECENT
}

/// The longest `User-Agent` that is kept, in characters.
pub const MAX_AGENT_CHARS: usize = 256;

impl Visit {
    /// What a browser said of itself and whence it came; control characters are left out, and what is too long is cut.
    #[must_use]
    pub fn new(agent: &str, address: Option<IpAddr>, at: DateTime<Utc>) -> Self {
        let plain = agent.chars().filter(|c| !c.is_control());
        Self {
            agent: plain.take(MAX_AGENT_CHARS).collect(),
            address,
            at,
        }
    }
}

#[cfg(test)]
mod tests;
