//! Last good copies of clients that describe themselves elsewhere.

use async_trait::async_trait;
use loop_oauth::{
    client::{Client, ClientId, ClientOrigin},
    client_keys::ClientKeys,
    store::{Inserted, KeptClients, StoreError, Updated},
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, sea_query::Expr,
};

use super::{insert_new, updated};
use crate::{
    SqlStore,
    entity::client::{Column, Entity, Model},
    error::failed,
};

#[async_trait]
impl KeptClients for SqlStore {
    #[tracing::instrument(name = "store.keep_client", skip_all, fields(client = %client.id))]
    async fn keep_client(&self, client: &Client) -> Result<(), StoreError> {
        let row = Model::from(client);
        self.write(move |tx| Box::pin(keep(tx, row))).await
    }

    #[tracing::instrument(name = "store.keep_keys", skip_all, fields(client = %id))]
    async fn keep_keys(&self, id: &ClientId, keys: &ClientKeys) -> Result<Updated, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Keys, Expr::value(keys.to_json()))
            .filter(Column::Id.eq(id.0.as_str()));
        self.write(move |tx| {
            Box::pin(async move {
                let done = update.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }
}

/// What a document does not say: the client's past, and what an operator decided.
const KEPT: [Column; 6] = [
    Column::CreatedAt,
    Column::FirstLoginAt,
    Column::Origin,
    Column::MetadataHash,
    Column::Scope,
    Column::Pkce,
];

/// Inserts the client, or updates what its document says where one of a document is.
async fn keep(tx: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    if insert_new(tx, row.clone()).await? == Inserted::Now {
        return Ok(());
    }
    let id = row.id.clone();
    let mut said = row.into_active_model().reset_all();
    for column in KEPT {
        said.not_set(column);
    }
    Entity::update_many()
        // One that was removed comes back with its document, without what was granted to it.
        .set(said)
        .filter(Column::Id.eq(id))
        .filter(Column::Origin.eq(ClientOrigin::Document.as_str()))
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}
