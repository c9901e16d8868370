//! The device authorization grant (RFC 8628): log in on a device without a browser, by another that has one.
//!
//! In: an authenticated client's request; a person's session and the code they typed. Out: codes; a question to the person; a
//! grant. Never: a code in clear at rest, a grant without a person's yes, HTTP, a clock.
//!
//! Order: [`begin`] by the device, [`find`] and then [`allow`] or [`deny`] by the person, and
//! [`crate::grants::device_code`] by the device, which polls all the while.

mod begin;
mod decide;
mod user_code;

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::scope::Scopes;

pub use begin::{Begun, DeviceForm, DeviceRefused, begin};
pub use decide::{DecideError, DeviceAsk, allow, deny, find};
pub use user_code::{ALPHABET, LETTERS, UserCode};

use crate::{
    budget::{Budget, Rate},
    client::ClientId,
    grant::GrantId,
    oidc::IdentityScopes,
    secret::SecretHash,
    user::UserId,
};
use std::{net::IpAddr, sync::Arc};

/// Seconds between two polls at first, and what a hasty poll adds (RFC 8628 §3.5).
pub const INTERVAL_SECONDS: i64 = 5;

/// The longest interval that haste leads to, in seconds: also bounds how often haste is written down.
pub const MAX_INTERVAL_SECONDS: i64 = 60;

/// Where a device's request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has answered yet.
    Pending,
    /// A person said yes, and this is the grant.
    Allowed(GrantId),
    /// A person said no.
    Denied,
    /// The device has its tokens; the code is spent.
    Used(GrantId),
}

/// A device's request as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorization {
    /// SHA-256 of the device code.
    pub hash: SecretHash,
    /// Hash of the user code.
    pub user_code: SecretHash,
    /// Who asks.
    pub client: ClientId,
    /// For which resource.
    pub resource: String,
    /// For what; empty only when it asks who somebody is and nothing else.
    pub scopes: Scopes,
    /// What it wants to know about the person (`OpenID` Connect).
    pub identity: IdentityScopes,
    /// From when on both codes are refused.
    pub expires_at: DateTime<Utc>,
    /// Where it stands.
    pub state: DeviceState,
    /// Seconds that the device must leave between two polls.
    pub interval: i64,
    /// When it last polled in time.
    pub polled_at: Option<DateTime<Utc>>,
}

impl DeviceAuthorization {
    /// Whether the codes are too old.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }

    /// Whether a poll at `now` comes too early.
    #[must_use]
    pub fn is_hasty(&self, now: DateTime<Utc>) -> bool {
        self.polled_at
            .is_some_and(|polled| now - polled < TimeDelta::seconds(self.interval))
    }
}

/// The operator's decisions about devices. Clones share the budgets, which are this process's own.
#[derive(Clone, Debug)]
pub struct DeviceRules {
    /// How long both codes may be used.
    pub code_ttl: TimeDelta,
    /// New requests: of all, and of each address.
    begun: Arc<Budget<IpAddr>>,
    /// Wrong user codes: of all, and of each account.
    guessed: Arc<Budget<UserId>>,
}

impl Default for DeviceRules {
    fn default() -> Self {
        Self::new(TimeDelta::minutes(10))
    }
}

impl DeviceRules {
    /// The usual bounds, and codes that live this long.
    #[must_use]
    pub fn new(code_ttl: TimeDelta) -> Self {
        // With a thousand requests pending, all the guesses that an hour allows find one with a chance of
        // 1 in 7,000, and they take fifty accounts.
        let guesses = Rate {
            burst: 10,
            every: TimeDelta::minutes(1),
        };
        Self {
            code_ttl,
            begun: Arc::new(Budget::new(Rate::hourly(7_200), Rate::hourly(600))),
            guessed: Arc::new(Budget::new(Rate::hourly(3_600), guesses)),
        }
    }
}

#[cfg(test)]
mod tests;
