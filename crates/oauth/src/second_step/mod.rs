//! The step after the password: a one-time password from an app (TOTP, RFC 6238) or a recovery code.
//!
//! In: what a person set up, and what is typed after the password. Out: a session, or why not. Never: a session before the last
//! step; a code that was good once.
//!
//! Where a login stands between the steps is a row of its own ([`LoginStep`]), found by a secret that only the browser has. It
//! is no session: it opens nothing but the second step, for a few minutes and a few tries.

pub mod enrol;
mod finish;
pub mod recovery;
pub mod totp;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

pub use finish::{Answer, StepError, answer, waiting};

use crate::{
    budget::Wait,
    config::Context,
    login::LoginError,
    secret::{RawStep, SecretHash},
    session::Methods,
    sign_in::strikes::{Pace, Strikes},
    user::{User, UserId},
};

/// How long the second step waits.
pub const STEP_TTL: TimeDelta = TimeDelta::minutes(10);

/// Tries that one password buys.
pub const MAX_TRIES: u32 = 5;

/// Wrong codes of one account: a million codes, three of them good at a time.
const PACE: Pace = Pace {
    free: 10,
    first: TimeDelta::seconds(2),
    most: TimeDelta::minutes(15),
    forgive: TimeDelta::minutes(10),
};

/// A login whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginStep {
    /// SHA-256 of what the browser holds.
    pub hash: SecretHash,
    /// Who.
    pub user: UserId,
    /// From when on the password has to be typed again.
    pub expires_at: DateTime<Utc>,
    /// Codes that were tried.
    pub tries: u32,
    /// What the first step was.
    pub first: Methods,
}

/// An authenticator app as it is stored.
#[derive(Clone, Debug)]
pub struct Totp {
    /// Whose.
    pub user: UserId,
    /// The shared secret, sealed.
    pub sealed: SecretString,
    /// When it was set up.
    pub created_at: DateTime<Utc>,
    /// Since when it counts; `None` while the first code is awaited.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// Keeps secrets that must be read again: encrypted under the operator's secret, where there is one.
pub trait Seals: Send + Sync {
    /// The stored form.
    ///
    /// # Errors
    /// [`SealFailed`].
    fn seal(&self, plain: &[u8]) -> Result<SecretString, SealFailed>;

    /// What is behind it.
    ///
    /// # Errors
    /// [`SealFailed`] when it was sealed with another secret.
    fn open(&self, sealed: &SecretString) -> Result<Vec<u8>, SealFailed>;
}

/// A secret could not be sealed or opened. For the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be used: {0}")]
pub struct SealFailed(pub String);

/// How often codes may be tried, for each account. Clones share it.
#[derive(Clone, Debug)]
pub struct StepLimits(Arc<Mutex<Strikes<UserId>>>);

impl Default for StepLimits {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Strikes::new(PACE))))
    }
}

impl StepLimits {
    /// Lets somebody try; it counts as wrong until [`StepLimits::right`] says otherwise.
    pub(crate) fn admit(&self, user: UserId, now: DateTime<Utc>) -> Result<(), Wait> {
        let mut strikes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        strikes.ready(user, now)?;
        strikes.strike(user, now);
        Ok(())
    }

    pub(crate) fn right(&self, user: UserId) {
        let mut strikes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        strikes.forget(user);
    }
}

/// Begins the second step for somebody who took the `first` one, if there is another to take.
pub(crate) async fn begin(
    cx: &Context<'_>,
    user: &User,
    first: Methods,
) -> Result<Option<RawStep>, LoginError> {
    let totp = cx.store.totp(user.id).await?;
    if totp.is_none_or(|totp| totp.confirmed_at.is_none()) {
        return Ok(None);
    }
    let raw = RawStep::generate(cx.entropy)?;
    let step = LoginStep {
        hash: raw.hash(),
        user: user.id,
        expires_at: cx.now + STEP_TTL,
        tries: 0,
        first,
    };
    cx.store.add_login_step(&step).await?;
    Ok(Some(raw))
}

#[cfg(test)]
mod tests;
