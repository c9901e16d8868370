//! Logging a browser in and out.
//!
//! In: what a person typed, or a cookie's value. Out: a session, or one indistinct "wrong".
//! Never: says whether an account exists, by text or by time; keeps a password.

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    audit,
    config::Context,
    entropy::NoEntropy,
    federation,
    oidc::Sid,
    secret::RawSession,
    session::{Method, Methods, Session},
    store::StoreError,
    user::{Email, PasswordHash, User},
};

/// bcrypt reads no more than this many bytes; longer passwords are refused, never cut.
pub const MAX_PASSWORD_BYTES: usize = 72;

/// Whether bcrypt would look at all of the password: it reads 72 bytes and ends at a NUL.
#[must_use]
pub fn is_hashable(password: &str) -> bool {
    password.len() <= MAX_PASSWORD_BYTES && !password.contains('\0')
}

/// Where a check waits for its turn. The queues are served in turn, so that strangers, however many, keep nobody else waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// For whom the server knows: signed in, invited, or in a browser that was signed in to the account before.
    Known,
    /// For everybody else.
    Strangers,
}

/// Hashes and checks what people type, off the async threads, behind bounded queues.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Says beforehand, at no cost, that a check would be refused now: a flood is not worth looking anything up.
    ///
    /// # Errors
    /// [`PasswordError::Busy`].
    fn ready(&self, _queue: Queue) -> Result<(), PasswordError> {
        Ok(())
    }

    /// Whether the password fits. Without a hash it does the same work and answers `false`.
    ///
    /// # Errors
    /// [`PasswordError`] when the queue is full or the hash cannot be read.
    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        queue: Queue,
    ) -> Result<bool, PasswordError>;

    /// A salted hash of a new password, which nobody but people the server knows has hashed ([`Queue::Known`]).
    ///
    /// # Errors
    /// [`PasswordError`] when the queue is full or hashing fails.
    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError>;
}

/// A password could not be worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already; try again shortly.
    #[error("too many logins at once")]
    Busy,
    /// The stored hash or the hashing itself is broken. For the log.
    #[error("password hashing failed: {0}")]
    Failed(String),
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The cookie's value, this once.
    pub raw: RawSession,
    /// What is stored.
    pub session: Session,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown address, wrong password or disabled account: not to be told apart.
    #[error("wrong address or password")]
    Wrong,
    /// Passwords cannot be checked right now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Checks address and password and begins a session, always a new one (no fixation).
///
/// # Errors
/// [`LoginError`]. Every refusal of a person has cost one password check.
#[tracing::instrument(name = "login.password", skip_all)]
pub async fn login(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    email: &str,
    password: SecretString,
) -> Result<NewSession, LoginError> {
    login_again(cx, passwords, (email, password), None).await
}

/// As [`login`], by the password alone, in a browser that may have a session already. That one ends: for another user it is a
/// logout, which clients are told of; for the same user the new one carries on its name (`sid`).
///
/// # Errors
/// As [`login`].
#[tracing::instrument(name = "login.again", skip_all)]
pub async fn login_again(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    (email, password): (&str, SecretString),
    before: Option<&RawSession>,
) -> Result<NewSession, LoginError> {
    let user = user_at(cx, email).await?;
    let user = check(passwords, user, password, Queue::Strangers).await?;
    begin(cx, &user, before, Method::Password.into()).await
}

/// Whose address this is, as typed.
pub(crate) async fn user_at(cx: &Context<'_>, email: &str) -> Result<Option<User>, StoreError> {
    match Email::parse(email) {
        Some(email) => cx.store.user_by_email(&email).await,
        None => Ok(None),
    }
}

/// Whether it is this user's password; without a user it takes as long. Begins nothing.
pub(crate) async fn check(
    passwords: &dyn Passwords,
    user: Option<User>,
    password: SecretString,
    queue: Queue,
) -> Result<User, LoginError> {
    let fits = is_hashable(password.expose_secret());
    let hash = user.as_ref().filter(|_| fits).map(|user| &user.password);
    let password = if fits {
        password
    } else {
        "not hashable".into()
    };
    let right = passwords.verify(password, hash, queue).await?;
    match user {
        Some(user) if right && fits && user.is_active() => Ok(user),
        user => {
            audit::login_failed(user.map(|user| user.id));
            Err(LoginError::Wrong)
        }
    }
}

/// Ends the session of a cookie; nothing happens when there is none.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "login.logout", skip_all)]
pub async fn logout(cx: &Context<'_>, raw: &RawSession) -> Result<(), StoreError> {
    cx.store.end_session(&raw.hash()).await
}

/// Who is logged in with this cookie: a session that has not ended, of a user who is not disabled and whom the rules of
/// federation still allow.
///
/// # Errors
/// [`StoreError`].
pub async fn current(
    cx: &Context<'_>,
    raw: &RawSession,
) -> Result<Option<(Session, User)>, StoreError> {
    let found = cx.store.session(&raw.hash()).await?;
    let found = found.filter(|(session, user)| !session.is_expired(cx.now) && user.is_active());
    match found {
        Some((session, user)) if federation::may_stay(cx, &user).await? => {
            Ok(Some((session, user)))
        }
        _ => Ok(None),
    }
}

/// Begins a session of somebody who took the last step, always a new one; see [`login_again`] for `before`.
pub(crate) async fn begin(
    cx: &Context<'_>,
    user: &User,
    before: Option<&RawSession>,
    how: Methods,
) -> Result<NewSession, LoginError> {
    let known = match before {
        Some(before) => cx.store.session(&before.hash()).await?,
        None => None,
    };
    let same = known.filter(|(session, _)| session.user == user.id && !session.is_expired(cx.now));
    let raw = RawSession::generate(cx.entropy)?;
    let session = Session {
        hash: raw.hash(),
        sid: match &same {
            Some((session, _)) => session.sid,
            None => Sid(cx.uuid()?),
        },
        user: user.id,
        authenticated_at: cx.now,
        how,
        expires_at: cx.now + cx.rules.session_ttl,
    };
    match (&same, before) {
        (Some((old, _)), _) => cx.store.continue_session(&old.hash, &session).await?,
        (None, Some(other)) => {
            cx.store.add_session(&session).await?;
            cx.store.end_session(&other.hash()).await?;
        }
        (None, None) => cx.store.add_session(&session).await?,
    }
    audit::login(user.id, how);
    Ok(NewSession { raw, session })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::TimeDelta;
    use loop_shared::auth::scope::Role;

    use super::*;
    use crate::{
        store::{Sessions as _, Users as _},
        testing::{World, user},
    };

    /// Takes "right" for right, and notes whether each check had a hash to work on.
    #[derive(Default)]
    struct Noting(Mutex<Vec<bool>>);

    #[async_trait]
    impl Passwords for Noting {
        async fn verify(
            &self,
            password: SecretString,
            hash: Option<&PasswordHash>,
            _: Queue,
        ) -> Result<bool, PasswordError> {
            assert!(is_hashable(password.expose_secret()));
            self.0.lock().unwrap().push(hash.is_some());
            Ok(hash.is_some() && password.expose_secret() == "right")
        }

        async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
            Ok(PasswordHash(password))
        }
    }

    async fn world() -> World {
        let world = World::default();
        let mut gone = user("gone@example.com", Role::Admin);
        gone.disabled_at = Some(world.now);
        for user in [user("alice@example.com", Role::Member), gone] {
            world.store.add_user(&user).await.unwrap();
        }
        world
    }

    #[tokio::test]
    async fn every_refusal_costs_one_check_and_sounds_alike() {
        for (email, password, good, hashed) in [
            ("alice@example.com", "right", true, true),
            (" ALICE@Example.com ", "right", true, true),
            ("alice@example.com", "wrong", false, true),
            ("alice@example.com", "", false, true),
            ("gone@example.com", "right", false, true),
            ("nobody@example.com", "right", false, false),
            ("not an address", "right", false, false),
            ("", "", false, false),
            ("alice@example.com", "right\0", false, false),
            ("alice@example.com", &"x".repeat(72), false, true),
            ("alice@example.com", &"x".repeat(73), false, false),
        ] {
            let (world, noting) = (world().await, Noting::default());
            let got = login(&world.cx(), &noting, email, password.into()).await;
            assert_eq!(
                *noting.0.lock().unwrap(),
                [hashed],
                "{email:?} {password:?}"
            );
            match got {
                Ok(_) => assert!(good, "{email:?} {password:?}"),
                Err(error) => {
                    assert!(
                        !good && matches!(error, LoginError::Wrong),
                        "{email:?}: {error}"
                    );
                }
            }
        }
    }

    #[tokio::test]
    async fn a_session_lasts_two_weeks_or_until_logout_or_until_the_user_is_disabled() {
        let mut world = world().await;
        let noting = Noting::default();
        let begin = async |world: &World| {
            login(&world.cx(), &noting, "alice@example.com", "right".into())
                .await
                .unwrap()
        };
        let (a, b) = (begin(&world).await, begin(&world).await);
        assert_ne!(a.raw.hash(), b.raw.hash(), "each login is a new session");
        assert!(current(&world.cx(), &a.raw).await.unwrap().is_some());
        logout(&world.cx(), &a.raw).await.unwrap();
        logout(&world.cx(), &a.raw).await.unwrap();
        assert!(current(&world.cx(), &a.raw).await.unwrap().is_none());
        world.pass(TimeDelta::days(14) - TimeDelta::milliseconds(1));
        let (_, alice) = current(&world.cx(), &b.raw).await.unwrap().unwrap();
        world.pass(TimeDelta::milliseconds(1));
        assert!(current(&world.cx(), &b.raw).await.unwrap().is_none());
        let c = begin(&world).await;
        world.store.disable_user(alice.id, world.now).await.unwrap();
        world.store.add_session(&c.session).await.unwrap();
        assert!(current(&world.cx(), &c.raw).await.unwrap().is_none());
    }
}
