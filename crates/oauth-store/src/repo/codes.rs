//! Authorization codes.

use chrono::{DateTime, Utc};
use loop_oauth::{
    refresh::RefreshToken,
    secret::SecretHash,
    store::{CodeContext, Redeemed, StoreError},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, SelectThree,
    TopologyChain, sea_query::Expr,
};

use super::{grants::is_open, insert, only};
use crate::{
    entity::{
        code::{Column, Entity, ROW},
        column::millis,
        grant, refresh_token, user,
    },
    error::{failed, unread},
    reader::Reader,
};

/// The code with its grant and user, in one statement.
pub(crate) fn with_context(
    hash: &SecretHash,
) -> SelectThree<Entity, grant::Entity, user::Entity, TopologyChain> {
    Entity::find_by_id(hash.to_hex())
        .find_also_related(grant::Entity)
        .and_also_related(user::Entity)
}

pub(super) async fn find(
    db: &Reader,
    hash: &SecretHash,
) -> Result<Option<CodeContext>, StoreError> {
    let found = with_context(hash)
        .all(db)
        .await
        .map(only)
        .map_err(unread("code"))?;
    let Some((code, grant, user)) = found else {
        return Ok(None);
    };
    Ok(Some(CodeContext {
        code: code.try_into()?,
        grant: grant.ok_or(ROW.corrupt())?.try_into()?,
        user: user.ok_or(ROW.corrupt())?.try_into()?,
    }))
}

pub(super) async fn redeem(
    tx: &DatabaseTransaction,
    code: SecretHash,
    first: Option<RefreshToken>,
    now: DateTime<Utc>,
) -> Result<Redeemed, StoreError> {
    let found = Entity::find_by_id(code.to_hex())
        .all(tx)
        .await
        .map(only)
        .map_err(unread("code"))?;
    let Some(row) = found else {
        return Ok(Redeemed::Gone);
    };
    if !is_open(tx, &row.grant_id).await? {
        return Ok(Redeemed::Gone);
    }
    if first
        .as_ref()
        .is_some_and(|first| first.grant.to_string() != row.grant_id)
    {
        return Err(StoreError::Failed(
            "a refresh token is not of its code's grant".to_owned(),
        ));
    }
    let won = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(millis(now)))
        .filter(Column::Hash.eq(row.hash))
        .filter(Column::UsedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    if won.rows_affected == 0 {
        return Ok(Redeemed::AlreadyUsed);
    }
    if let Some(first) = first {
        insert(tx, refresh_token::Model::issued(&first, now)).await?;
    }
    Ok(Redeemed::Now)
}
