//! A new password, by whoever knows the current one.

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    audit,
    budget::Wait,
    config::Context,
    entropy::NoEntropy,
    login::{NewSession, PasswordError, Passwords, Queue, is_hashable},
    secret::RawSession,
    session::Session,
    store::{StoreError, Updated},
    user::{PasswordHash, User},
    user_admin::{UserAdminError, check_password},
};

/// A password in the place of another.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The hash that must still be there.
    pub before: PasswordHash,
    /// The new one.
    pub after: PasswordHash,
}

/// Why the password stays.
#[derive(Debug, thiserror::Error)]
pub enum PasswordChangeError {
    /// The current password is another.
    #[error("the current password is not right")]
    Wrong,
    /// Fewer than [`crate::user_admin::MIN_PASSWORD_CHARS`].
    #[error("the new password is too short")]
    TooShort,
    /// More bytes than bcrypt reads, or a NUL, where it stops.
    #[error("the new password is too long or has a NUL")]
    TooLong,
    /// It is the current one, or the address of the account.
    #[error("the new password is known already")]
    Known,
    /// It was changed elsewhere at the same moment.
    #[error("the password was changed meanwhile")]
    Raced,
    /// Too many wrong ones.
    #[error(transparent)]
    TooMany(#[from] Wait),
    /// Passwords cannot be worked on right now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Changes the password and ends every other session; this one goes on under a new identifier.
///
/// # Errors
/// [`PasswordChangeError`]; nothing is changed then.
#[tracing::instrument(name = "account.change_password", skip_all)]
pub async fn change_password(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    (session, user): (&Session, &User),
    (current, new): (SecretString, SecretString),
) -> Result<NewSession, PasswordChangeError> {
    check_new(user, &current, &new)?;
    confirm(cx, passwords, user, current).await?;
    let change = PasswordChange {
        before: user.password.clone(),
        after: passwords.hash(new).await?,
    };
    let raw = RawSession::generate(cx.entropy)?;
    let renewed = Session {
        hash: raw.hash(),
        authenticated_at: cx.now,
        expires_at: cx.now + cx.rules.session_ttl,
        ..session.clone()
    };
    match cx.store.change_password(&change, &renewed).await? {
        Updated::Now => {
            audit::user_changed("password_changed", user.id);
            let session = renewed;
            Ok(NewSession { raw, session })
        }
        Updated::NotFound => Err(PasswordChangeError::Raced),
    }
}

/// Checks that the person knows the current password. Every wrong one costs a try.
///
/// # Errors
/// `Wrong`, `TooMany`, or what kept it from being checked.
pub(crate) async fn confirm(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    user: &User,
    typed: SecretString,
) -> Result<(), PasswordChangeError> {
    let tries = &cx.rules.account.tries;
    tries.take(Some(user.id), cx.now)?;
    let fits = is_hashable(typed.expose_secret());
    let typed = if fits { typed } else { "not hashable".into() };
    let right = match passwords
        .verify(typed, Some(&user.password), Queue::Known)
        .await
    {
        Ok(right) => right && fits,
        Err(error) => {
            tries.give_back(user.id);
            return Err(error.into());
        }
    };
    if !right {
        audit::password_refused(user.id);
        return Err(PasswordChangeError::Wrong);
    }
    tries.give_back(user.id);
    Ok(())
}

fn check_new(
    user: &User,
    current: &SecretString,
    new: &SecretString,
) -> Result<(), PasswordChangeError> {
    match check_password(new) {
        Ok(()) => {}
        Err(UserAdminError::PasswordTooShort) => return Err(PasswordChangeError::TooShort),
        Err(_) => return Err(PasswordChangeError::TooLong),
    }
    let text = new.expose_secret();
    if text == current.expose_secret() || text.eq_ignore_ascii_case(user.email.as_str()) {
        return Err(PasswordChangeError::Known);
    }
    Ok(())
}
