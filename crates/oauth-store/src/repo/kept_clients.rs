//! Last good copies of clients that describe themselves elsewhere.

use async_trait::async_trait;
use loop_oauth::{
    client::{Client, ClientId, ClientOrigin},
    client_keys::ClientKeys,
    store::{Inserted, KeptClients, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, sea_query::Expr,
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

/// Inserts the client, or updates what its document says where one of a document is.
async fn keep(tx: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    if insert_new(tx, row.clone()).await? == Inserted::Now {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(row.name))
        .col_expr(Column::AuthMethod, Expr::value(row.auth_method))
        .col_expr(Column::RedirectUris, Expr::value(row.redirect_uris))
        .col_expr(Column::GrantTypes, Expr::value(row.grant_types))
        .col_expr(Column::ClientUri, Expr::value(row.client_uri))
        .col_expr(Column::Keys, Expr::value(row.keys))
        // One that was removed comes back with its document, without what was granted to it.
        .col_expr(Column::RemovedAt, Expr::value(Option::<i64>::None))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Origin.eq(ClientOrigin::Document.as_str()))
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}
