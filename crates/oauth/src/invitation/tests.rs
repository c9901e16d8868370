//! A link: once, in time, for whom it is.

use async_trait::async_trait;
use loop_shared::auth::scope::Role;
use secrecy::ExposeSecret as _;

use super::*;
use crate::{
    login::{PasswordError, Queue},
    store::{AuditLog as _, Users as _},
    testing::{World, user},
    user::PasswordHash,
};

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

async fn invited(world: &World) -> Invited {
    let roles = Role::Analyst.into();
    let made = invite(&world.cx(), By::Operator, "Kim@Example.com", " 김 ", roles).await;
    made.unwrap()
}

async fn take(world: &World, raw: &RawInvitation) -> Result<UserId, InvitationError> {
    accept(&world.cx(), &Plain, raw, "long enough".into()).await
}

#[tokio::test]
async fn an_invitation_makes_one_account_and_never_another() {
    let world = World::default();
    let Invited { raw, invitation } = invited(&world).await;
    assert!(!format!("{invitation:?}").contains(raw.expose()));
    let short = accept(&world.cx(), &Plain, &raw, "short".into()).await;
    assert!(matches!(
        short,
        Err(InvitationError::User(UserAdminError::PasswordTooShort))
    ));
    let id = take(&world, &raw).await.unwrap();
    let made = world.store.user(id).await.unwrap().unwrap();
    assert_eq!(
        (made.email.as_str(), made.name.as_str()),
        ("kim@example.com", "김")
    );
    assert_eq!(made.roles.to_string(), "analyst");
    assert_eq!(made.password.0.expose_secret(), "long enough");
    // Replayed.
    assert!(matches!(
        take(&world, &raw).await,
        Err(InvitationError::Gone)
    ));
    assert!(matches!(
        open(&world.cx(), &raw).await,
        Err(InvitationError::Gone)
    ));
    assert_eq!(world.store.users(10).await.unwrap().len(), 1);
    let again = invite(
        &world.cx(),
        By::Operator,
        "kim@example.com",
        "",
        Role::Admin.into(),
    )
    .await;
    assert!(matches!(
        again,
        Err(InvitationError::User(UserAdminError::Taken))
    ));
    let log = world.store.audit_after(0, 10).await.unwrap();
    let events: Vec<_> = log
        .iter()
        .map(|record| record.entry.event.as_ref())
        .collect();
    assert_eq!(events, ["invited", "invitation_accepted"]);
    assert!(
        !format!("{log:?}").contains("kim@example"),
        "no address in the log"
    );
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_is_refused() {
    let world = World::default();
    let Invited { raw, .. } = invited(&world).await;
    let (a, b) = futures_util::future::join(take(&world, &raw), take(&world, &raw)).await;
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(world.store.users(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_ends_in_time_when_taken_back_and_when_another_takes_its_place() {
    let mut world = World::default();
    let first = invited(&world).await;
    let second = invited(&world).await;
    assert!(matches!(
        take(&world, &first.raw).await,
        Err(InvitationError::Gone)
    ));
    open(&world.cx(), &second.raw).await.unwrap();
    revoke(&world.cx(), By::Operator, second.invitation.id)
        .await
        .unwrap();
    assert!(matches!(
        take(&world, &second.raw).await,
        Err(InvitationError::Gone)
    ));
    let twice = revoke(&world.cx(), By::Operator, second.invitation.id).await;
    assert!(matches!(twice, Err(InvitationError::Gone)));
    let third = invited(&world).await;
    world.pass(INVITE_TTL - TimeDelta::milliseconds(1));
    open(&world.cx(), &third.raw).await.unwrap();
    world.pass(TimeDelta::milliseconds(1));
    assert!(matches!(
        take(&world, &third.raw).await,
        Err(InvitationError::Gone)
    ));
    let guessed = RawInvitation::from_bytes([7; 32]);
    assert!(matches!(
        take(&world, &guessed).await,
        Err(InvitationError::Gone)
    ));
}

#[tokio::test]
async fn a_reset_shuts_the_old_password_out_at_once_and_leaves_the_roles() {
    let world = World::default();
    let kim = user("kim@example.com", Role::Exec);
    world.store.add_user(&kim).await.unwrap();
    let before = kim.password.0.expose_secret().to_owned();
    let made = reset(&world.cx(), By::Operator, &Plain, &kim)
        .await
        .unwrap();
    let now = world.store.user(kim.id).await.unwrap().unwrap();
    assert_ne!(now.password.0.expose_secret(), before);
    assert_eq!(take(&world, &made.raw).await.unwrap(), kim.id);
    let now = world.store.user(kim.id).await.unwrap().unwrap();
    assert_eq!(now.password.0.expose_secret(), "long enough");
    assert_eq!(now.roles.to_string(), "exec");
    assert!(matches!(
        take(&world, &made.raw).await,
        Err(InvitationError::Gone)
    ));
    // A disabled user gains nothing by an older link.
    let made = reset(&world.cx(), By::Operator, &Plain, &kim)
        .await
        .unwrap();
    world.store.disable_user(kim.id, world.now).await.unwrap();
    take(&world, &made.raw).await.unwrap();
    assert!(!world.store.user(kim.id).await.unwrap().unwrap().is_active());
}

#[tokio::test]
async fn only_an_administrator_with_a_fresh_login_invites() {
    let world = World::default();
    for (role, age, allowed) in [
        (Role::Admin, 0, true),
        (Role::Admin, 11, false),
        (Role::Exec, 0, false),
        (Role::Member, 0, false),
    ] {
        let who = user("who@example.com", role);
        let mut session = world.session(&who);
        session.authenticated_at -= TimeDelta::minutes(age);
        let by = By::Admin {
            user: &who,
            session: &session,
        };
        let got = invite(&world.cx(), by, "new@example.com", "", Role::Admin.into()).await;
        assert_eq!(got.is_ok(), allowed, "{role:?} {age}: {got:?}");
    }
}
