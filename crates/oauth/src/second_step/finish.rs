//! The second step of a login.

use super::{LoginStep, MAX_TRIES, SealFailed, Seals, Totp, recovery, totp::TotpSecret};
use crate::{
    audit,
    budget::Wait,
    config::Context,
    entropy::NoEntropy,
    login::{self, LoginError, NewSession},
    secret::{RawSession, RawStep},
    session::Method,
    store::{StoreError, Updated},
    user::User,
};

/// What somebody answers.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// A code from the app, as typed.
    Code(&'a str),
    /// A recovery code, as typed.
    Recovery(&'a str),
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such step: too old, finished, tried too often, or the person was disabled. The password comes first again.
    #[error("no login waits for a second step")]
    Gone,
    /// The code is not right, or was used before.
    #[error("the code is not right")]
    Wrong,
    /// Too many wrong codes for this account; none was looked at.
    #[error("too many wrong codes; {0}")]
    TooMany(Wait),
    /// The stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealFailed),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl From<LoginError> for StepError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong | LoginError::Password(_) => Self::Gone,
            LoginError::Store(error) => Self::Store(error),
            LoginError::Entropy(error) => Self::Entropy(error),
        }
    }
}

/// The login that waits behind what a browser holds, and whose it is.
///
/// # Errors
/// [`StoreError`].
pub async fn waiting(
    cx: &Context<'_>,
    raw: &RawStep,
) -> Result<Option<(LoginStep, User)>, StoreError> {
    let found = cx.store.login_step(&raw.hash()).await?;
    Ok(found.filter(|(step, user)| {
        cx.now < step.expires_at && step.tries < MAX_TRIES && user.is_active()
    }))
}

/// Checks the answer and begins the session: a new one, whatever the browser had before.
///
/// # Errors
/// [`StepError`]. Every answer that is looked at costs a try of the step, and every wrong one counts for the account.
#[tracing::instrument(name = "second_step.answer", skip_all)]
pub async fn answer(
    cx: &Context<'_>,
    seals: &dyn Seals,
    raw: &RawStep,
    answer: Answer<'_>,
    before: Option<&RawSession>,
) -> Result<(NewSession, User), StepError> {
    let (step, user) = waiting(cx, raw).await?.ok_or(StepError::Gone)?;
    let limits = &cx.rules.second_step;
    limits.admit(user.id, cx.now).map_err(StepError::TooMany)?;
    // Written before the code is looked at, so that many at once are no way around it.
    if cx.store.try_login_step(&step.hash, MAX_TRIES).await? == Updated::NotFound {
        return Err(StepError::Gone);
    }
    if !is_right(cx, seals, &user, answer).await? {
        audit::second_step_failed(user.id);
        return Err(StepError::Wrong);
    }
    limits.right(user.id);
    // Of two that answer at once, one is signed in.
    if cx.store.take_login_step(&step.hash).await? == Updated::NotFound {
        return Err(StepError::Gone);
    }
    let how = step.first.with(match answer {
        Answer::Code(_) => Method::Otp,
        Answer::Recovery(_) => Method::Recovery,
    });
    let new = login::begin(cx, &user, before, how).await?;
    Ok((new, user))
}

/// Uses the code up: of two that present it, one is right.
async fn is_right(
    cx: &Context<'_>,
    seals: &dyn Seals,
    user: &User,
    answer: Answer<'_>,
) -> Result<bool, StepError> {
    let spent = match answer {
        Answer::Code(typed) => {
            let totp = cx.store.totp(user.id).await?;
            let Some(totp) = totp.filter(|totp| totp.confirmed_at.is_some()) else {
                return Ok(false);
            };
            match open(seals, &totp)?.step_of(typed, cx.now) {
                Some(step) => cx.store.use_totp_step(user.id, step).await?,
                None => Updated::NotFound,
            }
        }
        Answer::Recovery(typed) => match recovery::presented(user.id, typed) {
            Some(hash) => {
                let spent = cx.store.use_recovery_code(user.id, &hash, cx.now).await?;
                if spent == Updated::Now {
                    audit::user_changed("recovery_code_used", user.id);
                }
                spent
            }
            None => Updated::NotFound,
        },
    };
    Ok(spent == Updated::Now)
}

/// The secret behind its stored form, which names its account.
pub(super) fn open(seals: &dyn Seals, totp: &Totp) -> Result<TotpSecret, SealFailed> {
    let plain = seals.open(&totp.sealed)?;
    let secret = plain
        .strip_prefix(&totp.user.0.as_bytes()[..])
        .and_then(|secret| secret.try_into().ok());
    let strange = || SealFailed("it is of another account".to_owned());
    secret.map(TotpSecret).ok_or_else(strange)
}
