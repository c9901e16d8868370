//! Deletes what nobody can use any more.
//!
//! In: now and how many rows of a kind. Out: how many are gone. Never: scans a table, writes when there is nothing
//! to delete, or waits for a row that somebody works on. Each step walks an index from its oldest end and stops
//! after a batch. A grant goes with its last code and token, looked at when one of them goes, or some time after
//! it was revoked.
//!
//! Grants are locked before what hangs on them is touched, as rotations do; so no token is stored in a grant that
//! is on its way out, and several replicas that sweep at once share the work.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use loop_oauth::store::StoreError;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};

use super::{
    is_one_of, lock_idle,
    sweep_clients::{clients, devices, removed_clients},
};
use crate::{
    SqlStore,
    entity::{code, column::millis, grant, logout_notice, refresh_token, session},
    error::{failed, unread},
};

/// Deletions name their rows, and engines bound how many a statement can name.
const LARGEST_BATCH: u64 = 1000;

pub(super) async fn sweep(
    store: &SqlStore,
    now: DateTime<Utc>,
    batch: u64,
) -> Result<u64, StoreError> {
    let batch = Ord::min(batch, LARGEST_BATCH);
    let ended = millis(now - store.options().keep_ended);
    let unused = millis(now - store.options().keep_unused_clients);
    let retired = millis(now - store.options().keep_retired);
    let now = millis(now);
    let mut swept = 0;
    swept += store
        .write(move |tx| Box::pin(sessions(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(participants(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(codes(tx, ended, batch)))
        .await?;
    for (column, until) in [
        (refresh_token::Column::ExpiresAt, now),
        (refresh_token::Column::RetiredAt, retired),
    ] {
        swept += store
            .write(move |tx| Box::pin(tokens(tx, (column, until), ended, batch)))
            .await?;
    }
    swept += store
        .write(move |tx| Box::pin(revoked(tx, ended, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(clients(tx, unused, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(devices(tx, now, ended, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(removed_clients(tx, ended, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(super::jtis::sweep(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(super::pushed_requests::sweep(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(super::federation::sweep(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(super::login_steps::sweep(tx, now, batch)))
        .await?;
    swept += store
        .write(move |tx| Box::pin(super::passkeys::sweep(tx, now, batch)))
        .await?;
    Ok(swept)
}

async fn sessions(tx: &DatabaseTransaction, now: i64, batch: u64) -> Result<u64, StoreError> {
    let found = session::Entity::find()
        .select_only()
        .column(session::Column::Hash)
        .filter(session::Column::ExpiresAt.lte(now))
        .order_by_asc(session::Column::ExpiresAt)
        .limit(batch);
    let old: Vec<String> = lock_idle(found)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("session"))?;
    if old.is_empty() {
        return Ok(0);
    }
    delete(
        session::Entity::delete_many().filter(is_one_of(session::Column::Hash, old)),
        tx,
    )
    .await
}

/// Clients that have forgotten a session by themselves, or that could not be told for as long.
async fn participants(tx: &DatabaseTransaction, now: i64, batch: u64) -> Result<u64, StoreError> {
    use logout_notice::{Column, Entity};
    let old: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Sid, Column::ClientId])
        .filter(Column::ExpiresAt.lte(now))
        .order_by_asc(Column::ExpiresAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("logout notice"))?;
    let mut gone = 0;
    for (sid, client) in old {
        gone += delete(
            Entity::delete_many()
                .filter(Column::Sid.eq(sid))
                .filter(Column::ClientId.eq(client)),
            tx,
        )
        .await?;
    }
    Ok(gone)
}

async fn codes(tx: &DatabaseTransaction, ended: i64, batch: u64) -> Result<u64, StoreError> {
    let old: Vec<(String, String)> = code::Entity::find()
        .select_only()
        .columns([code::Column::Hash, code::Column::GrantId])
        .filter(code::Column::ExpiresAt.lte(ended))
        .order_by_asc(code::Column::ExpiresAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("code"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let (hashes, grants) = of_idle_grants(tx, old).await?;
    let theirs = is_one_of(code::Column::Hash, hashes);
    let gone = delete(code::Entity::delete_many().filter(theirs), tx).await?;
    Ok(gone + empty_grants(tx, grants, ended).await?)
}

/// Those whose time in this column has come.
async fn tokens(
    tx: &DatabaseTransaction,
    (column, until): (refresh_token::Column, i64),
    ended: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let old: Vec<(String, String)> = refresh_token::Entity::find()
        .select_only()
        .columns([refresh_token::Column::Hash, refresh_token::Column::GrantId])
        .filter(column.lte(until))
        .order_by_asc(column)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("refresh token"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let (hashes, grants) = of_idle_grants(tx, old).await?;
    let theirs = is_one_of(refresh_token::Column::Hash, hashes);
    let gone = delete(refresh_token::Entity::delete_many().filter(theirs), tx).await?;
    Ok(gone + empty_grants(tx, grants, ended).await?)
}

/// Of these rows and their grants those whose grant nobody works on; the grants are locked.
async fn of_idle_grants(
    tx: &DatabaseTransaction,
    rows: Vec<(String, String)>,
) -> Result<(Vec<String>, BTreeSet<String>), StoreError> {
    let named: BTreeSet<&str> = rows.iter().map(|(_, grant)| grant.as_str()).collect();
    let found = grant::Entity::find()
        .select_only()
        .column(grant::Column::Id)
        .filter(is_one_of(grant::Column::Id, named));
    let idle: BTreeSet<String> = lock_idle(found)
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(unread("grant"))?
        .into_iter()
        .collect();
    let theirs = rows.into_iter().filter(|(_, grant)| idle.contains(grant));
    Ok((theirs.map(|(hash, _)| hash).collect(), idle))
}

/// Grants that were revoked long ago, their tokens first.
async fn revoked(tx: &DatabaseTransaction, ended: i64, batch: u64) -> Result<u64, StoreError> {
    let found = grant::Entity::find()
        .select_only()
        .column(grant::Column::Id)
        .filter(grant::Column::RevokedAt.lte(ended))
        .order_by_asc(grant::Column::RevokedAt)
        .limit(batch);
    let grants: BTreeSet<String> = lock_idle(found)
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(unread("grant"))?
        .into_iter()
        .collect();
    if grants.is_empty() {
        return Ok(0);
    }
    let old: Vec<String> = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::Hash)
        .filter(is_one_of(refresh_token::Column::GrantId, grants.clone()))
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("refresh token"))?;
    let mut gone = 0;
    if !old.is_empty() {
        let theirs = is_one_of(refresh_token::Column::Hash, old);
        gone += delete(refresh_token::Entity::delete_many().filter(theirs), tx).await?;
    }
    let theirs = is_one_of(code::Column::GrantId, grants.clone());
    gone += delete(code::Entity::delete_many().filter(theirs), tx).await?;
    Ok(gone + empty_grants(tx, grants, ended).await?)
}

/// Those of these grants that have nothing left and, if revoked, were so long ago. They are locked before that is
/// looked at, or left alone.
pub(super) async fn empty_grants(
    tx: &DatabaseTransaction,
    grants: BTreeSet<String>,
    ended: i64,
) -> Result<u64, StoreError> {
    let found = grant::Entity::find()
        .select_only()
        .column(grant::Column::Id)
        .filter(is_one_of(grant::Column::Id, grants));
    let idle: Vec<String> = lock_idle(found)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("grant"))?;
    if idle.is_empty() {
        return Ok(0);
    }
    let long_ago = grant::Column::RevokedAt
        .is_null()
        .or(grant::Column::RevokedAt.lte(ended));
    let doomed = grant::Entity::delete_many()
        .filter(is_one_of(grant::Column::Id, idle))
        .filter(long_ago)
        .filter(none(
            Query::select().from(code::Entity).and_where(
                code::Column::GrantId
                    .into_expr()
                    .equals((grant::Entity, grant::Column::Id)),
            ),
        ))
        .filter(none(
            Query::select().from(refresh_token::Entity).and_where(
                refresh_token::Column::GrantId
                    .into_expr()
                    .equals((grant::Entity, grant::Column::Id)),
            ),
        ));
    delete(doomed, tx).await
}

/// No such row.
pub(super) fn none(rows: &mut SelectStatement) -> Expr {
    Expr::exists(rows.expr(Expr::value(1)).take()).not()
}

pub(super) async fn delete<E: EntityTrait>(
    rows: sea_orm::DeleteMany<E>,
    tx: &DatabaseTransaction,
) -> Result<u64, StoreError> {
    Ok(rows.exec(tx).await.map_err(failed)?.rows_affected)
}
