//! Setting up an authenticator app, and taking it away.
//!
//! In: a session that is fresh, or the password. Out: a secret to scan, recovery codes to write down. Never: the secret again
//! once it counts.

use secrecy::SecretString;

use super::{
    SealFailed, Seals, Totp,
    finish::open,
    recovery::{self, RecoveryCodes},
    totp::TotpSecret,
};
use crate::{
    account::{PasswordChangeError, confirm, is_recent},
    audit,
    budget::Wait,
    config::Context,
    entropy::NoEntropy,
    login::Passwords,
    session::Session,
    store::{Inserted, StoreError, Updated},
    user::User,
};

/// Why nothing was set up or taken away.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The login is too old for this.
    #[error("the login is too old to change how one signs in")]
    Old,
    /// There is an app already, or none to confirm.
    #[error("there is nothing to do here")]
    Nothing,
    /// The code is not that of the app.
    #[error("the code is not right")]
    Wrong,
    /// Too many wrong codes.
    #[error(transparent)]
    TooMany(#[from] Wait),
    /// The password is not right, or could not be checked.
    #[error(transparent)]
    Password(PasswordChangeError),
    /// The secret cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealFailed),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Who changes how they sign in.
pub type Person<'a> = (&'a Session, &'a User);

/// What somebody has set up.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The app, confirmed or not.
    pub totp: Option<Totp>,
    /// Recovery codes that were not used yet.
    pub codes_left: u64,
}

/// What this person has set up.
///
/// # Errors
/// [`StoreError`].
pub async fn set_up(cx: &Context<'_>, user: &User) -> Result<SetUp, StoreError> {
    Ok(SetUp {
        totp: cx.store.totp(user.id).await?,
        codes_left: cx.store.recovery_codes_left(user.id).await?,
    })
}

/// Makes a secret that waits for its first code, in the place of one that waited before.
///
/// # Errors
/// [`EnrolError`].
#[tracing::instrument(name = "second_step.begin_enrolment", skip_all)]
pub async fn begin(
    cx: &Context<'_>,
    seals: &dyn Seals,
    (session, user): Person<'_>,
) -> Result<(), EnrolError> {
    fresh(session, cx)?;
    let secret = TotpSecret::generate(cx.entropy)?;
    let plain = [user.id.0.as_bytes(), &secret.0[..]].concat();
    let totp = Totp {
        user: user.id,
        sealed: seals.seal(&plain)?,
        created_at: cx.now,
        confirmed_at: None,
    };
    match cx.store.begin_totp(&totp).await? {
        Inserted::Now => Ok(()),
        Inserted::AlreadyThere => Err(EnrolError::Nothing),
    }
}

/// The secret that waits for its first code; none when there is none, or it counts already.
///
/// # Errors
/// [`EnrolError`].
pub async fn waiting(
    cx: &Context<'_>,
    seals: &dyn Seals,
    (session, user): Person<'_>,
) -> Result<Option<TotpSecret>, EnrolError> {
    fresh(session, cx)?;
    let totp = cx.store.totp(user.id).await?;
    let waits = totp.filter(|totp| totp.confirmed_at.is_none());
    Ok(waits.map(|totp| open(seals, &totp)).transpose()?)
}

/// Takes the first code: from now on the app is asked for. Its step is used up.
///
/// # Errors
/// [`EnrolError`].
#[tracing::instrument(name = "second_step.confirm", skip_all)]
pub async fn confirm_first(
    cx: &Context<'_>,
    seals: &dyn Seals,
    (session, user): Person<'_>,
    typed: &str,
) -> Result<RecoveryCodes, EnrolError> {
    fresh(session, cx)?;
    let totp = cx.store.totp(user.id).await?;
    let totp = totp.filter(|totp| totp.confirmed_at.is_none());
    let totp = totp.ok_or(EnrolError::Nothing)?;
    let limits = &cx.rules.second_step;
    limits.admit(user.id, cx.now)?;
    let step = open(seals, &totp)?.step_of(typed, cx.now);
    let step = step.ok_or(EnrolError::Wrong)?;
    let (codes, hashes) = recovery::generate(user.id, cx.entropy)?;
    let done = cx.store.confirm_totp(&totp, step, cx.now, &hashes).await?;
    if done == Updated::NotFound {
        return Err(EnrolError::Nothing);
    }
    limits.right(user.id);
    audit::user_changed("totp_added", user.id);
    Ok(codes)
}

/// New recovery codes; the old ones end.
///
/// # Errors
/// [`EnrolError`].
#[tracing::instrument(name = "second_step.renew_codes", skip_all)]
pub async fn renew_codes(
    cx: &Context<'_>,
    (session, user): Person<'_>,
) -> Result<RecoveryCodes, EnrolError> {
    fresh(session, cx)?;
    let (codes, hashes) = recovery::generate(user.id, cx.entropy)?;
    match cx.store.replace_recovery_codes(user.id, &hashes).await? {
        Updated::Now => {
            audit::user_changed("recovery_codes_renewed", user.id);
            Ok(codes)
        }
        Updated::NotFound => Err(EnrolError::Nothing),
    }
}

/// Takes the app and the recovery codes away, for whoever knows the password.
///
/// # Errors
/// [`EnrolError`].
#[tracing::instrument(name = "second_step.remove", skip_all)]
pub async fn remove(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    user: &User,
    password: SecretString,
) -> Result<(), EnrolError> {
    confirm(cx, passwords, user, password)
        .await
        .map_err(EnrolError::Password)?;
    match cx.store.remove_totp(user.id).await? {
        Updated::Now => {
            audit::user_changed("totp_removed", user.id);
            Ok(())
        }
        Updated::NotFound => Err(EnrolError::Nothing),
    }
}

fn fresh(session: &Session, cx: &Context<'_>) -> Result<(), EnrolError> {
    if is_recent(session, cx.now) {
        Ok(())
    } else {
        Err(EnrolError::Old)
    }
}
