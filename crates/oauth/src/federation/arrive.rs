//! What becomes of somebody whom a provider vouches for.
//!
//! In: what was said, verified. Out: a session or a connected account. Never: an account found by its e-mail address alone,
//! whoever vouches for that; a new user whom no rule allows; a user who is disabled.

use super::provider::{External, Facts, Identity, Origin};
use crate::{
    audit,
    config::Context,
    entropy::NoEntropy,
    login::{self, LoginError, NewSession, PasswordError, Passwords},
    second_step,
    secret::{RawClientSecret, RawSession, RawStep},
    session::{Method, Methods},
    store::{IdentityAdded, StoreError},
    user::{Email, User, UserId},
};
use loop_shared::auth::scope::Role;

/// Why somebody whom a provider vouches for is not let in.
#[derive(Debug, thiserror::Error)]
pub enum ArriveError {
    /// There is no address that the provider has verified.
    #[error("the provider has verified no e-mail address")]
    Unverified,
    /// No rule allows them, or none does any more.
    #[error("no rule allows this person")]
    NotAllowed,
    /// An account has this address and was never connected: whoever holds it must connect it themselves.
    #[error("an account with this address exists and is not connected")]
    AddressTaken,
    /// The account with this address is connected to another subject of the same provider.
    #[error("the account with this address is connected to another subject")]
    SubjectChanged,
    /// The account there is connected to another account here.
    #[error("this identity belongs to another account")]
    LinkedElsewhere,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// A session cannot begin.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl From<StoreError> for ArriveError {
    fn from(error: StoreError) -> Self {
        Self::Login(error.into())
    }
}

impl From<NoEntropy> for ArriveError {
    fn from(error: NoEntropy) -> Self {
        Self::Login(error.into())
    }
}

impl From<PasswordError> for ArriveError {
    fn from(error: PasswordError) -> Self {
        Self::Login(error.into())
    }
}

/// Where a login at a provider leads.
#[derive(Debug)]
pub enum Arrived {
    /// Into a session.
    SignedIn(NewSession),
    /// To the second step, which the person set up here.
    SecondStep(RawStep),
}

/// Signs in whom the provider named: a known identity, one that an administrator expects, or a newcomer whom a rule allows.
///
/// # Errors
/// [`ArriveError`].
#[tracing::instrument(name = "federation.sign_in", skip_all, fields(provider = %who.provider))]
pub async fn sign_in(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    who: &External,
    before: Option<&RawSession>,
) -> Result<Arrived, ArriveError> {
    let user = find_or_add(cx, passwords, who).await.inspect_err(|error| {
        audit::federation_refused(who.provider.as_str(), &error.to_string());
    })?;
    let how = Methods::from(Method::Federated);
    if let Some(step) = second_step::begin(cx, &user, how).await? {
        return Ok(Arrived::SecondStep(step));
    }
    let new = login::begin(cx, &user, before, how).await?;
    Ok(Arrived::SignedIn(new))
}

async fn find_or_add(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    who: &External,
) -> Result<User, ArriveError> {
    if let Some((known, user)) = cx.store.identity(&who.issuer, &who.subject).await? {
        return again(cx, who, known, user).await;
    }
    let Some(email) = &who.facts.email else {
        return Err(ArriveError::Unverified);
    };
    if let Some(user) = cx.store.user_by_email(email).await? {
        return expected(cx, who, user).await;
    }
    if !cx.rules.federation.permit(who) {
        return Err(ArriveError::NotAllowed);
    }
    newcomer(cx, passwords, who, email).await
}

/// A known identity: what was said today counts from now on.
async fn again(
    cx: &Context<'_>,
    who: &External,
    known: Identity,
    user: User,
) -> Result<User, ArriveError> {
    if !user.is_active() {
        return Err(ArriveError::Disabled);
    }
    let seen = Identity {
        provider: who.provider.clone(),
        facts: who.facts.clone(),
        used_at: Some(cx.now),
        ..known
    };
    // Also when it is refused: the facts behind the refusal hold for the sessions that are open elsewhere.
    cx.store.note_identity(&seen).await?;
    if seen.origin == Origin::Created && !cx.rules.federation.permit(who) {
        return Err(match who.facts.email {
            Some(_) => ArriveError::NotAllowed,
            None => ArriveError::Unverified,
        });
    }
    Ok(user)
}

/// An account has the address already. It is entered only when an administrator said so: an address proves who can read
/// mail at this moment, not whose account it is.
async fn expected(cx: &Context<'_>, who: &External, user: User) -> Result<User, ArriveError> {
    let identities = cx.store.identities(user.id).await?;
    if identities.iter().any(|known| known.issuer == who.issuer) {
        return Err(ArriveError::SubjectChanged);
    }
    if !user.is_active() {
        return Err(ArriveError::Disabled);
    }
    let linked = identity(cx, who, user.id, Origin::Linked)?;
    if cx.store.claim_invited_identity(&linked).await? != IdentityAdded::Now {
        return Err(ArriveError::AddressTaken);
    }
    audit::identity_linked(user.id, who.provider.as_str());
    Ok(user)
}

async fn newcomer(
    cx: &Context<'_>,
    passwords: &dyn Passwords,
    who: &External,
    email: &Email,
) -> Result<User, ArriveError> {
    // A password that nobody knows or is ever told: an administrator may set another one.
    let nobody_knows = RawClientSecret::generate(cx.entropy)?;
    let user = User {
        id: UserId(cx.uuid()?),
        email: email.clone(),
        name: who.name.clone(),
        password: passwords.hash(nobody_knows.expose().into()).await?,
        roles: Role::Member.into(),
        created_at: cx.now,
        disabled_at: None,
    };
    let created = identity(cx, who, user.id, Origin::Created)?;
    match cx.store.add_user_with_identity(&user, &created).await? {
        IdentityAdded::Now => {
            audit::user_changed("user_added_by_federation", user.id);
            Ok(user)
        }
        // Two first logins at once: the other one made the account.
        IdentityAdded::Taken => match cx.store.identity(&who.issuer, &who.subject).await? {
            Some((_, user)) if user.is_active() => Ok(user),
            Some(_) => Err(ArriveError::Disabled),
            None => Err(ArriveError::AddressTaken),
        },
    }
}

/// Connects whom the provider named to the account that is signed in.
///
/// # Errors
/// [`ArriveError`].
#[tracing::instrument(name = "federation.link", skip_all, fields(provider = %who.provider, user = %user.id))]
pub async fn link(cx: &Context<'_>, who: &External, user: &User) -> Result<(), ArriveError> {
    if who.facts.email.is_none() {
        return Err(ArriveError::Unverified);
    }
    let linked = identity(cx, who, user.id, Origin::Linked)?;
    match cx.store.add_identity(&linked).await? {
        IdentityAdded::Now => {
            audit::identity_linked(user.id, who.provider.as_str());
            Ok(())
        }
        IdentityAdded::Taken => match cx.store.identity(&who.issuer, &who.subject).await? {
            Some((known, _)) if known.user == user.id => Ok(()),
            _ => Err(ArriveError::LinkedElsewhere),
        },
    }
}

/// Whether somebody may keep what they have: always an account that was not made by a first login; another one as long as
/// one of its identities is allowed by today's rules, as it was when it was last used.
///
/// # Errors
/// [`StoreError`].
pub async fn may_stay(cx: &Context<'_>, user: &User) -> Result<bool, StoreError> {
    let identities = cx.store.identities(user.id).await?;
    let federated = identities
        .iter()
        .any(|identity| identity.origin == Origin::Created);
    let allowed = || {
        identities
            .iter()
            .any(|known| cx.rules.federation.permits(&known.issuer, &known.facts))
    };
    let stays = !federated || allowed();
    if !stays {
        audit::user_changed("federation_no_longer_allowed", user.id);
    }
    Ok(stays)
}

fn identity(
    cx: &Context<'_>,
    who: &External,
    user: UserId,
    origin: Origin,
) -> Result<Identity, NoEntropy> {
    Ok(Identity {
        id: cx.uuid()?,
        user,
        provider: who.provider.clone(),
        issuer: who.issuer.clone(),
        subject: who.subject.clone(),
        facts: Facts::clone(&who.facts),
        origin,
        added_at: cx.now,
        used_at: Some(cx.now),
    })
}
