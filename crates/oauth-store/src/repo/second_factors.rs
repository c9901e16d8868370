//! Authenticator apps, recovery codes, and logins between their steps.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    second_step::{LoginStep, Totp},
    secret::SecretHash,
    store::{Inserted, SecondFactors, StoreError, Updated},
    user::{User, UserId},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{insert, insert_new, login_steps, only, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        login_step,
        recovery_code::{Column as CodeColumn, Entity as Codes, Model as CodeRow},
        totp::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl SecondFactors for SqlStore {
    async fn totp(&self, user: UserId) -> Result<Option<Totp>, StoreError> {
        let row = Entity::find_by_id(user.to_string())
            .all(self.readers())
            .await
            .map(only)
            .map_err(unread("totp"))?;
        row.map(Totp::try_from).transpose()
    }

    async fn totps(&self) -> Result<Vec<Totp>, StoreError> {
        let rows = Entity::find().all(self.readers()).await;
        let rows = rows.map_err(unread("totp"))?;
        rows.into_iter().map(Totp::try_from).collect()
    }

    #[tracing::instrument(name = "store.reseal_totp", skip_all, fields(user = %before.user))]
    async fn reseal_totp(
        &self,
        before: &Totp,
        after: &SecretString,
    ) -> Result<Updated, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Sealed, Expr::value(after.expose_secret()))
            .filter(Column::UserId.eq(before.user.to_string()))
            .filter(Column::Sealed.eq(before.sealed.expose_secret()));
        self.write(move |tx| {
            Box::pin(async move {
                let done = update.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.begin_totp", skip_all, fields(user = %totp.user))]
    async fn begin_totp(&self, totp: &Totp) -> Result<Inserted, StoreError> {
        let row = Model::from(totp);
        self.write(move |tx| Box::pin(begin(tx, row))).await
    }

    #[tracing::instrument(name = "store.confirm_totp", skip_all, fields(user = %totp.user))]
    async fn confirm_totp(
        &self,
        totp: &Totp,
        step: i64,
        now: DateTime<Utc>,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError> {
        let (totp, codes) = (totp.clone(), codes.to_vec());
        self.write(move |tx| Box::pin(confirm(tx, totp, step, now, codes)))
            .await
    }

    #[tracing::instrument(name = "store.use_totp_step", skip_all, fields(%user))]
    async fn use_totp_step(&self, user: UserId, step: i64) -> Result<Updated, StoreError> {
        self.write(move |tx| Box::pin(use_step(tx, user, step)))
            .await
    }

    #[tracing::instrument(name = "store.remove_totp", skip_all, fields(%user))]
    async fn remove_totp(&self, user: UserId) -> Result<Updated, StoreError> {
        self.write(move |tx| Box::pin(forget(tx, user))).await
    }

    #[tracing::instrument(name = "store.use_recovery_code", skip_all, fields(%user))]
    async fn use_recovery_code(
        &self,
        user: UserId,
        hash: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let hash = *hash;
        self.write(move |tx| Box::pin(use_code(tx, user, hash, now)))
            .await
    }

    async fn recovery_codes_left(&self, user: UserId) -> Result<u64, StoreError> {
        Codes::find()
            .filter(CodeColumn::UserId.eq(user.to_string()))
            .filter(CodeColumn::UsedAt.is_null())
            .count(self.readers())
            .await
            .map_err(failed)
    }

    #[tracing::instrument(name = "store.replace_recovery_codes", skip_all, fields(%user))]
    async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: &[SecretHash],
    ) -> Result<Updated, StoreError> {
        let codes = codes.to_vec();
        self.write(move |tx| {
            Box::pin(async move {
                let app = Entity::find_by_id(user.to_string())
                    .lock_exclusive()
                    .all(tx)
                    .await
                    .map(only)
                    .map_err(unread("totp"))?;
                if app.is_none_or(|app| app.confirmed_at.is_none()) {
                    return Ok(Updated::NotFound);
                }
                store_codes(tx, user, &codes).await?;
                Ok(Updated::Now)
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.add_login_step", skip_all, fields(user = %step.user))]
    async fn add_login_step(&self, step: &LoginStep) -> Result<(), StoreError> {
        let row = login_step::Model::from(step);
        self.write(move |tx| Box::pin(insert(tx, row))).await
    }

    async fn login_step(&self, hash: &SecretHash) -> Result<Option<(LoginStep, User)>, StoreError> {
        login_steps::find(self.readers(), hash).await
    }

    #[tracing::instrument(name = "store.try_login_step", skip_all)]
    async fn try_login_step(&self, hash: &SecretHash, most: u32) -> Result<Updated, StoreError> {
        let hash = *hash;
        self.write(move |tx| Box::pin(login_steps::count_try(tx, hash, most)))
            .await
    }

    #[tracing::instrument(name = "store.take_login_step", skip_all)]
    async fn take_login_step(&self, hash: &SecretHash) -> Result<Updated, StoreError> {
        let hash = *hash;
        self.write(move |tx| Box::pin(login_steps::take(tx, hash)))
            .await
    }
}

/// App and recovery codes.
pub(super) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<Updated, StoreError> {
    forget_codes(tx, user).await?;
    let gone = Entity::delete_by_id(user.to_string()).exec(tx).await;
    Ok(updated(gone.map_err(failed)?.rows_affected))
}

/// An app that waits goes first; one that counts stays, and the new row meets it.
async fn begin(tx: &DatabaseTransaction, row: Model) -> Result<Inserted, StoreError> {
    Entity::delete_many()
        .filter(Column::UserId.eq(row.user_id.as_str()))
        .filter(Column::ConfirmedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    insert_new(tx, row).await
}

async fn confirm(
    tx: &DatabaseTransaction,
    totp: Totp,
    step: i64,
    now: DateTime<Utc>,
    codes: Vec<SecretHash>,
) -> Result<Updated, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::ConfirmedAt, Expr::value(millis(now)))
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::UserId.eq(totp.user.to_string()))
        .filter(Column::Sealed.eq(totp.sealed.expose_secret()))
        .filter(Column::ConfirmedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    if done.rows_affected == 1 {
        store_codes(tx, totp.user, &codes).await?;
    }
    Ok(updated(done.rows_affected))
}

async fn use_step(
    tx: &DatabaseTransaction,
    user: UserId,
    step: i64,
) -> Result<Updated, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::UserId.eq(user.to_string()))
        .filter(Column::ConfirmedAt.is_not_null())
        .filter(Column::LastStep.lt(step))
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(done.rows_affected))
}

async fn use_code(
    tx: &DatabaseTransaction,
    user: UserId,
    hash: SecretHash,
    now: DateTime<Utc>,
) -> Result<Updated, StoreError> {
    let done = Codes::update_many()
        .col_expr(CodeColumn::UsedAt, Expr::value(millis(now)))
        .filter(CodeColumn::Hash.eq(hash.to_hex()))
        .filter(CodeColumn::UserId.eq(user.to_string()))
        .filter(CodeColumn::UsedAt.is_null())
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(done.rows_affected))
}

async fn store_codes(
    tx: &DatabaseTransaction,
    user: UserId,
    codes: &[SecretHash],
) -> Result<(), StoreError> {
    forget_codes(tx, user).await?;
    for hash in codes {
        insert(tx, CodeRow::new(user, hash)).await?;
    }
    Ok(())
}

async fn forget_codes(tx: &DatabaseTransaction, user: UserId) -> Result<(), StoreError> {
    let theirs = Codes::delete_many().filter(CodeColumn::UserId.eq(user.to_string()));
    theirs.exec(tx).await.map_err(failed).map(drop)
}
