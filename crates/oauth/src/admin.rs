//! What an administrator may do, and what will come of it.
//!
//! In: who acts, and an [`Act`]. Out: what ended, or why nothing was done; each attempt is in the audit log, in the same
//! transaction as what it did. Never: an act of somebody who is no administrator at this moment, of a login that is old, or one
//! after which nobody could administer.

use chrono::TimeDelta;
use loop_shared::{
    audit::{Outcome, trail},
    auth::scope::Role,
};

use crate::{
    config::Context,
    session::Session,
    store::{Act, Acted, Capped, Ended, StoreError},
    user::{User, UserId},
};

/// How old a login may be that does what hurts.
pub const FRESH: TimeDelta = TimeDelta::minutes(10);

/// The most sessions of one user that are counted and shown.
pub const MOST_SESSIONS: u64 = 100;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever may run commands on the server.
    Operator,
    /// Somebody with a browser.
    Admin {
        /// Who.
        user: &'a User,
        /// Their login.
        session: &'a Session,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Not an administrator.
    #[error("only an administrator may do this")]
    Forbidden,
    /// Logged in more than [`FRESH`] ago.
    #[error("log in again first")]
    StaleLogin,
    /// Administrators do not shut themselves out.
    #[error("this is your own account; ask another administrator")]
    Own,
    /// Nobody would be left.
    #[error("this is the last administrator; make somebody else one first")]
    LastAdmin,
    /// No such user, grant or client.
    #[error("there is no such user, grant or client, or it has ended already")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl By<'_> {
    /// Whether they may look at what administrators see.
    ///
    /// # Errors
    /// [`AdminError::Forbidden`].
    pub fn may_look(&self) -> Result<(), AdminError> {
        match self {
            Self::Operator => Ok(()),
            Self::Admin { user, .. } if user.is_active() && user.roles.contains(Role::Admin) => {
                Ok(())
            }
            Self::Admin { .. } => Err(AdminError::Forbidden),
        }
    }

    /// Whether they may do what hurts, at this moment.
    ///
    /// # Errors
    /// [`AdminError::Forbidden`], [`AdminError::StaleLogin`].
    pub fn may_act(&self, cx: &Context<'_>) -> Result<(), AdminError> {
        self.may_look()?;
        match self {
            Self::Operator => Ok(()),
            Self::Admin { session, .. } if cx.now - session.authenticated_at <= FRESH => Ok(()),
            Self::Admin { .. } => Err(AdminError::StaleLogin),
        }
    }

    fn is(&self, other: UserId) -> bool {
        matches!(self, Self::Admin { user, .. } if user.id == other)
    }
}

/// Does it.
///
/// # Errors
/// [`AdminError`]; nothing has changed then.
#[tracing::instrument(name = "admin.act", skip_all, fields(event = event(&act)))]
pub async fn act(cx: &Context<'_>, by: By<'_>, act: Act) -> Result<Ended, AdminError> {
    let entry = describe(&act, trail::entry(cx.now, event(&act), Outcome::Done));
    let entry = match by {
        By::Operator => entry.actor("operator"),
        By::Admin { user, .. } => entry.actor(format_args!("user:{}", user.id)),
    };
    let refused = may(cx, by, &act).err();
    if let Some(refused) = refused {
        let mut entry = entry.with("why", why(&refused));
        entry.outcome = Outcome::Refused;
        cx.store.append_audit(vec![entry]).await?;
        return Err(refused);
    }
    match cx.store.act(act, entry, cx.now).await? {
        Acted::Done(ended) => Ok(ended),
        Acted::NotFound => Err(AdminError::NotFound),
        Acted::LastAdmin => Err(AdminError::LastAdmin),
    }
}

fn may(cx: &Context<'_>, by: By<'_>, act: &Act) -> Result<(), AdminError> {
    by.may_act(cx)?;
    let shuts_out = match act {
        Act::Disable(id) => Some(*id),
        Act::SetRoles(id, roles) if !roles.contains(Role::Admin) => Some(*id),
        _ => None,
    };
    if shuts_out.is_some_and(|id| by.is(id)) {
        return Err(AdminError::Own);
    }
    Ok(())
}

/// How much an act on a user would end, for the page that asks.
///
/// # Errors
/// [`StoreError`].
pub async fn at_stake(cx: &Context<'_>, user: UserId) -> Result<(Capped, u64), StoreError> {
    let grants = cx.store.count_grants(user).await?;
    let sessions = cx.store.sessions_of(user, cx.now, MOST_SESSIONS).await?;
    Ok((grants, sessions.len() as u64))
}

/// The event's name in the audit log.
#[must_use]
pub const fn event(act: &Act) -> &'static str {
    match act {
        Act::Disable(_) => "user_disabled",
        Act::Enable(_) => "user_enabled",
        Act::SetRoles(..) => "roles_set",
        Act::SetPassword(..) => "password_set",
        Act::EndSessions(_) => "sessions_ended",
        Act::Forget(..) => "sign_in_means_removed",
        Act::RevokeGrantsOf(_) => "grants_revoked",
        Act::RevokeGrant(_) => "grant_revoked",
        Act::RevokeClient(_) => "client_revoked",
        Act::RemoveClient(_) => "client_removed",
    }
}

fn describe(act: &Act, entry: loop_shared::audit::Entry) -> loop_shared::audit::Entry {
    match act {
        Act::SetRoles(id, roles) => entry
            .subject(format_args!("user:{id}"))
            .with("roles", roles),
        Act::Forget(id, means) => entry
            .subject(format_args!("user:{id}"))
            .with("what", means.as_str()),
        Act::Disable(id)
        | Act::Enable(id)
        | Act::SetPassword(id, _)
        | Act::EndSessions(id)
        | Act::RevokeGrantsOf(id) => entry.subject(format_args!("user:{id}")),
        Act::RevokeGrant(id) => entry
            .subject(format_args!("grant:{id}"))
            .with("reason", "by_operator"),
        Act::RevokeClient(id) | Act::RemoveClient(id) => entry.client(id),
    }
}

const fn why(error: &AdminError) -> &'static str {
    match error {
        AdminError::Forbidden => "not_admin",
        AdminError::StaleLogin => "old_login",
        AdminError::Own => "own_account",
        AdminError::LastAdmin => "last_admin",
        AdminError::NotFound => "not_found",
        AdminError::Store(_) => "store",
    }
}

#[cfg(test)]
mod tests {
    //! Attacks first: who is not an administrator, whose login is old, who would be the last.

    use loop_shared::auth::scope::Roles;

    use super::*;
    use crate::{
        store::{AuditLog as _, Means, Sessions as _, Users as _},
        testing::{World, user},
    };

    async fn world() -> (World, User, User) {
        let world = World::default();
        let (root, kim) = (
            user("root@example.com", Role::Admin),
            user("kim@example.com", Role::Member),
        );
        for user in [&root, &kim] {
            world.store.add_user(user).await.unwrap();
        }
        (world, root, kim)
    }

    fn acts(on: UserId) -> Vec<Act> {
        vec![
            Act::Disable(on),
            Act::Enable(on),
            Act::SetRoles(on, Role::Admin.into()),
            Act::EndSessions(on),
            Act::Forget(on, Means::ALL),
            Act::RevokeGrantsOf(on),
            Act::RevokeGrant(crate::grant::GrantId(on.0)),
            Act::RevokeClient(crate::client::ClientId("c".to_owned())),
            Act::RemoveClient(crate::client::ClientId("c".to_owned())),
        ]
    }

    #[tokio::test]
    async fn nobody_but_an_active_administrator_with_a_fresh_login_does_anything() {
        let (mut world, root, kim) = world().await;
        let mut disabled = root.clone();
        disabled.disabled_at = Some(world.now);
        let mut others = vec![disabled];
        for role in [Role::Member, Role::Analyst, Role::Exec] {
            others.push(user("mallory@example.com", role));
        }
        for mallory in &others {
            let session = world.session(mallory);
            let by = By::Admin {
                user: mallory,
                session: &session,
            };
            for wanted in acts(kim.id).into_iter().chain(acts(mallory.id)) {
                let got = act(&world.cx(), by, wanted).await;
                assert!(matches!(got, Err(AdminError::Forbidden)), "{got:?}");
            }
        }
        let session = world.session(&root);
        let by = By::Admin {
            user: &root,
            session: &session,
        };
        world.pass(FRESH);
        act(&world.cx(), by, Act::Disable(kim.id)).await.unwrap();
        world.pass(TimeDelta::milliseconds(1));
        let got = act(&world.cx(), by, Act::Enable(kim.id)).await;
        assert!(matches!(got, Err(AdminError::StaleLogin)), "{got:?}");
        assert!(by.may_look().is_ok());
        assert!(!world.store.user(kim.id).await.unwrap().unwrap().is_active());
        let log = world.store.audit_after(0, 1_000).await.unwrap();
        let refused = |outcome| log.iter().filter(|r| r.entry.outcome == outcome).count();
        assert_eq!(
            refused(Outcome::Refused),
            4 * 18 + 1,
            "each attempt is on record"
        );
        assert_eq!(refused(Outcome::Done), 1);
    }

    #[tokio::test]
    async fn no_administrator_shuts_everybody_out() {
        let (world, root, kim) = world().await;
        let cx = world.cx();
        let session = world.session(&root);
        let by = By::Admin {
            user: &root,
            session: &session,
        };
        for wanted in [
            Act::Disable(root.id),
            Act::SetRoles(root.id, Role::Exec.into()),
        ] {
            let own = act(&cx, by, wanted.clone()).await;
            assert!(matches!(own, Err(AdminError::Own)), "{own:?}");
            let last = act(&cx, By::Operator, wanted).await;
            assert!(matches!(last, Err(AdminError::LastAdmin)), "{last:?}");
        }
        let both = Roles::from(Role::Admin).with(Role::Member);
        act(&cx, by, Act::SetRoles(root.id, both)).await.unwrap();
        act(&cx, by, Act::SetRoles(kim.id, Role::Admin.into()))
            .await
            .unwrap();
        act(&cx, By::Operator, Act::Disable(root.id)).await.unwrap();
        let last = act(&cx, By::Operator, Act::Disable(kim.id)).await;
        assert!(matches!(last, Err(AdminError::LastAdmin)), "{last:?}");
        let unknown = act(&cx, By::Operator, Act::Disable(UserId(uuid::Uuid::nil()))).await;
        assert!(matches!(unknown, Err(AdminError::NotFound)), "{unknown:?}");
    }

    #[tokio::test]
    async fn disabling_tells_beforehand_and_afterwards_what_ends() {
        let (world, _, kim) = world().await;
        let cx = world.cx();
        world.store.add_session(&world.session(&kim)).await.unwrap();
        let (grants, sessions) = at_stake(&cx, kim.id).await.unwrap();
        assert_eq!((grants, sessions), (Capped::of(0), 1));
        let ended = act(&cx, By::Operator, Act::Disable(kim.id)).await.unwrap();
        assert_eq!((ended.grants, ended.sessions), (0, 1));
        let log = world.store.audit_after(0, 10).await.unwrap();
        let entry = &log[0].entry;
        assert_eq!(entry.event, "user_disabled");
        assert_eq!(entry.actor.as_deref(), Some("operator"));
        assert_eq!(entry.details["sessions"], "1");
    }
}
