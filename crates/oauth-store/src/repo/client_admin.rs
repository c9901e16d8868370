//! Changing and removing clients.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::{Client, ClientId},
    grant::RevokeReason,
    store::{Changed, ClientAdmin, StoreError},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, sea_query::Expr,
};

use super::{grants::revoke_of_client, lock_client};
use crate::{
    SqlStore,
    entity::{
        client::{Column, Entity, Model},
        column::millis,
        consent,
    },
    error::failed,
};

#[async_trait]
impl ClientAdmin for SqlStore {
    #[tracing::instrument(name = "store.change_client", skip_all, fields(client = %before.id))]
    async fn change_client(
        &self,
        before: &Client,
        after: &Client,
        ends: Option<(RevokeReason, DateTime<Utc>)>,
    ) -> Result<Changed, StoreError> {
        let (before, after) = (Model::from(before), Model::from(after));
        self.write(move |tx| Box::pin(change(tx, before, after, ends)))
            .await
    }

    #[tracing::instrument(name = "store.remove_client", skip_all, fields(client = %id, reason = reason.as_str()))]
    async fn remove_client(
        &self,
        id: &ClientId,
        reason: RevokeReason,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        let id = id.clone();
        self.write(move |tx| Box::pin(remove(tx, id, reason, now)))
            .await
    }
}

/// Notes that the client was used, if it was not before: such a client is never swept.
pub(super) async fn mark_used(
    tx: &DatabaseTransaction,
    id: &str,
    at: i64,
) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::FirstLoginAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::FirstLoginAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}

async fn change(
    tx: &DatabaseTransaction,
    before: Model,
    after: Model,
    ends: Option<(RevokeReason, DateTime<Utc>)>,
) -> Result<Changed, StoreError> {
    lock_client(tx, &before.id).await?;
    let same_scope = match before.scope {
        Some(scope) => Column::Scope.eq(scope),
        None => Column::Scope.is_null(),
    };
    let done = Entity::update_many()
        .col_expr(Column::Name, Expr::value(after.name))
        .col_expr(Column::AuthMethod, Expr::value(after.auth_method))
        .col_expr(Column::RedirectUris, Expr::value(after.redirect_uris))
        .col_expr(Column::GrantTypes, Expr::value(after.grant_types))
        .col_expr(Column::Scope, Expr::value(after.scope))
        .col_expr(Column::ClientUri, Expr::value(after.client_uri))
        .col_expr(Column::Logout, Expr::value(after.logout))
        .col_expr(Column::Pkce, Expr::value(after.pkce))
        .col_expr(Column::Keys, Expr::value(after.keys))
        .col_expr(Column::RequirePushed, Expr::value(after.require_pushed))
        .col_expr(Column::RequireDpop, Expr::value(after.require_dpop))
        .filter(Column::Id.eq(before.id.as_str()))
        .filter(Column::GrantTypes.eq(before.grant_types))
        .filter(same_scope)
        .filter(Column::RemovedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    if done.rows_affected == 0 {
        return Ok(Changed::NotFound);
    }
    let ended = match ends {
        Some((reason, now)) => revoke_of_client(tx, ClientId(before.id), reason, now).await?,
        None => 0,
    };
    Ok(Changed::Now(ended))
}

/// The row stays for as long as grants hang on it; without its metadata's hash, an equal registration makes a new client.
pub(super) async fn remove(
    tx: &DatabaseTransaction,
    id: ClientId,
    reason: RevokeReason,
    now: DateTime<Utc>,
) -> Result<Changed, StoreError> {
    lock_client(tx, &id.0).await?;
    let nothing = || Expr::value(Option::<String>::None);
    let done = Entity::update_many()
        .col_expr(Column::RemovedAt, Expr::value(millis(now)))
        .col_expr(Column::MetadataHash, nothing())
        .col_expr(Column::ManagementHash, nothing())
        .filter(Column::Id.eq(id.0.as_str()))
        .filter(Column::RemovedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    if done.rows_affected == 0 {
        return Ok(Changed::NotFound);
    }
    consent::Entity::delete_many()
        .filter(consent::Column::ClientId.eq(id.0.as_str()))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(Changed::Now(revoke_of_client(tx, id, reason, now).await?))
}
