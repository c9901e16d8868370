//! What an operator does to users: add, list, new password, roles, disable.
//!
//! In: what a command line says. Out: the user, or why not. Never: prints or logs a password.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::auth::scope::{Role, Roles};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    admin::{self, AdminError, By},
    audit,
    config::Context,
    entropy::NoEntropy,
    federation::provider::ProviderId,
    login::{MAX_PASSWORD_BYTES, PasswordError, Passwords},
    store::{Act, Ended, Inserted, StoreError, Updated},
    user::{Email, User, UserId},
};

/// The shortest password that may be set, in characters (NIST SP 800-63B §5.1.1.2).
pub const MIN_PASSWORD_CHARS: usize = 8;

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Address, as typed.
    pub email: String,
    /// What pages call them; empty: the address.
    pub name: String,
    /// The password, as typed.
    pub password: SecretString,
    /// What they may be granted.
    pub roles: Roles,
}

/// The first administrator of a new store.
#[derive(Clone, Debug)]
pub enum FirstAdmin {
    /// Added; `generated` is the password to show once, if none was given.
    Added {
        /// Whom.
        user: User,
        /// The password nobody has seen yet.
        generated: Option<SecretString>,
    },
    /// There are users already; nothing changed.
    NotNeeded,
}

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UserAdminError {
    /// Not an address.
    #[error("this is not an e-mail address")]
    BadEmail,
    /// The address has an account.
    #[error("this address has an account already")]
    Taken,
    /// No such account.
    #[error("no account has this address")]
    Unknown,
    /// Fewer than [`MIN_PASSWORD_CHARS`].
    #[error("a password must have at least 8 characters")]
    PasswordTooShort,
    /// More than [`MAX_PASSWORD_BYTES`].
    #[error("a password must have at most 72 bytes (bcrypt reads no more)")]
    PasswordTooLong,
    /// Nobody would be left who may administer.
    #[error("this is the last administrator; make somebody else one first")]
    LastAdmin,
    /// bcrypt ends at a NUL.
    #[error("a password must not have a NUL character")]
    PasswordNul,
    /// Hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Adds a user.
///
/// # Errors
/// [`UserAdminError`].
pub async fn add_user(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    new: NewUser,
) -> Result<User, UserAdminError> {
    let user = build(cx, passwords, new).await?;
    match cx.store.add_user(&user).await? {
        Inserted::Now => {
            audit::user_changed("user_added", user.id);
            Ok(user)
        }
        Inserted::AlreadyThere => Err(UserAdminError::Taken),
    }
}

/// Adds the first administrator, unless there is any user; makes up a password when none is given.
///
/// # Errors
/// [`UserAdminError`].
pub async fn first_admin(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    email: &str,
    password: Option<SecretString>,
) -> Result<FirstAdmin, UserAdminError> {
    if !cx.store.users(1).await?.is_empty() {
        return Ok(FirstAdmin::NotNeeded);
    }
    let generated = match &password {
        Some(_) => None,
        None => Some(new_password(cx)?),
    };
    let Some(password) = password.or_else(|| generated.clone()) else {
        return Err(UserAdminError::PasswordTooShort);
    };
    let new = NewUser {
        email: email.to_owned(),
        name: String::new(),
        password,
        roles: Roles::from(Role::Admin),
    };
    let user = build(cx, passwords, new).await?;
    match cx.store.add_first_user(&user).await? {
        Inserted::Now => {
            audit::user_changed("first_admin_added", user.id);
            Ok(FirstAdmin::Added { user, generated })
        }
        Inserted::AlreadyThere => Ok(FirstAdmin::NotNeeded),
    }
}

/// Sets a new password and ends the user's sessions.
///
/// # Errors
/// [`UserAdminError`].
pub async fn set_password(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    email: &str,
    password: SecretString,
) -> Result<UserId, UserAdminError> {
    check_password(&password)?;
    let user = find(cx, email).await?;
    let hash = passwords.hash(password).await?;
    done(
        cx.store.set_password(user.id, &hash).await?,
        "password_set",
        user.id,
    )
}

/// Replaces a user's roles; tokens follow at their next refresh.
///
/// When the highest role goes down, every grant of the user ends: access tokens name roles and scopes that
/// are no longer the user's, and `ROLE_BYPASS` trusts the roles. The browser session stays, so that
/// logging in again is one redirect.
///
/// # Errors
/// [`UserAdminError`].
pub async fn set_roles(
    cx: &Context<'_>,
    email: &str,
    roles: Roles,
) -> Result<UserId, UserAdminError> {
    let user = find(cx, email).await?;
    act(cx, Act::SetRoles(user.id, roles)).await?;
    Ok(user.id)
}

/// Ends every grant of a client: its users log in again with it. Returns how many there were.
///
/// # Errors
/// [`StoreError`].
pub async fn revoke_client(
    cx: &Context<'_>,
    client: &crate::client::ClientId,
) -> Result<u64, StoreError> {
    let reason = crate::grant::RevokeReason::ByOperator;
    let ended = cx.store.revoke_client(client, reason, cx.now).await?;
    audit::client_revoked(client, ended);
    Ok(ended)
}

/// Disables a user: no login, no refresh; sessions end, grants are revoked.
///
/// # Errors
/// [`UserAdminError`].
pub async fn disable(cx: &Context<'_>, email: &str) -> Result<UserId, UserAdminError> {
    let user = find(cx, email).await?;
    act(cx, Act::Disable(user.id)).await?;
    Ok(user.id)
}

/// Does something to a user on an operator's word.
///
/// # Errors
/// [`UserAdminError`].
pub async fn act_on(
    cx: &Context<'_>,
    email: &str,
    wanted: impl FnOnce(UserId) -> Act,
) -> Result<Ended, UserAdminError> {
    let user = find(cx, email).await?;
    act(cx, wanted(user.id)).await
}

async fn act(cx: &Context<'_>, wanted: Act) -> Result<Ended, UserAdminError> {
    let acted = admin::act(cx, By::Operator, wanted).await;
    acted.map_err(|error| match error {
        AdminError::Store(error) => error.into(),
        AdminError::LastAdmin => UserAdminError::LastAdmin,
        AdminError::NotFound | AdminError::Forbidden | AdminError::StaleLogin | AdminError::Own => {
            UserAdminError::Unknown
        }
    })
}

/// Lets the user's next login at `provider`, under the user's own address, connect the two accounts.
///
/// # Errors
/// [`UserAdminError::Unknown`] without such a user, or a store error.
pub async fn expect_identity(
    cx: &Context<'_>,
    email: &str,
    provider: &ProviderId,
) -> Result<UserId, UserAdminError> {
    let user = find(cx, email).await?;
    cx.store.invite_identity(user.id, provider, cx.now).await?;
    audit::user_changed("identity_expected", user.id);
    Ok(user.id)
}

fn done(updated: Updated, event: &'static str, user: UserId) -> Result<UserId, UserAdminError> {
    match updated {
        Updated::Now => {
            audit::user_changed(event, user);
            Ok(user)
        }
        Updated::NotFound => Err(UserAdminError::Unknown),
    }
}

async fn find(cx: &Context<'_>, email: &str) -> Result<User, UserAdminError> {
    let email = Email::parse(email).ok_or(UserAdminError::BadEmail)?;
    let user = cx.store.user_by_email(&email).await?;
    user.ok_or(UserAdminError::Unknown)
}

async fn build(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    new: NewUser,
) -> Result<User, UserAdminError> {
    let email = Email::parse(&new.email).ok_or(UserAdminError::BadEmail)?;
    check_password(&new.password)?;
    let name = new.name.trim();
    Ok(User {
        id: UserId(cx.uuid()?),
        name: if name.is_empty() {
            email.as_str().to_owned()
        } else {
            name.to_owned()
        },
        email,
        password: passwords.hash(new.password).await?,
        roles: new.roles,
        created_at: cx.now,
        disabled_at: None,
    })
}

pub(crate) fn check_password(password: &SecretString) -> Result<(), UserAdminError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_PASSWORD_CHARS {
        return Err(UserAdminError::PasswordTooShort);
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(UserAdminError::PasswordTooLong);
    }
    if text.contains('\0') {
        return Err(UserAdminError::PasswordNul);
    }
    Ok(())
}

/// 144 random bits as 24 characters.
pub(crate) fn new_password(cx: &Context<'_>) -> Result<SecretString, NoEntropy> {
    let bytes = cx.entropy.bytes32()?;
    let text = URL_SAFE_NO_PAD.encode(bytes.split_at(18).0);
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{login::Queue, store::Users as _, testing::World, user::PasswordHash};

    /// Keeps passwords as they are.
    struct Plain;

    #[async_trait]
    impl Passwords for Plain {
        async fn verify(
            &self,
            _: SecretString,
            _: Option<&PasswordHash>,
            _: Queue,
        ) -> Result<bool, PasswordError> {
            Ok(false)
        }

        async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
            Ok(PasswordHash(password))
        }
    }

    fn new(email: &str, password: &str) -> NewUser {
        NewUser {
            email: email.to_owned(),
            name: String::new(),
            password: password.into(),
            roles: Role::Member.into(),
        }
    }

    #[tokio::test]
    async fn a_user_is_added_once_with_a_password_that_bcrypt_reads_whole() {
        let world = World::default();
        for (email, password, expected) in [
            ("alice", "long enough", Some("not an e-mail")),
            ("alice@example.com", "1234567", Some("at least 8")),
            ("alice@example.com", "일이삼사오육칠", Some("at least 8")),
            ("alice@example.com", &"x".repeat(73), Some("at most 72")),
            ("alice@example.com", "eight\0chars", Some("NUL")),
            ("alice@example.com", &"x".repeat(72), None),
            (" Alice@EXAMPLE.com", "12345678", Some("already")),
        ] {
            let got = add_user(&world.cx(), &Plain, new(email, password)).await;
            match (got, expected) {
                (Ok(_), None) => {}
                (Err(error), Some(text)) => assert!(error.to_string().contains(text), "{error}"),
                (got, _) => panic!("{email} {password}: {got:?}"),
            }
        }
        assert_eq!(world.store.users(10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_first_admin_is_made_once_and_a_made_up_password_is_told() {
        let world = World::default();
        let made = first_admin(&world.cx(), &Plain, "root@example.com", None)
            .await
            .unwrap();
        let FirstAdmin::Added {
            user,
            generated: Some(password),
        } = made
        else {
            panic!("{made:?}");
        };
        assert_eq!(password.expose_secret().len(), 24);
        assert_eq!(user.password.0.expose_secret(), password.expose_secret());
        assert!(user.roles.contains(Role::Admin));
        let again = first_admin(&world.cx(), &Plain, "other@example.com", None)
            .await
            .unwrap();
        assert!(matches!(again, FirstAdmin::NotNeeded));
        let given = World::default();
        let made = first_admin(&given.cx(), &Plain, "a@b", Some("12345678".into())).await;
        assert!(matches!(
            made,
            Ok(FirstAdmin::Added {
                generated: None,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn changes_reach_the_named_account_and_no_other() {
        let world = World::default();
        let cx = world.cx();
        let alice = add_user(&cx, &Plain, new("alice@example.com", "12345678"))
            .await
            .unwrap();
        let unknown = set_roles(&cx, "bob@example.com", Role::Admin.into()).await;
        assert!(matches!(unknown, Err(UserAdminError::Unknown)));
        set_roles(&cx, "ALICE@example.com", Role::Exec.into())
            .await
            .unwrap();
        let short = set_password(&cx, &Plain, "alice@example.com", "short".into()).await;
        assert!(matches!(short, Err(UserAdminError::PasswordTooShort)));
        set_password(&cx, &Plain, "alice@example.com", "a new one".into())
            .await
            .unwrap();
        disable(&cx, "alice@example.com").await.unwrap();
        let now = world.store.user(alice.id).await.unwrap().unwrap();
        assert_eq!(now.roles.to_string(), "exec");
        assert_eq!(now.password.0.expose_secret(), "a new one");
        assert!(!now.is_active());
    }
}
