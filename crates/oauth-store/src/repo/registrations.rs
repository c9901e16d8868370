//! Clients that registered themselves.

use async_trait::async_trait;
use loop_oauth::{
    client::{Client, ClientId, ClientOrigin},
    secret::SecretHash,
    store::{Inserted, Registrations, StoreError},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::{at_most, insert_new, sweep_clients::delete_clients};
use crate::{
    SqlStore,
    entity::client::{Column, Entity, Model, ROW},
    error::unread,
};

/// Clients that make room for a new one at most, when the bound was lowered.
const MOST_EVICTED: u64 = 100;

#[async_trait]
impl Registrations for SqlStore {
    #[tracing::instrument(name = "store.add_registration", skip_all)]
    async fn add_registration(
        &self,
        client: &Client,
        management: Option<&SecretHash>,
        most_unused: u64,
    ) -> Result<Inserted, StoreError> {
        let row = Model {
            management_hash: management.copied().map(SecretHash::to_hex),
            ..Model::from(client)
        };
        self.write(move |tx| Box::pin(add(tx, row, most_unused)))
            .await
    }

    async fn registration(
        &self,
        id: &ClientId,
    ) -> Result<Option<(Client, SecretHash)>, StoreError> {
        let row = Entity::find_by_id(id.0.as_str())
            .filter(Column::RemovedAt.is_null())
            .filter(Column::ManagementHash.is_not_null())
            .one(self.readers())
            .await
            .map_err(unread("client"))?;
        let Some(row) = row else { return Ok(None) };
        let hash = ROW.hash_opt(row.management_hash.as_deref())?;
        Ok(Some((row.try_into()?, hash.ok_or(ROW.corrupt())?)))
    }
}

async fn add(
    tx: &DatabaseTransaction,
    row: Model,
    most_unused: u64,
) -> Result<Inserted, StoreError> {
    if insert_new(tx, row.clone()).await? == Inserted::AlreadyThere {
        return Ok(Inserted::AlreadyThere);
    }
    // Walks the index of clients never used from its young end; what lies behind the bound is too old.
    let too_many: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::FirstLoginAt.is_null())
        .filter(Column::Origin.eq(ClientOrigin::Dynamic.as_str()))
        .filter(Column::RemovedAt.is_null())
        .filter(Column::Id.ne(row.id))
        .order_by_desc(Column::CreatedAt)
        .offset(at_most(most_unused.saturating_sub(1)))
        .limit(MOST_EVICTED)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("client"))?;
    if !too_many.is_empty() {
        let evicted = delete_clients(tx, too_many).await?;
        tracing::warn!(evicted, "never-used clients made room for a new one");
    }
    Ok(Inserted::Now)
}
