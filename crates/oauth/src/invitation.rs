//! Invitations: links by which somebody sets a first or another password.
//!
//! In: what an administrator decides, later the link. Out: an account with a password, once. Never: a link that is stored, works
//! twice, works after its end, or says whether an address has an account.

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::{
    audit::{Outcome, trail},
    auth::scope::Roles,
};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    admin::{AdminError, By},
    config::Context,
    login::Passwords,
    secret::{RawInvitation, SecretHash},
    store::{Accepted, Act, StoreError},
    user::{Email, User, UserId},
    user_admin::{self, UserAdminError},
};

/// How long an invitation may be accepted.
pub const INVITE_TTL: TimeDelta = TimeDelta::days(7);
/// How long a link for another password works.
pub const RESET_TTL: TimeDelta = TimeDelta::hours(24);
/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;

/// An invitation's identifier, which opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvitationId(pub Uuid);

impl std::fmt::Display for InvitationId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// A link that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// SHA-256 of the link's secret.
    pub hash: SecretHash,
    /// Whose password it sets; `None`: of an account that it makes.
    pub user: Option<UserId>,
    /// The account's address.
    pub email: Email,
    /// What pages call them.
    pub name: String,
    /// What a new account may be granted.
    pub roles: Roles,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was taken back, or another took its place.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// It works.
    Open,
    /// It was used.
    Used,
    /// It was taken back.
    Revoked,
    /// Nobody used it in time.
    Expired,
}

impl Invitation {
    /// What has become of it.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> InvitationState {
        if self.used_at.is_some() {
            InvitationState::Used
        } else if self.revoked_at.is_some() {
            InvitationState::Revoked
        } else if now >= self.expires_at {
            InvitationState::Expired
        } else {
            InvitationState::Open
        }
    }
}

/// Why nobody was invited, or an invitation was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// The link is unknown, used, taken back or too old: not to be told apart.
    #[error("this link does not work, or not any more")]
    Gone,
    /// Who invites may not.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The address or the password will not do.
    #[error(transparent)]
    User(#[from] UserAdminError),
}

impl From<StoreError> for InvitationError {
    fn from(error: StoreError) -> Self {
        Self::User(error.into())
    }
}

/// A link and what it is for.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The secret of the link, this once.
    pub raw: RawInvitation,
    /// What is stored.
    pub invitation: Invitation,
}

/// Makes a link by which somebody makes an account. An older one for the address stops working.
///
/// # Errors
/// [`InvitationError`].
#[tracing::instrument(name = "invitation.invite", skip_all)]
pub async fn invite(
    cx: &Context<'_>,
    by: By<'_>,
    email: &str,
    name: &str,
    roles: Roles,
) -> Result<Invited, InvitationError> {
    by.may_act(cx)?;
    let email = Email::parse(email).ok_or(UserAdminError::BadEmail)?;
    if cx.store.user_by_email(&email).await?.is_some() {
        return Err(UserAdminError::Taken.into());
    }
    let name: String = name.trim().chars().take(MAX_NAME_CHARS).collect();
    let invitation = Invitation {
        roles,
        ..new(cx, email, name, INVITE_TTL)?
    };
    hand_out(cx, by, invitation, "invited").await
}

/// Makes a link by which a user sets another password. The old password and all sessions end at once.
///
/// # Errors
/// [`InvitationError`].
#[tracing::instrument(name = "invitation.reset", skip_all)]
pub async fn reset(
    cx: &Context<'_>,
    by: By<'_>,
    passwords: &dyn Passwords,
    user: &User,
) -> Result<Invited, InvitationError> {
    by.may_act(cx)?;
    let nobody_knows = user_admin::new_password(cx).map_err(UserAdminError::from)?;
    let hash = passwords
        .hash(nobody_knows)
        .await
        .map_err(UserAdminError::from)?;
    crate::admin::act(cx, by, Act::SetPassword(user.id, hash)).await?;
    let invitation = Invitation {
        user: Some(user.id),
        ..new(cx, user.email.clone(), user.name.clone(), RESET_TTL)?
    };
    hand_out(cx, by, invitation, "password_reset").await
}

/// Takes an invitation back.
///
/// # Errors
/// [`InvitationError::Gone`] when it does not work anyway.
pub async fn revoke(cx: &Context<'_>, by: By<'_>, id: InvitationId) -> Result<(), InvitationError> {
    by.may_act(cx)?;
    let entry = trail::entry(cx.now, "invitation_revoked", Outcome::Done)
        .subject(format_args!("invitation:{id}"));
    match cx
        .store
        .revoke_invitation(id, acted(entry, by), cx.now)
        .await?
    {
        Accepted::Now => Ok(()),
        Accepted::Gone | Accepted::Taken => Err(InvitationError::Gone),
    }
}

/// The invitation of a link that works.
///
/// # Errors
/// [`InvitationError::Gone`].
pub async fn open(cx: &Context<'_>, raw: &RawInvitation) -> Result<Invitation, InvitationError> {
    let found = cx.store.invitation(&raw.hash()).await?;
    let open = found.filter(|found| found.state(cx.now) == InvitationState::Open);
    open.ok_or(InvitationError::Gone)
}

/// Sets the password, and makes the account if there is to be one. The link works never again.
///
/// # Errors
/// [`InvitationError`]; after a password that will not do the link still works.
#[tracing::instrument(name = "invitation.accept", skip_all)]
pub async fn accept(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    raw: &RawInvitation,
    password: SecretString,
) -> Result<UserId, InvitationError> {
    let invitation = open(cx, raw).await?;
    user_admin::check_password(&password)?;
    let hash = passwords
        .hash(password)
        .await
        .map_err(UserAdminError::from)?;
    let id = match invitation.user {
        Some(id) => id,
        None => UserId(cx.uuid().map_err(UserAdminError::from)?),
    };
    let name = if invitation.name.is_empty() {
        invitation.email.as_str().to_owned()
    } else {
        invitation.name.clone()
    };
    let user = User {
        id,
        name,
        email: invitation.email.clone(),
        password: hash,
        roles: invitation.roles,
        created_at: cx.now,
        disabled_at: None,
    };
    let entry = trail::entry(cx.now, "invitation_accepted", Outcome::Done)
        .actor(format_args!("user:{id}"))
        .subject(format_args!("invitation:{}", invitation.id));
    match cx
        .store
        .accept_invitation(&invitation, &user, entry)
        .await?
    {
        Accepted::Now => Ok(id),
        Accepted::Gone => Err(InvitationError::Gone),
        Accepted::Taken => Err(UserAdminError::Taken.into()),
    }
}

fn new(
    cx: &Context<'_>,
    email: Email,
    name: String,
    ttl: TimeDelta,
) -> Result<Invitation, InvitationError> {
    Ok(Invitation {
        id: InvitationId(cx.uuid().map_err(UserAdminError::from)?),
        hash: SecretHash([0; 32]),
        user: None,
        email,
        name,
        roles: Roles::NONE,
        created_at: cx.now,
        expires_at: cx.now + ttl,
        used_at: None,
        revoked_at: None,
    })
}

async fn hand_out(
    cx: &Context<'_>,
    by: By<'_>,
    mut invitation: Invitation,
    event: &'static str,
) -> Result<Invited, InvitationError> {
    let raw = RawInvitation::generate(cx.entropy).map_err(UserAdminError::from)?;
    invitation.hash = raw.hash();
    let entry = trail::entry(cx.now, event, Outcome::Done)
        .with("invitation", invitation.id)
        .with("roles", invitation.roles);
    let entry = match invitation.user {
        Some(id) => entry.subject(format_args!("user:{id}")),
        None => entry.subject(format_args!("invitation:{}", invitation.id)),
    };
    cx.store
        .add_invitation(&invitation, acted(entry, by))
        .await?;
    Ok(Invited { raw, invitation })
}

fn acted(entry: loop_shared::audit::Entry, by: By<'_>) -> loop_shared::audit::Entry {
    match by {
        By::Operator => entry.actor("operator"),
        By::Admin { user, .. } => entry.actor(format_args!("user:{}", user.id)),
    }
}

#[cfg(test)]
mod tests;
