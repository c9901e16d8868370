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
    ColumnTrait, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, EntityTrait as _,
    QueryFilter as _, QueryResult, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, IntoColumnRef, LockType, Order, Query, SimpleExpr},
};

use super::{
    Redemption, Rotation, at_most, client_grants, codes, insert, is_one_of, logouts, only,
    refresh_tokens, sweep,
};
use crate::{
    SqlStore,
    entity::{
        client, client_grant, code,
        column::{Row, millis},
        grant::{Column, Entity, Model, ROW},
        user,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
};

#[async_trait]
impl Grants for SqlStore {
    #[tracing::instrument(name = "store.add_grant", skip_all, fields(grant = %grant.id))]
    async fn add_grant(&self, grant: &Grant, code: &AuthCode) -> Result<(), StoreError> {
        let (grant, code) = (Model::from(grant), code::Model::from(code));
        self.write(move |tx| Box::pin(add(tx, grant, code))).await
    }

    async fn code(&self, hash: &SecretHash) -> Result<Option<CodeContext>, StoreError> {
        let look_up = |hashes| codes::find(self.readers(), hashes);
        self.gathers().codes.ask(*hash, look_up).await
    }

    #[tracing::instrument(name = "store.redeem_code", skip_all)]
    async fn redeem_code(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError> {
        let (code, first) = (*code, first.cloned());
        self.write_grouped(Redemption { code, first, now }).await
    }

    async fn refresh_token(&self, hash: &SecretHash) -> Result<Option<RefreshContext>, StoreError> {
        let look_up = |hashes| refresh_tokens::find(self.readers(), hashes);
        self.gathers().refresh_tokens.ask(*hash, look_up).await
    }

    #[tracing::instrument(name = "store.rotate", skip_all, fields(grant = %successor.grant))]
    async fn rotate(
        &self,
        token: &SecretHash,
        successor: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotated, StoreError> {
        let (token, successor) = (*token, successor.clone());
        let rotation = Rotation {
            token,
            successor,
            now,
        };
        self.write_grouped(rotation).await
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
        let look_up = |ids| with_users(self.readers(), ids);
        self.gathers().grants.ask(id, look_up).await
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

    #[tracing::instrument(name = "store.revoked_since", level = "debug", skip_all, fields(limit))]
    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<RevokedGrant>, StoreError> {
        let db = self.readers();
        let (people, clients) = (Column::Id, client_grant::Column::Id);
        let mut all = ended_since(db, (people, Column::RevokedAt), ROW, since, limit).await?;
        let of_clients = (clients, client_grant::Column::RevokedAt);
        all.extend(ended_since(db, of_clients, client_grant::ROW, since, limit).await?);
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

/// Those of the grants that are there, with their users, in one statement.
async fn with_users(
    db: &Reader,
    ids: Vec<GrantId>,
) -> Result<Found<GrantId, (Grant, User)>, StoreError> {
    let found = Entity::find()
        .filter(is_one_of(Column::Id, ids.iter().map(ToString::to_string)))
        .find_also_related(user::Entity)
        .all(db)
        .await
        .map_err(unread("grant"))?;
    let read = |(grant, user): (Model, Option<user::Model>)| {
        let id = GrantId(ROW.uuid(&grant.id)?);
        let both = || Ok((grant.try_into()?, user.ok_or(ROW.corrupt())?.try_into()?));
        Ok((id, both()))
    };
    found.into_iter().map(read).collect()
}

/// The latest grants of a table that ended after `since`. Reads the index of the times from its young end, where
/// all that is asked for lies together.
async fn ended_since<C: ColumnTrait>(
    db: &Reader,
    (id, revoked_at): (C, C),
    row: Row,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<RevokedGrant>, StoreError> {
    let latest = Query::select()
        .columns([id, revoked_at])
        .from(C::EntityName::default())
        .and_where(revoked_at.gt(millis(since)))
        .order_by(revoked_at, Order::Desc)
        .limit(at_most(limit))
        .to_owned();
    let rows = db.query_all(&latest).await.map_err(failed)?;
    let read = |found: QueryResult| {
        let pair: Result<(String, i64), DbErr> = found.try_get_many_by_index();
        let (id, at) = pair.map_err(unread(row.0))?;
        Ok(RevokedGrant {
            id: GrantId(row.uuid(&id)?),
            at: row.time(at)?,
        })
    };
    rows.into_iter().map(read).collect()
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

/// Locks the grants that these rows of another table belong to, so that nobody else changes them until the
/// transaction ends. SQLite has one writer and nothing to lock.
pub(super) async fn lock_grants<C: ColumnTrait>(
    tx: &DatabaseTransaction,
    grant_of: C,
    rows: SimpleExpr,
) -> Result<(), StoreError> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let theirs = Query::select()
        .column(grant_of)
        .from(C::EntityName::default())
        .and_where(rows)
        .to_owned();
    let lock = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Column::Id.in_subquery(theirs))
        .lock(LockType::Update)
        .to_owned();
    tx.query_all(&lock).await.map_err(failed).map(drop)
}

/// The condition that the grant named by this column is not revoked.
pub(super) fn of_open_grant(grant: impl IntoColumnRef) -> SimpleExpr {
    let open = Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).eq(Expr::col(grant)))
        .and_where(Expr::col((Entity, Column::RevokedAt)).is_null())
        .to_owned();
    Expr::exists(open)
}
