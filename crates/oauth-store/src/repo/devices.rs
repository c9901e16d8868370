//! Requests of devices. Whatever happens once is an update that names the state it expects.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::Client,
    device::{DeviceAuthorization, DeviceState},
    grant::Grant,
    refresh::RefreshToken,
    secret::SecretHash,
    store::{DeviceContext, Devices, Grants as _, Inserted, Redeemed, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::Expr,
};

use super::{client_admin::mark_used, grants::is_open, insert, insert_new, updated};
use crate::{
    SqlStore,
    entity::{
        client,
        column::millis,
        device::{ALLOWED, Column, DENIED, Entity, Model, PENDING, ROW, USED},
        grant, refresh_token,
    },
    error::{failed, unread},
};

#[async_trait]
impl Devices for SqlStore {
    #[tracing::instrument(name = "store.add_device", skip_all)]
    async fn add_device(&self, new: &DeviceAuthorization) -> Result<Inserted, StoreError> {
        let row = Model::from(new);
        self.write(move |tx| Box::pin(insert_new(tx, row))).await
    }

    async fn device_by_user_code(
        &self,
        code: &SecretHash,
    ) -> Result<Option<(DeviceAuthorization, Client)>, StoreError> {
        let found = Entity::find()
            .filter(Column::UserCode.eq(code.to_hex()))
            .find_also_related(client::Entity)
            .one(self.readers())
            .await
            .map_err(unread("device authorization"))?;
        let Some((device, client)) = found else {
            return Ok(None);
        };
        let client = client.ok_or(ROW.corrupt())?;
        if client.removed_at.is_some() {
            return Ok(None);
        }
        Ok(Some((device.try_into()?, client.try_into()?)))
    }

    async fn device(&self, code: &SecretHash) -> Result<Option<DeviceContext>, StoreError> {
        let found = Entity::find_by_id(code.to_hex())
            .one(self.readers())
            .await
            .map_err(unread("device authorization"))?;
        let Some(row) = found else { return Ok(None) };
        let authorization = DeviceAuthorization::try_from(row)?;
        let granted = match authorization.state {
            DeviceState::Allowed(grant) => self.grant_with_user(grant).await?,
            DeviceState::Pending | DeviceState::Denied | DeviceState::Used(_) => None,
        };
        Ok(Some(DeviceContext {
            authorization,
            granted,
        }))
    }

    #[tracing::instrument(name = "store.note_poll", skip_all)]
    async fn note_poll(
        &self,
        seen: &DeviceAuthorization,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let as_seen = match seen.polled_at {
            Some(polled) => Column::PolledAt.eq(millis(polled)),
            None => Column::PolledAt.is_null(),
        };
        let noted = Entity::update_many()
            .col_expr(Column::PolledAt, Expr::value(millis(now)))
            .filter(Column::Hash.eq(seen.hash.to_hex()))
            .filter(as_seen);
        self.write(move |tx| {
            Box::pin(async move {
                let done = noted.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.slow_device", skip_all, fields(interval))]
    async fn slow_device(&self, code: &SecretHash, interval: i64) -> Result<(), StoreError> {
        let slower = Entity::update_many()
            .col_expr(Column::PollInterval, Expr::value(interval))
            .filter(Column::Hash.eq(code.to_hex()))
            .filter(Column::PollInterval.lt(interval));
        self.write(move |tx| {
            Box::pin(async move { slower.exec(tx).await.map_err(failed).map(drop) })
        })
        .await
    }

    #[tracing::instrument(name = "store.allow_device", skip_all, fields(grant = %grant.id))]
    async fn allow_device(&self, code: &SecretHash, grant: &Grant) -> Result<Updated, StoreError> {
        let (code, grant) = (*code, grant::Model::from(grant));
        self.write(move |tx| Box::pin(allow(tx, code, grant))).await
    }

    #[tracing::instrument(name = "store.deny_device", skip_all)]
    async fn deny_device(
        &self,
        code: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let code = *code;
        self.write(move |tx| Box::pin(answer(tx, code, DENIED, None, millis(now))))
            .await
    }

    #[tracing::instrument(name = "store.redeem_device", skip_all)]
    async fn redeem_device(
        &self,
        code: &SecretHash,
        first: Option<&RefreshToken>,
    ) -> Result<Redeemed, StoreError> {
        let (code, first) = (*code, first.cloned());
        self.write(move |tx| Box::pin(redeem(tx, code, first)))
            .await
    }
}

/// Moves a request that waits and is not too old to a person's answer.
async fn answer(
    tx: &DatabaseTransaction,
    code: SecretHash,
    to: &'static str,
    grant: Option<String>,
    now: i64,
) -> Result<Updated, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .col_expr(Column::GrantId, Expr::value(grant))
        .filter(Column::Hash.eq(code.to_hex()))
        .filter(Column::State.eq(PENDING))
        .filter(Column::ExpiresAt.gt(now))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(done.rows_affected))
}

async fn allow(
    tx: &DatabaseTransaction,
    code: SecretHash,
    grant: grant::Model,
) -> Result<Updated, StoreError> {
    // Whoever removes the client waits until this is over, and then ends the grant as well.
    let client = client::Entity::find_by_id(grant.client_id.as_str())
        .lock_exclusive()
        .one(tx)
        .await
        .map_err(unread("client"))?;
    if client.is_none_or(|client| client.removed_at.is_some()) {
        return Ok(Updated::NotFound);
    }
    let at = grant.created_at;
    if answer(tx, code, ALLOWED, Some(grant.id.clone()), at).await? == Updated::NotFound {
        return Ok(Updated::NotFound);
    }
    mark_used(tx, &grant.client_id, at).await?;
    insert(tx, grant).await?;
    Ok(Updated::Now)
}

async fn redeem(
    tx: &DatabaseTransaction,
    code: SecretHash,
    first: Option<RefreshToken>,
) -> Result<Redeemed, StoreError> {
    let found = Entity::find_by_id(code.to_hex())
        .one(tx)
        .await
        .map_err(unread("device authorization"))?;
    let Some(grant) = found.and_then(|row| row.grant_id) else {
        return Ok(Redeemed::Gone);
    };
    if !is_open(tx, &grant).await? {
        return Ok(Redeemed::Gone);
    }
    let strange = |first: &RefreshToken| first.grant.to_string() != grant;
    if first.as_ref().is_some_and(strange) {
        let wrong = "a refresh token is not of its device's grant";
        return Err(StoreError::Failed(wrong.to_owned()));
    }
    // The state may have changed since it was read, so the write decides.
    let won = Entity::update_many()
        .col_expr(Column::State, Expr::value(USED))
        .filter(Column::Hash.eq(code.to_hex()))
        .filter(Column::State.eq(ALLOWED))
        .exec(tx)
        .await
        .map_err(failed)?;
    if won.rows_affected == 0 {
        return Ok(Redeemed::AlreadyUsed);
    }
    if let Some(first) = first {
        insert(tx, refresh_token::Model::from(&first)).await?;
    }
    Ok(Redeemed::Now)
}
