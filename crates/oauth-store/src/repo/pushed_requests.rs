//! Pushed authorization requests.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    par::PushedRequest,
    secret::SecretHash,
    store::{PushedRequests, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany, sea_query::Expr,
};

use super::{insert, is_one_of, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        pushed_request::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl PushedRequests for SqlStore {
    #[tracing::instrument(name = "store.add_pushed", skip_all, fields(client = %request.client))]
    async fn add_pushed(&self, request: &PushedRequest) -> Result<(), StoreError> {
        let row = Model::from(request);
        self.write(move |tx| Box::pin(insert(tx, row))).await
    }

    async fn pushed(&self, hash: &SecretHash) -> Result<Option<PushedRequest>, StoreError> {
        let row = Entity::find_by_id(hash.to_hex())
            .one(self.readers())
            .await
            .map_err(unread("pushed request"))?;
        row.map(PushedRequest::try_from).transpose()
    }

    #[tracing::instrument(name = "store.open_pushed", skip_all)]
    async fn open_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let open = live(hash, now)
            .col_expr(Column::OpenedAt, Expr::value(millis(now)))
            .col_expr(Column::ExpiresAt, Expr::value(millis(until)))
            .filter(Column::OpenedAt.is_null());
        self.write(move |tx| Box::pin(run(tx, open))).await
    }

    #[tracing::instrument(name = "store.consume_pushed", skip_all)]
    async fn consume_pushed(
        &self,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let consume = live(hash, now).col_expr(Column::UsedAt, Expr::value(millis(now)));
        self.write(move |tx| Box::pin(run(tx, consume))).await
    }
}

/// An update of this request while it is neither used nor too old: the write decides.
fn live(hash: &SecretHash, now: DateTime<Utc>) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Hash.eq(hash.to_hex()))
        .filter(Column::UsedAt.is_null())
        .filter(Column::ExpiresAt.gt(millis(now)))
}

async fn run(tx: &DatabaseTransaction, update: UpdateMany<Entity>) -> Result<Updated, StoreError> {
    let done = update.exec(tx).await.map_err(failed)?;
    Ok(updated(done.rows_affected))
}

/// Deletes the oldest that nobody can use any more.
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
        .map_err(unread("pushed request"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = Entity::delete_many()
        .filter(is_one_of(Column::Hash, old))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(gone.rows_affected)
}
