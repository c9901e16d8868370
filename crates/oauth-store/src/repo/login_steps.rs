//! Logins between their steps: what is written once.

use loop_oauth::{
    second_step::LoginStep,
    secret::SecretHash,
    store::{StoreError, Updated},
    user::User,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::{is_one_of, only, updated};
use crate::{
    entity::{
        login_step::{Column, Entity, ROW},
        user,
    },
    error::{failed, unread},
    reader::Reader,
};

pub(super) async fn find(
    db: &Reader,
    hash: &SecretHash,
) -> Result<Option<(LoginStep, User)>, StoreError> {
    let found = Entity::find_by_id(hash.to_hex())
        .find_also_related(user::Entity)
        .all(db)
        .await
        .map(only)
        .map_err(unread("login step"))?;
    let Some((step, user)) = found else {
        return Ok(None);
    };
    let user = user.ok_or(ROW.corrupt())?;
    Ok(Some((step.try_into()?, user.try_into()?)))
}

pub(super) async fn count_try(
    tx: &DatabaseTransaction,
    hash: SecretHash,
    most: u32,
) -> Result<Updated, StoreError> {
    let counted = Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::Hash.eq(hash.to_hex()))
        .filter(Column::Tries.lt(i64::from(most)))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(counted.rows_affected))
}

pub(super) async fn take(
    tx: &DatabaseTransaction,
    hash: SecretHash,
) -> Result<Updated, StoreError> {
    let taken = Entity::delete_by_id(hash.to_hex()).exec(tx).await;
    Ok(updated(taken.map_err(failed)?.rows_affected))
}

/// Forgets those that waited for too long, the oldest first.
pub(super) async fn sweep(
    tx: &DatabaseTransaction,
    now: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let old: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Hash)
        .filter(Column::ExpiresAt.lte(now))
        .order_by_asc(Column::ExpiresAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("login step"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = Entity::delete_many().filter(is_one_of(Column::Hash, old));
    Ok(gone.exec(tx).await.map_err(failed)?.rows_affected)
}
