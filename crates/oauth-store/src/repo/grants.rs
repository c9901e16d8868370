//! Grants; their codes, refresh tokens and sweep have files of their own.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::ClientId,
    code::AuthCode,
    grant::{Grant, GrantId, RevokeReason, RevokedGrant},
    refresh::RefreshToken,
    secret::SecretHash,
    store::{CodeContext, Grants, Redeemed, RefreshContext, Rotated, StoreError, Updated},
    user::User,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, SimpleExpr},
};

use super::{at_most, client_grants, codes, insert, logouts, only, refresh_tokens, sweep};
use crate::{
    SqlStore,
    entity::{
        client, code,
        column::millis,
        grant::{Column, Entity, Model, ROW},
        user,
    },
    error::{failed, unread},
};

#[async_trait]
impl Grants for SqlStore {
    #[tracing::instrument(name = "store.add_grant", skip_all, fields(grant = %grant.id))]
    async fn add_grant(&self, grant: &Grant, code: &AuthCode) -> Result<(), StoreError> {
        let (grant, code) = (Model::from(grant), code::Model::from(code));
        self.write(move |tx| Box::pin(add(tx, grant, code))).await
    }

    async fn code(&self, hash: &SecretHash) -> Result<Option<CodeContext>, StoreError> {
        codes::find(self.readers(), hash).await
    }

    #[tracing::instrument(name = "store.redeem_code", skip_all)]
    async fn redeem_code(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        let (code, first) = (*code, first.cloned());
        self.write(move |tx| Box::pin(codes::redeem(tx, code, first, now)))
            .await
    }

    async fn refresh_token(&self, hash: &SecretHash) -> Result<Option<RefreshContext>, StoreError> {
        refresh_tokens::find(self.readers(), hash).await
    }

    #[tracing::instrument(name = "store.rotate", skip_all, fields(grant = %successor.grant))]
    async fn rotate(
        &self,
        token: &SecretHash,
        successor: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotated, StoreError> {
        let (token, successor) = (*token, successor.clone());
        self.write(move |tx| Box::pin(refresh_tokens::rotate(tx, token, successor, now)))
            .await
    }

    #[tracing::instrument(name = "store.revoke_grant", skip_all, fields(grant = %id, reason = reason.as_str()))]
    async fn revoke_grant(
        &self,
        id: GrantId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        self.write(move |tx| Box::pin(revoke_one(tx, id, reason, now)))
            .await
    }

    async fn grant_with_user(&self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError> {
        let found = Entity::find_by_id(id.to_string())
            .find_also_related(user::Entity)
            .all(self.readers())
            .await
            .map(only)
            .map_err(unread("grant"))?;
        let Some((grant, user)) = found else {
            return Ok(None);
        };
        let user = user.ok_or(ROW.corrupt())?;
        Ok(Some((grant.try_into()?, user.try_into()?)))
    }

    #[tracing::instrument(name = "store.revoke_client", skip_all, fields(client = %id, reason = reason.as_str()))]
    async fn revoke_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let id = id.clone();
        self.write(move |tx| Box::pin(revoke_of_client(tx, id, reason, now)))
            .await
    }

    /// Reads `revoked_at`'s indexes from their young ends, where all that is asked for lies together.
    #[tracing::instrument(name = "store.revoked_since", level = "debug", skip_all, fields(limit))]
    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<RevokedGrant>, StoreError> {
        let rows: Vec<(String, i64)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::RevokedAt])
            .filter(Column::RevokedAt.gt(millis(since)))
            .order_by_desc(Column::RevokedAt)
            .limit(at_most(limit))
            .into_tuple()
            .all(self.readers())
            .await
            .map_err(unread("grant"))?;
        let read = |(id, at): (String, i64)| {
            let (id, at) = (GrantId(ROW.uuid(&id)?), ROW.time(at)?);
            Ok(RevokedGrant { id, at })
        };
        let of_people: Result<Vec<_>, _> = rows.into_iter().map(read).collect();
        let mut all = of_people?;
        all.extend(client_grants::revoked_since(self.readers(), since, limit).await?);
        all.sort_by_key(|grant| std::cmp::Reverse(grant.at));
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(all)
    }

    /// One transaction for each kind of row, so that nobody waits long.
    #[tracing::instrument(name = "store.sweep", skip_all, fields(batch))]
    async fn sweep(&self, now: DateTime<Utc>, batch: u64) -> Result<u64, StoreError> {
        sweep::sweep(self, now, batch).await
    }
}

async fn add(tx: &DatabaseTransaction, grant: Model, code: code::Model) -> Result<(), StoreError> {
    let (client, at) = (grant.client_id.clone(), grant.created_at);
    insert(tx, grant).await?;
    insert(tx, code).await?;
    client::Entity::update_many()
        .col_expr(client::Column::FirstLoginAt, Expr::value(at))
        .filter(client::Column::Id.eq(client))
        .filter(client::Column::FirstLoginAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}

pub(super) async fn revoke_one(
    tx: &DatabaseTransaction,
    id: GrantId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<Updated, StoreError> {
    let of_person = revoke_where(tx, Column::Id.eq(id.to_string()), reason, now).await?;
    if of_person > 0 {
        return Ok(Updated::Now);
    }
    client_grants::revoke_one(tx, id, reason, now).await
}

/// Revokes every grant of a client, its own included. Returns how many.
pub(super) async fn revoke_of_client(
    tx: &DatabaseTransaction,
    id: ClientId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    logouts::tell_client(tx, id.0.as_str()).await?;
    let of_people = Column::ClientId.eq(id.0.as_str());
    let of_people = revoke_where(tx, of_people, reason, now).await?;
    Ok(of_people + client_grants::revoke_of(tx, &id, reason, now).await?)
}

/// Revokes those grants that match and are not revoked yet. Their codes and tokens stay until they are swept,
/// and are refused because the grant is. Returns how many.
pub(super) async fn revoke_where(
    tx: &DatabaseTransaction,
    which: SimpleExpr,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let revoked = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(millis(now)))
        .col_expr(Column::RevokeReason, Expr::value(reason.as_str()))
        .filter(which)
        .filter(Column::RevokedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(revoked.rows_affected)
}

/// Whether the grant is there and not revoked; nobody else changes it until the transaction ends.
pub(super) async fn is_open(tx: &DatabaseTransaction, id: &str) -> Result<bool, StoreError> {
    let grant = Entity::find_by_id(id)
        .lock_exclusive()
        .all(tx)
        .await
        .map(only)
        .map_err(unread("grant"))?;
    Ok(grant.is_some_and(|grant| grant.revoked_at.is_none()))
}
