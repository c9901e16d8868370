//! Refresh tokens with use-confirmed rotation (see `loop_oauth::refresh`).

use chrono::{DateTime, Utc};
use loop_oauth::{
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::{RefreshContext, Rotated, StoreError},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, SelectThree,
    TopologyChain, sea_query::Expr,
};

use super::{grants::is_open, insert_new, only};
use crate::{
    entity::{
        column::millis,
        grant,
        refresh_token::{Column, Entity, Model, ROW, state_name},
        user,
    },
    error::{failed, unread},
    reader::Reader,
};

/// The token with its grant and user, in one statement.
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
) -> Result<Option<RefreshContext>, StoreError> {
    let found = with_context(hash)
        .all(db)
        .await
        .map(only)
        .map_err(unread("refresh token"))?;
    let Some((token, grant, user)) = found else {
        return Ok(None);
    };
    Ok(Some(RefreshContext {
        token: token.try_into()?,
        grant: grant.ok_or(ROW.corrupt())?.try_into()?,
        user: user.ok_or(ROW.corrupt())?.try_into()?,
    }))
}

pub(super) async fn rotate(
    tx: &DatabaseTransaction,
    token: SecretHash,
    successor: RefreshToken,
    now: DateTime<Utc>,
) -> Result<Rotated, StoreError> {
    let found = Entity::find_by_id(token.to_hex())
        .all(tx)
        .await
        .map(only)
        .map_err(unread("refresh token"))?;
    let Some(row) = found else {
        return Ok(Rotated::Gone);
    };
    row.state()?; // a row that cannot be read is not changed either
    if !is_open(tx, &row.grant_id).await? {
        return Ok(Rotated::Gone);
    }
    let successor = Model::issued(&successor, now);
    if successor.grant_id != row.grant_id || successor.parent.as_ref() != Some(&row.hash) {
        return Err(StoreError::Failed(
            "a successor is not of its token".to_owned(),
        ));
    }
    // The state may have changed since it was read, so the write decides.
    if !advance(tx, row.hash, RefreshState::Succeeded, None).await? {
        return Ok(Rotated::Replayed);
    }
    if let Some(parent) = row.parent {
        advance(tx, parent, RefreshState::Retired, Some(millis(now))).await?;
    }
    insert_new(tx, successor).await?;
    Ok(Rotated::Now)
}

/// Moves a token on unless it is retired. Returns whether it did.
async fn advance(
    tx: &DatabaseTransaction,
    hash: String,
    to: RefreshState,
    retired_at: Option<i64>,
) -> Result<bool, StoreError> {
    let moved = Entity::update_many()
        .col_expr(Column::State, Expr::value(state_name(to)))
        .col_expr(Column::RetiredAt, Expr::value(retired_at))
        .filter(Column::Hash.eq(hash))
        .filter(Column::State.ne(state_name(RefreshState::Retired)))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(moved.rows_affected > 0)
}
