//! Clients' own grants.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::{Client, ClientId},
    client_grant::ClientGrant,
    grant::{GrantId, RevokeReason},
    store::{ClientGrants, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
    sea_query::{Expr, SimpleExpr},
};

use super::{client_admin::mark_used, insert_new, is_one_of, only, updated};
use crate::{
    SqlStore,
    entity::{
        client,
        client_grant::{Column, Entity, Model, ROW},
        column::millis,
    },
    error::{failed, unread},
    gather::Found,
    reader::Reader,
};

#[async_trait]
impl ClientGrants for SqlStore {
    async fn open_client_grant(
        &self,
        client: &ClientId,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        let look_up = |clients| find_open(self.readers(), clients);
        let asked = self.gathers().client_grants.ask(client.0.clone(), look_up);
        asked.await
    }

    #[tracing::instrument(name = "store.add_client_grant", skip_all, fields(grant = %grant.id))]
    async fn add_client_grant(
        &self,
        grant: &ClientGrant,
    ) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        let row = Model::from(grant);
        self.write(move |tx| Box::pin(add(tx, row))).await
    }

    async fn client_grant(&self, id: GrantId) -> Result<Option<(ClientGrant, Client)>, StoreError> {
        find(self.readers(), Column::Id.eq(id.to_string())).await
    }
}

/// Those of the clients' open grants that are there, with their clients, in one statement.
async fn find_open(
    db: &Reader,
    clients: Vec<String>,
) -> Result<Found<String, (ClientGrant, Client)>, StoreError> {
    let found = Entity::find()
        .filter(is_one_of(
            Column::OpenFor,
            clients.into_iter().filter(|id| !id.contains('\0')),
        ))
        .find_also_related(client::Entity)
        .all(db)
        .await
        .map_err(unread("client grant"))?;
    let read = |(grant, client): (Model, Option<client::Model>)| {
        let id = grant.client_id.clone();
        Some((id, with_client(grant, client).transpose()?))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

/// `None` when the client is removed.
fn with_client(
    grant: Model,
    client: Option<client::Model>,
) -> Result<Option<(ClientGrant, Client)>, StoreError> {
    let client = client.ok_or(ROW.corrupt())?;
    if client.removed_at.is_some() {
        return Ok(None);
    }
    Ok(Some((grant.try_into()?, client.try_into()?)))
}

/// The grant with its client, in one statement.
async fn find(
    db: &impl ConnectionTrait,
    which: SimpleExpr,
) -> Result<Option<(ClientGrant, Client)>, StoreError> {
    let found = Entity::find()
        .filter(which)
        .find_also_related(client::Entity)
        .all(db)
        .await
        .map(only)
        .map_err(unread("client grant"))?;
    found.map_or(Ok(None), |(grant, client)| with_client(grant, client))
}

async fn add(
    tx: &DatabaseTransaction,
    row: Model,
) -> Result<Option<(ClientGrant, Client)>, StoreError> {
    let id = row.client_id.clone();
    // Whoever removes or changes the client waits until this is over.
    let client = client::Entity::find_by_id(id.as_str())
        .lock_exclusive()
        .all(tx)
        .await
        .map(only)
        .map_err(unread("client"))?;
    if client.is_none_or(|client| client.removed_at.is_some()) {
        return Ok(None);
    }
    mark_used(tx, &id, row.created_at).await?;
    insert_new(tx, row).await?;
    find(tx, Column::OpenFor.eq(id)).await
}

pub(super) async fn revoke_one(
    tx: &DatabaseTransaction,
    id: GrantId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<Updated, StoreError> {
    let it = Column::Id.eq(id.to_string());
    Ok(updated(revoke(tx, it, reason, now).await?))
}

pub(super) async fn revoke_of(
    tx: &DatabaseTransaction,
    client: &ClientId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    revoke(tx, Column::ClientId.eq(client.0.as_str()), reason, now).await
}

async fn revoke(
    tx: &DatabaseTransaction,
    which: SimpleExpr,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let revoked = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(millis(now)))
        .col_expr(Column::RevokeReason, Expr::value(reason.as_str()))
        .col_expr(Column::OpenFor, Expr::value(Option::<String>::None))
        .filter(which)
        .filter(Column::RevokedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(revoked.rows_affected)
}
