//! Users, and what ends with them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    grant::RevokeReason,
    store::{Inserted, StoreError, Updated, Users},
    user::{Email, PasswordHash, User, UserId},
};
use loop_shared::auth::scope::Roles;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, Func, SimpleExpr},
};
use secrecy::ExposeSecret as _;

use super::{at_most, grants::revoke_where, insert_new, logouts, take_turn, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        grant, guard, session,
        user::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl Users for SqlStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = Entity::find_by_id(id.to_string())
            .one(self.readers())
            .await
            .map_err(unread("user"))?;
        row.map(User::try_from).transpose()
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let row = Entity::find()
            .filter(Column::Email.eq(email.as_str()))
            .one(self.readers())
            .await
            .map_err(unread("user"))?;
        row.map(User::try_from).transpose()
    }

    #[tracing::instrument(name = "store.add_user", skip_all, fields(user = %user.id))]
    async fn add_user(&self, user: &User) -> Result<Inserted, StoreError> {
        let row = Model::from(user);
        self.write(move |tx| {
            Box::pin(async move {
                take_turn(tx, guard::USERS).await?;
                insert_new(tx, row).await
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.add_first_user", skip_all, fields(user = %user.id))]
    async fn add_first_user(&self, user: &User) -> Result<Inserted, StoreError> {
        let row = Model::from(user);
        self.write(move |tx| {
            Box::pin(async move {
                take_turn(tx, guard::USERS).await?;
                let any = Entity::find().limit(1).count(tx).await.map_err(failed)?;
                if any > 0 {
                    return Ok(Inserted::AlreadyThere);
                }
                insert_new(tx, row).await
            })
        })
        .await
    }

    async fn users(&self, limit: u64) -> Result<Vec<User>, StoreError> {
        let rows = Entity::find()
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("user"))?;
        rows.into_iter().map(User::try_from).collect()
    }

    #[tracing::instrument(name = "store.set_password", skip_all, fields(user = %id))]
    async fn set_password(&self, id: UserId, hash: &PasswordHash) -> Result<Updated, StoreError> {
        let hash = Expr::value(hash.0.expose_secret());
        self.write(move |tx| {
            Box::pin(async move {
                let found = set(tx, id, Column::PasswordHash, hash).await?;
                end_sessions(tx, id).await?;
                Ok(found)
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.set_roles", skip_all, fields(user = %id))]
    async fn set_roles(
        &self,
        id: UserId,
        roles: &Roles,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let roles = *roles;
        self.write(move |tx| Box::pin(change_roles(tx, id, roles, now)))
            .await
    }

    /// A user who is disabled already keeps the time of the first call.
    #[tracing::instrument(name = "store.disable_user", skip_all, fields(user = %id))]
    async fn disable_user(&self, id: UserId, now: DateTime<Utc>) -> Result<Updated, StoreError> {
        let first = Func::coalesce([Expr::col(Column::DisabledAt), Expr::value(millis(now))]);
        let theirs = grant::Column::UserId.eq(id.to_string());
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, id).await?;
                let found = set(tx, id, Column::DisabledAt, first.into()).await?;
                revoke_where(tx, theirs, RevokeReason::UserDisabled, now).await?;
                end_sessions(tx, id).await?;
                Ok(found)
            })
        })
        .await
    }
}

/// Sets the roles; a user who had a higher one loses all grants with it.
async fn change_roles(
    tx: &DatabaseTransaction,
    id: UserId,
    roles: Roles,
    now: DateTime<Utc>,
) -> Result<Updated, StoreError> {
    let before = lock(tx, id).await?;
    let Some(before) = before.map(User::try_from).transpose()? else {
        return Ok(Updated::NotFound);
    };
    if roles.highest() < before.roles.highest() {
        let theirs = grant::Column::UserId.eq(id.to_string());
        revoke_where(tx, theirs, RevokeReason::RoleLost, now).await?;
    }
    set(tx, id, Column::Roles, Expr::value(roles.to_string())).await
}

/// The user, of whom nobody else stores a grant until the transaction ends.
pub(super) async fn lock(
    tx: &DatabaseTransaction,
    id: UserId,
) -> Result<Option<Model>, StoreError> {
    Entity::find_by_id(id.to_string())
        .lock_exclusive()
        .one(tx)
        .await
        .map_err(unread("user"))
}

pub(super) async fn set(
    tx: &DatabaseTransaction,
    id: UserId,
    column: Column,
    to: SimpleExpr,
) -> Result<Updated, StoreError> {
    let done = Entity::update_many()
        .col_expr(column, to)
        .filter(Column::Id.eq(id.to_string()))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(done.rows_affected))
}

/// Ends all sessions and lets the clients that know them be told. Returns how many.
pub(super) async fn end_sessions(tx: &DatabaseTransaction, id: UserId) -> Result<u64, StoreError> {
    logouts::tell_of_user(tx, id).await?;
    let ended = session::Entity::delete_many()
        .filter(session::Column::UserId.eq(id.to_string()))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(ended.rows_affected)
}
