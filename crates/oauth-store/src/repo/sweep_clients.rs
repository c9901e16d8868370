//! Deletes what is left of devices' requests and of clients that were removed, as [`super::sweep`] does.

use std::collections::BTreeSet;

use loop_oauth::{client::ClientOrigin, store::StoreError};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{ExprTrait as _, Query},
};

use super::{
    is_one_of, lock_idle,
    sweep::{delete, empty_grants, none},
};
use crate::{
    entity::{client, client_grant, consent, device, grant},
    error::unread,
};

/// How long a device is told that nobody answered in time, in milliseconds.
const KEEP_UNANSWERED: i64 = 3_600_000;

/// Requests that nobody allowed, an hour after their end; the others, with a grant that nothing else hangs on, when its
/// access tokens have ended.
pub(super) async fn devices(
    tx: &DatabaseTransaction,
    now: i64,
    ended: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let unanswered = device::Column::GrantId
        .is_null()
        .and(device::Column::ExpiresAt.lte(now.saturating_sub(KEEP_UNANSWERED)));
    let mut gone = 0;
    for which in [unanswered, device::Column::ExpiresAt.lte(ended)] {
        let old: Vec<(String, Option<String>)> = device::Entity::find()
            .select_only()
            .columns([device::Column::Hash, device::Column::GrantId])
            .filter(which)
            .order_by_asc(device::Column::ExpiresAt)
            .limit(batch)
            .into_tuple()
            .all(tx)
            .await
            .map_err(unread("device authorization"))?;
        if old.is_empty() {
            continue;
        }
        let (hashes, grants): (Vec<_>, Vec<_>) = old.into_iter().unzip();
        let theirs = is_one_of(device::Column::Hash, hashes);
        gone += delete(device::Entity::delete_many().filter(theirs), tx).await?;
        let grants: BTreeSet<String> = grants.into_iter().flatten().collect();
        if !grants.is_empty() {
            gone += empty_grants(tx, grants, ended).await?;
        }
    }
    Ok(gone)
}

/// What is left of clients that were removed long ago, their own grants first.
pub(super) async fn removed_clients(
    tx: &DatabaseTransaction,
    ended: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let grants: Vec<String> = client_grant::Entity::find()
        .select_only()
        .column(client_grant::Column::Id)
        .filter(client_grant::Column::RevokedAt.lte(ended))
        .order_by_asc(client_grant::Column::RevokedAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("client grant"))?;
    let mut gone = 0;
    if !grants.is_empty() {
        let old = is_one_of(client_grant::Column::Id, grants);
        gone += delete(client_grant::Entity::delete_many().filter(old), tx).await?;
    }
    let removed: Vec<String> = client::Entity::find()
        .select_only()
        .column(client::Column::Id)
        .filter(client::Column::RemovedAt.lte(ended))
        .order_by_asc(client::Column::RemovedAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("client"))?;
    if !removed.is_empty() {
        gone += delete_clients(tx, removed).await?;
    }
    Ok(gone)
}

/// Clients that registered themselves long ago and were never used.
pub(super) async fn clients(
    tx: &DatabaseTransaction,
    unused: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let found = client::Entity::find()
        .select_only()
        .column(client::Column::Id)
        .filter(client::Column::FirstLoginAt.is_null())
        .filter(client::Column::CreatedAt.lte(unused))
        .filter(client::Column::Origin.eq(ClientOrigin::Dynamic.as_str()))
        .order_by_asc(client::Column::CreatedAt)
        .limit(batch);
    let never_used: Vec<String> = lock_idle(found)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("client"))?;
    if never_used.is_empty() {
        return Ok(0);
    }
    delete_clients(tx, never_used).await
}

/// Deletes those of these clients that nothing hangs on. They are locked before that is looked at, or left alone.
pub(super) async fn delete_clients(
    tx: &DatabaseTransaction,
    ids: Vec<String>,
) -> Result<u64, StoreError> {
    let found = client::Entity::find()
        .select_only()
        .column(client::Column::Id)
        .filter(is_one_of(client::Column::Id, ids));
    let idle: Vec<String> = lock_idle(found)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("client"))?;
    let doomed = client::Entity::delete_many()
        .filter(is_one_of(client::Column::Id, idle))
        .filter(none(
            Query::select().from(client_grant::Entity).and_where(
                client_grant::Column::ClientId
                    .into_expr()
                    .equals((client::Entity, client::Column::Id)),
            ),
        ))
        .filter(none(
            Query::select().from(grant::Entity).and_where(
                grant::Column::ClientId
                    .into_expr()
                    .equals((client::Entity, client::Column::Id)),
            ),
        ))
        .filter(none(
            Query::select().from(consent::Entity).and_where(
                consent::Column::ClientId
                    .into_expr()
                    .equals((client::Entity, client::Column::Id)),
            ),
        ));
    delete(doomed, tx).await
}
