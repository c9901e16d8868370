//! Passkeys (Web Authentication Level 3): sign in with a key that never leaves its device.
//!
//! In: what a browser's authenticator answers to a challenge. Out: a key of an account, or a session. Never: a challenge that was
//! answered before; a session for a person who is disabled.
//!
//! The mathematics are behind [`Ceremonies`]. Here is what may be begun, by whom, how often, and what becomes of it.

mod ceremony;

use std::{net::IpAddr, sync::Arc};

use chrono::TimeDelta;

pub use ceremony::{Begun, Ceremonies, Ceremony, CeremonyFailed, Passkey};

use crate::{
    account::is_recent,
    audit,
    budget::{Budget, Rate, Wait, party},
    config::Context,
    entropy::NoEntropy,
    login::{self, LoginError, NewSession},
    secret::{RawCeremony, RawSession},
    session::{Method, Session},
    store::{Inserted, StoreError, Updated},
    user::{Email, User, UserId},
};

/// How long a challenge waits for its answer.
pub const CEREMONY_TTL: TimeDelta = TimeDelta::minutes(5);

/// Passkeys of one account.
pub const MOST_PASSKEYS: u64 = 20;

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 60;

/// The longest answer that is looked at, in bytes.
const MAX_ANSWER_BYTES: usize = 32_768;

/// How often a login may be begun: each costs a row for five minutes.
#[derive(Clone, Debug)]
pub struct PasskeyRules {
    /// Logins that were begun, for each address.
    pub begun: Arc<Budget<IpAddr>>,
}

impl Default for PasskeyRules {
    fn default() -> Self {
        let all = Rate {
            burst: 500,
            every: TimeDelta::milliseconds(100),
        };
        let each = Rate {
            burst: 30,
            every: TimeDelta::seconds(5),
        };
        Self {
            begun: Arc::new(Budget::new(all, each)),
        }
    }
}

/// Why a passkey did nothing.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The login is too old to change how one signs in.
    #[error("the login is too old to change how one signs in")]
    Old,
    /// The challenge is unknown, too old, answered before, or another person's.
    #[error("no challenge waits for this answer")]
    Gone,
    /// The answer is not right, or its key is unknown.
    #[error(transparent)]
    Refused(#[from] CeremonyFailed),
    /// The account has as many as it may have, or has this one.
    #[error("the account has no room for this key")]
    NoRoom,
    /// Too many were begun.
    #[error(transparent)]
    TooMany(#[from] Wait),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl From<LoginError> for PasskeyError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong | LoginError::Password(_) => Self::Gone,
            LoginError::Store(error) => Self::Store(error),
            LoginError::Entropy(error) => Self::Entropy(error),
        }
    }
}

/// Begins to add a key. What the browser keeps, and what its authenticator is handed.
///
/// # Errors
/// [`PasskeyError`].
pub async fn begin_adding(
    cx: &Context<'_>,
    ceremonies: &dyn Ceremonies,
    (session, user): (&Session, &User),
) -> Result<(RawCeremony, String), PasskeyError> {
    fresh(cx, session)?;
    let known = cx.store.passkeys(user.id).await?;
    let begun = ceremonies.begin_adding(user, &known)?;
    keep(cx, Some(user.id), begun).await
}

/// Adds the key that answers.
///
/// # Errors
/// [`PasskeyError`].
#[tracing::instrument(name = "passkey.add", skip_all)]
pub async fn finish_adding(
    cx: &Context<'_>,
    ceremonies: &dyn Ceremonies,
    (session, user): (&Session, &User),
    raw: &RawCeremony,
    (answer, name): (&str, &str),
) -> Result<(), PasskeyError> {
    fresh(cx, session)?;
    let ceremony = take(cx, raw, Some(user.id), answer).await?;
    let (id, credential) = ceremonies.finish_adding(&ceremony.state, answer)?;
    let plain = name.trim().chars().filter(|c| !c.is_control());
    let passkey = Passkey {
        id,
        user: user.id,
        name: plain.take(MAX_NAME_CHARS).collect(),
        credential,
        created_at: cx.now,
        used_at: None,
    };
    match cx.store.add_passkey(&passkey, MOST_PASSKEYS).await? {
        Inserted::Now => {
            audit::user_changed("passkey_added", user.id);
            Ok(())
        }
        Inserted::AlreadyThere => Err(PasskeyError::NoRoom),
    }
}

/// Begins a login of whoever holds a key.
///
/// # Errors
/// [`PasskeyError`].
pub async fn begin_login(
    cx: &Context<'_>,
    ceremonies: &dyn Ceremonies,
    from: Option<IpAddr>,
) -> Result<(RawCeremony, String), PasskeyError> {
    cx.rules.passkey.begun.take(from.map(party), cx.now)?;
    let begun = ceremonies.begin_login()?;
    keep(cx, None, begun).await
}

/// Signs in whose key answers. It proves possession and, by the device, the person: two factors in one.
///
/// # Errors
/// [`PasskeyError`].
#[tracing::instrument(name = "passkey.login", skip_all)]
pub async fn finish_login(
    cx: &Context<'_>,
    ceremonies: &dyn Ceremonies,
    raw: &RawCeremony,
    answer: &str,
    before: Option<&RawSession>,
) -> Result<(NewSession, User), PasskeyError> {
    let ceremony = take(cx, raw, None, answer).await?;
    let (claimed, id) = ceremonies.claimed(answer)?;
    let found = cx.store.passkey(&id).await?;
    let found = found.filter(|(_, user)| user.id.0 == claimed && user.is_active());
    let Some((passkey, user)) = found else {
        audit::login_failed(None);
        return Err(CeremonyFailed("its key is unknown".to_owned()).into());
    };
    let checked = ceremonies.finish_login(&ceremony.state, answer, &passkey.credential);
    let after = checked.inspect_err(|_| audit::login_failed(Some(user.id)))?;
    // Holds only for the counter that was compared, so that of a key and its copy at once one is signed in.
    if cx.store.use_passkey(&passkey, &after, cx.now).await? == Updated::NotFound {
        return Err(PasskeyError::Gone);
    }
    let new = login::begin(cx, &user, before, Method::Passkey.into()).await?;
    Ok((new, user))
}

/// Removes a key of this person.
///
/// # Errors
/// [`PasskeyError`].
#[tracing::instrument(name = "passkey.remove", skip_all)]
pub async fn remove(
    cx: &Context<'_>,
    (session, user): (&Session, &User),
    id: &str,
) -> Result<Updated, PasskeyError> {
    fresh(cx, session)?;
    let removed = cx.store.remove_passkey(user.id, id).await?;
    if removed == Updated::Now {
        audit::user_changed("passkey_removed", user.id);
    }
    Ok(removed)
}

/// The keys of whoever has this address, the oldest first; `None` without such a user.
///
/// # Errors
/// [`StoreError`].
pub async fn of_address(cx: &Context<'_>, email: &str) -> Result<Option<Vec<Passkey>>, StoreError> {
    let Some(email) = Email::parse(email) else {
        return Ok(None);
    };
    match cx.store.user_by_email(&email).await? {
        Some(user) => cx.store.passkeys(user.id).await.map(Some),
        None => Ok(None),
    }
}

async fn keep(
    cx: &Context<'_>,
    user: Option<UserId>,
    begun: Begun,
) -> Result<(RawCeremony, String), PasskeyError> {
    let raw = RawCeremony::generate(cx.entropy)?;
    let ceremony = Ceremony {
        hash: raw.hash(),
        user,
        state: begun.state,
        expires_at: cx.now + CEREMONY_TTL,
    };
    cx.store.add_ceremony(&ceremony).await?;
    Ok((raw, begun.options))
}

/// Takes the challenge away before its answer is looked at: right or wrong, there is one.
async fn take(
    cx: &Context<'_>,
    raw: &RawCeremony,
    user: Option<UserId>,
    answer: &str,
) -> Result<Ceremony, PasskeyError> {
    let taken = cx.store.take_ceremony(&raw.hash()).await?;
    let fits = |ceremony: &Ceremony| ceremony.user == user && cx.now < ceremony.expires_at;
    let taken = taken.filter(fits).ok_or(PasskeyError::Gone)?;
    if answer.len() > MAX_ANSWER_BYTES {
        return Err(CeremonyFailed("it is too long".to_owned()).into());
    }
    Ok(taken)
}

fn fresh(cx: &Context<'_>, session: &Session) -> Result<(), PasskeyError> {
    if is_recent(session, cx.now) {
        Ok(())
    } else {
        Err(PasskeyError::Old)
    }
}

#[cfg(test)]
mod tests;
