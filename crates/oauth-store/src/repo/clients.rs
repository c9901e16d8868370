//! Clients.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::{Client, ClientId},
    secret::SecretHash,
    store::{Clients, Inserted, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};

use super::{at_most, insert_new, is_one_of, only, updated};
use crate::{
    SqlStore,
    entity::{
        client::{Column, Entity, Model},
        column::millis,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
};

#[async_trait]
impl Clients for SqlStore {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        let look_up = |ids| find(self.readers(), ids);
        self.gathers().clients.ask(id.0.clone(), look_up).await
    }

    async fn client_by_metadata(&self, hash: &SecretHash) -> Result<Option<Client>, StoreError> {
        let row = Entity::find()
            .filter(Column::MetadataHash.eq(hash.to_hex()))
            .all(self.readers())
            .await
            .map(only)
            .map_err(unread("client"))?;
        row.map(Client::try_from).transpose()
    }

    #[tracing::instrument(name = "store.add_client", skip_all)]
    async fn add_client(&self, client: &Client) -> Result<Inserted, StoreError> {
        let row = Model::from(client);
        self.write(move |tx| Box::pin(insert_new(tx, row))).await
    }

    #[tracing::instrument(name = "store.renew_client", skip_all, fields(client = %id))]
    async fn renew_client(&self, id: &ClientId, now: DateTime<Utc>) -> Result<Updated, StoreError> {
        let renew = Entity::update_many()
            .col_expr(Column::CreatedAt, Expr::value(millis(now)))
            .filter(Column::Id.eq(id.0.as_str()));
        self.write(move |tx| {
            Box::pin(async move {
                let renewed = renew.exec(tx).await.map_err(failed)?;
                Ok(updated(renewed.rows_affected))
            })
        })
        .await
    }

    async fn clients(&self, limit: u64) -> Result<Vec<Client>, StoreError> {
        let rows = Entity::find()
            .filter(Column::RemovedAt.is_null())
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("client"))?;
        rows.into_iter().map(Client::try_from).collect()
    }
}

/// Those of the clients that are there and not removed.
async fn find(db: &Reader, ids: Vec<String>) -> Result<Found<String, Client>, StoreError> {
    let rows = Entity::find()
        .filter(is_one_of(
            Column::Id,
            ids.into_iter().filter(|id| !id.contains('\0')),
        ))
        .filter(Column::RemovedAt.is_null())
        .all(db)
        .await
        .map_err(unread("client"))?;
    let read = |row: Model| (row.id.clone(), row.try_into());
    Ok(rows.into_iter().map(read).collect())
}
