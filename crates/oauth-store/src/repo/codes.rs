//! Authorization codes.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    refresh::RefreshToken,
    secret::SecretHash,
    store::{CodeContext, Redeemed, StoreError},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    QueryFilter as _, QueryResult, SelectThree, TopologyChain, sea_query::Query,
};

use super::{
    grants::{is_open, lock_grants, of_open_grant},
    insert_all, is_one_of, only,
};
use crate::{
    entity::{
        code::{Column, Entity, Model, ROW},
        column::millis,
        grant, refresh_token, user,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
    writer::{Asked, Grouped, Queued},
};

/// The codes with their grants and users, in one statement.
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

/// Those of the codes that are there.
///
/// # Errors
/// That of the statement.
pub(super) async fn find(
    db: &Reader,
    hashes: Vec<SecretHash>,
) -> Result<Found<SecretHash, CodeContext>, StoreError> {
    let found = with_context(&hashes)
        .all(db)
        .await
        .map_err(unread("code"))?;
    let read = |(code, grant, user): (Model, _, _)| {
        let hash = ROW.hash(&code.hash)?;
        Ok((hash, context(code, grant, user)))
    };
    found.into_iter().map(read).collect()
}

fn context(
    code: Model,
    grant: Option<grant::Model>,
    user: Option<user::Model>,
) -> Result<CodeContext, StoreError> {
    Ok(CodeContext {
        code: code.try_into()?,
        grant: grant.ok_or(ROW.corrupt())?.try_into()?,
        user: user.ok_or(ROW.corrupt())?.try_into()?,
    })
}

/// A code that is to be exchanged, and the refresh token that comes of it.
#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    pub(super) code: SecretHash,
    pub(super) first: Option<RefreshToken>,
    pub(super) now: DateTime<Utc>,
}

#[async_trait]
impl Grouped for Redemption {
    type Outcome = Redeemed;

    fn queued(asked: Asked<Self>) -> Queued {
        Queued::Redeem(asked)
    }

    /// The code.
    fn subject(&self) -> String {
        self.code.to_hex()
    }

    async fn all(tx: &DatabaseTransaction, group: &[Self]) -> Result<Vec<Redeemed>, StoreError> {
        let codes: Vec<_> = group.iter().map(|it| it.code.to_hex()).collect();
        let Some(now) = group.iter().map(|it| it.now).max() else {
            return Ok(Vec::new());
        };
        lock_grants(
            tx,
            Column::GrantId,
            is_one_of(Column::Hash, codes.iter().cloned()),
        )
        .await?;
        let used = mark_used(tx, &codes, now).await?;
        let (mut outcomes, mut tokens) = (Vec::new(), Vec::new());
        for (redemption, code) in group.iter().zip(&codes) {
            let Some(grant) = used.get(code) else {
                outcomes.push(why_not(tx, code).await?);
                continue;
            };
            if let Some(first) = &redemption.first {
                let first = refresh_token::Model::issued(first, redemption.now);
                if first.grant_id != *grant {
                    return Err(StoreError::Failed(
                        "a refresh token is not of its code's grant".to_owned(),
                    ));
                }
                tokens.push(first);
            }
            outcomes.push(Redeemed::Now);
        }
        insert_all(tx, tokens).await?;
        Ok(outcomes)
    }
}

/// Marks those as used that are not yet and whose grant is open; each one's grant. One moment for all: they are
/// committed in the same.
async fn mark_used(
    tx: &DatabaseTransaction,
    codes: &[String],
    now: DateTime<Utc>,
) -> Result<HashMap<String, String>, StoreError> {
    let update = Query::update()
        .table(Entity)
        .value(Column::UsedAt, millis(now))
        .and_where(is_one_of(Column::Hash, codes.iter().cloned()))
        .and_where(Column::UsedAt.is_null())
        .and_where(of_open_grant((Entity, Column::GrantId)))
        .returning(Query::returning().columns([Column::Hash, Column::GrantId]))
        .to_owned();
    let rows = tx.query_all(&update).await.map_err(failed)?;
    let read = |row: QueryResult| row.try_get_many_by_index();
    rows.into_iter()
        .map(read)
        .collect::<Result<_, DbErr>>()
        .map_err(unread("code"))
}

/// Why a code was not marked.
async fn why_not(tx: &DatabaseTransaction, code: &str) -> Result<Redeemed, StoreError> {
    let found = Entity::find_by_id(code)
        .all(tx)
        .await
        .map(only)
        .map_err(unread("code"))?;
    match found {
        Some(row) if is_open(tx, &row.grant_id).await? => Ok(Redeemed::AlreadyUsed),
        _ => Ok(Redeemed::Gone),
    }
}
