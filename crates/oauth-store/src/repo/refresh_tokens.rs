//! Refresh tokens with use-confirmed rotation (see `loop_oauth::refresh`).

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::{RefreshContext, Rotated, StoreError},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    QueryFilter as _, QueryResult, SelectThree, TopologyChain,
    sea_query::{Expr, Query},
};

use super::{
    grants::{is_open, lock_grants, of_open_grant},
    insert_all_new, is_one_of, only,
};
use crate::{
    entity::{
        column::millis,
        grant,
        refresh_token::{Column, Entity, Model, ROW, state_name},
        user,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
    writer::{Asked, Grouped, Queued},
};

/// The tokens with their grants and users, in one statement.
pub(crate) fn with_context(
    hashes: &[SecretHash],
) -> SelectThree<Entity, grant::Entity, user::Entity, TopologyChain> {
    Entity::find()
        .filter(is_one_of(
            Column::Hash,
            hashes.iter().map(|hash| hash.to_hex()),
        ))
        .find_also_related(grant::Entity)
        .and_also_related(user::Entity)
}

/// Those of the tokens that are there.
///
/// # Errors
/// That of the statement.
pub(super) async fn find(
    db: &Reader,
    hashes: Vec<SecretHash>,
) -> Result<Found<SecretHash, RefreshContext>, StoreError> {
    let found = with_context(&hashes)
        .all(db)
        .await
        .map_err(unread("refresh token"))?;
    let read = |(token, grant, user): (Model, _, _)| {
        let hash = ROW.hash(&token.hash)?;
        Ok((hash, context(token, grant, user)))
    };
    found.into_iter().map(read).collect()
}

fn context(
    token: Model,
    grant: Option<grant::Model>,
    user: Option<user::Model>,
) -> Result<RefreshContext, StoreError> {
    Ok(RefreshContext {
        token: token.try_into()?,
        grant: grant.ok_or(ROW.corrupt())?.try_into()?,
        user: user.ok_or(ROW.corrupt())?.try_into()?,
    })
}

/// A token that is to be followed by its successor.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(super) token: SecretHash,
    pub(super) successor: RefreshToken,
    pub(super) now: DateTime<Utc>,
}

/// What an [`advance`] says of a token that it moved on.
struct Moved {
    grant: String,
    parent: Option<String>,
}

#[async_trait]
impl Grouped for Rotation {
    type Outcome = Rotated;

    fn queued(asked: Asked<Self>) -> Queued {
        Queued::Rotate(asked)
    }

    /// Its family.
    fn subject(&self) -> String {
        self.successor.grant.to_string()
    }

    async fn all(tx: &DatabaseTransaction, group: &[Self]) -> Result<Vec<Rotated>, StoreError> {
        let tokens: Vec<_> = group.iter().map(|it| it.token.to_hex()).collect();
        lock_grants(
            tx,
            Column::GrantId,
            is_one_of(Column::Hash, tokens.iter().cloned()),
        )
        .await?;
        let moved = advance(tx, &tokens).await?;
        let (mut outcomes, mut successors, mut parents) = (Vec::new(), Vec::new(), Vec::new());
        for (rotation, token) in group.iter().zip(&tokens) {
            let Some(moved) = moved.get(token) else {
                outcomes.push(why_not(tx, token).await?);
                continue;
            };
            let successor = Model::issued(&rotation.successor, rotation.now);
            if successor.grant_id != moved.grant || successor.parent.as_ref() != Some(token) {
                return Err(StoreError::Failed(
                    "a successor is not of its token".to_owned(),
                ));
            }
            successors.push(successor);
            parents.extend(moved.parent.clone());
            outcomes.push(Rotated::Now);
        }
        // One moment for all: they are committed in the same.
        if let Some(now) = group.iter().map(|it| it.now).max() {
            retire(tx, parents, now).await?;
        }
        insert_all_new(tx, successors).await?;
        Ok(outcomes)
    }
}

/// Marks those as succeeded that are not retired and whose grant is open. The state may have changed since it was
/// read, so this write decides; a row that cannot be read is not changed either.
async fn advance(
    tx: &DatabaseTransaction,
    tokens: &[String],
) -> Result<HashMap<String, Moved>, StoreError> {
    let movable = [RefreshState::Live, RefreshState::Succeeded].map(state_name);
    let update = Query::update()
        .table(Entity)
        .value(Column::State, state_name(RefreshState::Succeeded))
        .and_where(is_one_of(Column::Hash, tokens.iter().cloned()))
        .and_where(Column::State.is_in(movable))
        .and_where(of_open_grant((Entity, Column::GrantId)))
        .returning(Query::returning().columns([Column::Hash, Column::GrantId, Column::Parent]))
        .to_owned();
    let rows = tx.query_all(&update).await.map_err(failed)?;
    let read = |row: QueryResult| {
        let (hash, grant, parent) = row.try_get_many_by_index()?;
        Ok((hash, Moved { grant, parent }))
    };
    rows.into_iter()
        .map(read)
        .collect::<Result<_, DbErr>>()
        .map_err(unread("refresh token"))
}

/// Why a token was not moved on.
async fn why_not(tx: &DatabaseTransaction, token: &str) -> Result<Rotated, StoreError> {
    let found = Entity::find_by_id(token)
        .all(tx)
        .await
        .map(only)
        .map_err(unread("refresh token"))?;
    let Some(row) = found else {
        return Ok(Rotated::Gone);
    };
    row.state()?;
    if is_open(tx, &row.grant_id).await? {
        return Ok(Rotated::Replayed);
    }
    Ok(Rotated::Gone)
}

/// Retires those that are not yet.
async fn retire(
    tx: &DatabaseTransaction,
    tokens: Vec<String>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if tokens.is_empty() {
        return Ok(());
    }
    let retired = state_name(RefreshState::Retired);
    Entity::update_many()
        .col_expr(Column::State, Expr::value(retired))
        .col_expr(Column::RetiredAt, Expr::value(millis(now)))
        .filter(is_one_of(Column::Hash, tokens.iter().cloned()))
        .filter(Column::State.ne(retired))
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}
