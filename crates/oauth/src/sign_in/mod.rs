//! Signing in with a password, within limits.
//!
//! In: what a person typed, from where, in which browser. Out: a session and the cookie that makes the browser known, or a
//! refusal. Never: says whether an account exists, by text, by time or by a wait; shuts an account because strangers guess.

pub mod browser;
pub mod limits;
pub mod strikes;

use std::net::IpAddr;

use secrecy::SecretString;

use self::{
    browser::BrowserCookie,
    limits::{Guest, KnownBrowser, Tried, Typed},
};
use crate::{
    audit,
    budget::Wait,
    config::Context,
    login::{self, LoginError, NewSession, Passwords, Queue},
    second_step,
    secret::{RawSession, RawStep},
    session::Method,
    store::StoreError,
    user::User,
};

/// A person tries to sign in.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The account, as typed.
    pub email: &'a str,
    /// The password, as typed.
    pub password: SecretString,
    /// From where; `None` when that is not known.
    pub from: Option<IpAddr>,
    /// The session that the browser has already.
    pub before: Option<&'a RawSession>,
    /// What the browser shows of logins before.
    pub browser: Option<&'a BrowserCookie>,
}

impl Attempt<'_> {
    /// Whether the browser shows nothing by which anybody could know it.
    const fn shows_nothing(&self) -> bool {
        self.before.is_none() && self.browser.is_none()
    }
}

/// A person is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub new: NewSession,
    /// Makes the browser known to the account.
    pub browser: Option<BrowserCookie>,
}

/// How far a right password led.
#[derive(Debug)]
pub enum Entered {
    /// The person is signed in.
    SignedIn(SignedIn),
    /// A second step waits behind this; there is no session yet.
    SecondStep(RawStep),
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many failures; the password was not looked at.
    #[error("too many wrong passwords; {0}")]
    TooMany(Wait),
    /// As without limits.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Login(error.into())
    }
}

/// Checks address and password as [`login::login_again`] does, unless too many of them were wrong.
///
/// # Errors
/// [`SignInError`].
#[tracing::instrument(name = "sign_in.password", skip_all)]
pub async fn sign_in(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    attempt: Attempt<'_>,
) -> Result<Entered, SignInError> {
    if attempt.shows_nothing() {
        // A flood is not worth looking anything up.
        passwords
            .ready(Queue::Strangers)
            .map_err(LoginError::from)?;
    }
    let user = login::user_at(cx, attempt.email).await?;
    let guest = match known(cx, &attempt, user.as_ref()).await? {
        Some(browser) => Guest::Known(browser),
        None => Guest::stranger(Typed::account(attempt.email), attempt.from),
    };
    let queue = match guest {
        Guest::Known(_) => Queue::Known,
        Guest::Stranger { .. } => Queue::Strangers,
    };
    passwords.ready(queue).map_err(LoginError::from)?;
    let limits = &cx.rules.sign_in;
    if let Err(wait) = limits.admit(&guest, cx.now) {
        audit::login_delayed(user.map(|user| user.id), wait);
        return Err(SignInError::TooMany(wait));
    }
    let outcome = login::check(passwords, user, attempt.password, queue).await;
    limits.settle(
        &guest,
        match &outcome {
            Ok(_) => Tried::Right,
            Err(LoginError::Wrong) => Tried::Wrong,
            Err(LoginError::Password(_) | LoginError::Store(_) | LoginError::Entropy(_)) => {
                Tried::Unchecked
            }
        },
    );
    let user = outcome?;
    if let Some(step) = second_step::begin(cx, &user, Method::Password.into()).await? {
        return Ok(Entered::SecondStep(step));
    }
    let new = login::begin(cx, &user, attempt.before, Method::Password.into()).await?;
    // Without randomness for it the browser stays a stranger; the person is signed in all the same.
    let browser = browser::remember(attempt.browser, &user, cx.now, cx.entropy).ok();
    Ok(Entered::SignedIn(SignedIn { new, browser }))
}

/// The browser, when it was signed in to `user` before: by its cookie, or by a session that has not ended.
async fn known(
    cx: &Context<'_>,
    attempt: &Attempt<'_>,
    user: Option<&User>,
) -> Result<Option<KnownBrowser>, StoreError> {
    let session = match attempt.before {
        Some(before) => login::current(cx, before).await?,
        None => None,
    };
    let Some(user) = user else { return Ok(None) };
    let by_cookie = attempt
        .browser
        .and_then(|browser| browser.knows(user, cx.now));
    let by_session = session
        .filter(|(session, _)| session.user == user.id)
        .map(|(session, _)| KnownBrowser(session.sid.0.into_bytes()));
    Ok(by_cookie.or(by_session))
}

#[cfg(test)]
mod tests;
