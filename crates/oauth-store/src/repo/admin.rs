//! What administrators do: each act with its record in one transaction.

use chrono::{DateTime, Utc};
use loop_oauth::{
    grant::RevokeReason,
    store::{Act, Acted, Changed, Ended, Means, StoreError, Updated},
    user::{User, UserId},
};
use loop_shared::{
    audit::{Entry, Outcome},
    auth::scope::{Role, Roles},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    sea_query::{Expr, Func},
};
use secrecy::ExposeSecret as _;

use super::{
    audit, client_admin,
    grants::{revoke_of_client, revoke_one, revoke_where},
    passkeys, second_factors, take_turn, users,
};
use crate::{
    entity::{
        column::millis,
        grant, guard,
        user::{Column, Entity},
    },
    error::failed,
};

/// Does it, then appends its record, which is the last thing a transaction does.
pub(super) async fn act(
    tx: &DatabaseTransaction,
    act: Act,
    entry: Entry,
    now: DateTime<Utc>,
) -> Result<Acted, StoreError> {
    let acted = perform(tx, act, now).await?;
    let refused = |why| {
        let mut entry = entry.clone();
        entry.outcome = Outcome::Refused;
        entry.with("why", why)
    };
    let entry = match acted {
        Acted::Done(ended) => entry
            .clone()
            .with("grants", ended.grants)
            .with("sessions", ended.sessions),
        Acted::NotFound => refused("not_found"),
        Acted::LastAdmin => refused("last_admin"),
    };
    audit::append(tx, vec![entry]).await?;
    Ok(acted)
}

async fn perform(
    tx: &DatabaseTransaction,
    act: Act,
    now: DateTime<Utc>,
) -> Result<Acted, StoreError> {
    match act {
        Act::Disable(id) => disable(tx, id, now).await,
        Act::Enable(id) => {
            let nothing = Expr::value(Option::<i64>::None);
            Ok(found(
                users::set(tx, id, Column::DisabledAt, nothing).await?,
            ))
        }
        Act::SetRoles(id, roles) => set_roles(tx, id, roles, now).await,
        Act::SetPassword(id, hash) => {
            let hash = Expr::value(hash.0.expose_secret());
            if users::set(tx, id, Column::PasswordHash, hash).await? == Updated::NotFound {
                return Ok(Acted::NotFound);
            }
            done(0, users::end_sessions(tx, id).await?)
        }
        Act::EndSessions(id) => {
            if users::lock(tx, id).await?.is_none() {
                return Ok(Acted::NotFound);
            }
            done(0, users::end_sessions(tx, id).await?)
        }
        Act::Forget(id, means) => forget(tx, id, means).await,
        Act::RevokeGrantsOf(id) => {
            if users::lock(tx, id).await?.is_none() {
                return Ok(Acted::NotFound);
            }
            done(
                revoke_of_user(tx, id, RevokeReason::ByOperator, now).await?,
                0,
            )
        }
        Act::RevokeGrant(id) => match revoke_one(tx, id, RevokeReason::ByOperator, now).await? {
            Updated::Now => done(1, 0),
            Updated::NotFound => Ok(Acted::NotFound),
        },
        Act::RevokeClient(id) => {
            let ended = revoke_of_client(tx, id, RevokeReason::ByOperator, now).await?;
            done(ended, 0)
        }
        Act::RemoveClient(id) => {
            match client_admin::remove(tx, id, RevokeReason::ByOperator, now).await? {
                Changed::Now(ended) => done(ended, 0),
                Changed::NotFound => Ok(Acted::NotFound),
            }
        }
    }
}

const fn found(updated: Updated) -> Acted {
    match updated {
        Updated::Now => Acted::Done(Ended {
            grants: 0,
            sessions: 0,
        }),
        Updated::NotFound => Acted::NotFound,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "ends the arms of a fallible match"
)]
const fn done(grants: u64, sessions: u64) -> Result<Acted, StoreError> {
    Ok(Acted::Done(Ended { grants, sessions }))
}

/// A user who is disabled already keeps the time of the first call.
async fn disable(
    tx: &DatabaseTransaction,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<Acted, StoreError> {
    if is_last_admin(tx, id).await? {
        return Ok(Acted::LastAdmin);
    }
    if users::lock(tx, id).await?.is_none() {
        return Ok(Acted::NotFound);
    }
    let first = Func::coalesce([Expr::col(Column::DisabledAt), Expr::value(millis(now))]);
    users::set(tx, id, Column::DisabledAt, first.into()).await?;
    let grants = revoke_of_user(tx, id, RevokeReason::UserDisabled, now).await?;
    done(grants, users::end_sessions(tx, id).await?)
}

async fn forget(tx: &DatabaseTransaction, id: UserId, means: Means) -> Result<Acted, StoreError> {
    if users::lock(tx, id).await?.is_none() {
        return Ok(Acted::NotFound);
    }
    if means.passkeys {
        passkeys::forget(tx, id).await?;
    }
    if means.app {
        second_factors::forget(tx, id).await?;
    }
    done(0, users::end_sessions(tx, id).await?)
}

async fn set_roles(
    tx: &DatabaseTransaction,
    id: UserId,
    roles: Roles,
    now: DateTime<Utc>,
) -> Result<Acted, StoreError> {
    if !roles.contains(Role::Admin) && is_last_admin(tx, id).await? {
        return Ok(Acted::LastAdmin);
    }
    let before = users::lock(tx, id).await?;
    let Some(before) = before.map(User::try_from).transpose()? else {
        return Ok(Acted::NotFound);
    };
    let grants = if roles.highest() < before.roles.highest() {
        revoke_of_user(tx, id, RevokeReason::RoleLost, now).await?
    } else {
        0
    };
    users::set(tx, id, Column::Roles, Expr::value(roles.to_string())).await?;
    done(grants, 0)
}

async fn revoke_of_user(
    tx: &DatabaseTransaction,
    id: UserId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let theirs = grant::Column::UserId.eq(id.to_string());
    revoke_where(tx, theirs, reason, now).await
}

/// Whether this user is the only one who may administer. Whoever asks has the users' turn until the transaction ends, so that
/// of two who take each other's role one is refused.
async fn is_last_admin(tx: &DatabaseTransaction, id: UserId) -> Result<bool, StoreError> {
    take_turn(tx, guard::USERS).await?;
    // Role names are no part of each other.
    let admins = Entity::find()
        .filter(Column::Roles.contains(Role::Admin.as_str()))
        .filter(Column::DisabledAt.is_null());
    let others = admins.clone().filter(Column::Id.ne(id.to_string()));
    let theirs = admins.filter(Column::Id.eq(id.to_string()));
    Ok(theirs.count(tx).await.map_err(failed)? > 0 && others.count(tx).await.map_err(failed)? == 0)
}
