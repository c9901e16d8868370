//! Passkeys, and challenges that wait for their answers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    passkey::{Ceremony, Passkey},
    secret::SecretHash,
    store::{Inserted, Passkeys, StoreError, Updated},
    user::{User, UserId},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, sea_query::Expr,
};

use super::{insert, insert_new, is_one_of, only, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        passkey::{Column, Entity, Model, ROW},
        passkey_ceremony as ceremony, user,
    },
    error::{failed, unread},
};

#[async_trait]
impl Passkeys for SqlStore {
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.to_string()))
            .all(self.readers())
            .await
            .map_err(unread("passkey"))?;
        let all: Result<Vec<Passkey>, _> = rows.into_iter().map(Passkey::try_from).collect();
        let mut all = all?;
        all.sort_by_key(|key| key.created_at);
        Ok(all)
    }

    async fn passkey(&self, id: &str) -> Result<Option<(Passkey, User)>, StoreError> {
        let found = Entity::find_by_id(id)
            .find_also_related(user::Entity)
            .all(self.readers())
            .await
            .map(only)
            .map_err(unread("passkey"))?;
        let Some((passkey, user)) = found else {
            return Ok(None);
        };
        let user = user.ok_or(ROW.corrupt())?;
        Ok(Some((passkey.try_into()?, user.try_into()?)))
    }

    #[tracing::instrument(name = "store.add_passkey", skip_all, fields(user = %passkey.user))]
    async fn add_passkey(&self, passkey: &Passkey, most: u64) -> Result<Inserted, StoreError> {
        let row = Model::from(passkey);
        self.write(move |tx| Box::pin(add(tx, row, most))).await
    }

    #[tracing::instrument(name = "store.use_passkey", skip_all, fields(user = %before.user))]
    async fn use_passkey(
        &self,
        before: &Passkey,
        after: &str,
        now: DateTime<Utc>,
    ) -> Result<Updated, StoreError> {
        let (before, after) = (Model::from(before), after.to_owned());
        self.write(move |tx| Box::pin(note_use(tx, before, after, now)))
            .await
    }

    #[tracing::instrument(name = "store.remove_passkey", skip_all, fields(%user))]
    async fn remove_passkey(&self, user: UserId, id: &str) -> Result<Updated, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                let gone = Entity::delete_many()
                    .filter(Column::Id.eq(id))
                    .filter(Column::UserId.eq(user.to_string()))
                    .exec(tx)
                    .await
                    .map_err(failed)?;
                Ok(updated(gone.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.add_ceremony", level = "debug", skip_all)]
    async fn add_ceremony(&self, new: &Ceremony) -> Result<(), StoreError> {
        let row = ceremony::Model::from(new);
        self.write(move |tx| Box::pin(insert(tx, row))).await
    }

    #[tracing::instrument(name = "store.take_ceremony", level = "debug", skip_all)]
    async fn take_ceremony(&self, hash: &SecretHash) -> Result<Option<Ceremony>, StoreError> {
        let hash = hash.to_hex();
        self.write(move |tx| Box::pin(take(tx, hash))).await
    }
}

/// The user's row is locked, so that two at once do not exceed what one may have.
async fn add(tx: &DatabaseTransaction, row: Model, most: u64) -> Result<Inserted, StoreError> {
    user::Entity::find_by_id(row.user_id.as_str())
        .lock_exclusive()
        .all(tx)
        .await
        .map_err(unread("user"))?;
    let theirs: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(row.user_id.as_str()))
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("passkey"))?;
    if u64::try_from(theirs.len()).is_ok_and(|count| count >= most) {
        return Ok(Inserted::AlreadyThere);
    }
    insert_new(tx, row).await
}

async fn note_use(
    tx: &DatabaseTransaction,
    before: Model,
    after: String,
    now: DateTime<Utc>,
) -> Result<Updated, StoreError> {
    let same_use = match before.used_at {
        Some(at) => Column::UsedAt.eq(at),
        None => Column::UsedAt.is_null(),
    };
    let done = Entity::update_many()
        .col_expr(Column::Credential, Expr::value(after))
        .col_expr(Column::UsedAt, Expr::value(millis(now)))
        .filter(Column::Id.eq(before.id))
        .filter(Column::Credential.eq(before.credential))
        .filter(same_use)
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(updated(done.rows_affected))
}

/// Whoever deletes the row has it.
async fn take(tx: &DatabaseTransaction, hash: String) -> Result<Option<Ceremony>, StoreError> {
    let found = ceremony::Entity::find_by_id(hash.as_str())
        .all(tx)
        .await
        .map(only)
        .map_err(unread("passkey ceremony"))?;
    let Some(row) = found else {
        return Ok(None);
    };
    let gone = ceremony::Entity::delete_by_id(hash).exec(tx).await;
    if gone.map_err(failed)?.rows_affected == 0 {
        return Ok(None);
    }
    row.try_into().map(Some)
}

/// Forgets every key of a user, and the challenges for new ones.
pub(super) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<(), StoreError> {
    let id = user.to_string();
    let keys = Entity::delete_many().filter(Column::UserId.eq(id.as_str()));
    keys.exec(tx).await.map_err(failed)?;
    let waiting = ceremony::Entity::delete_many().filter(ceremony::Column::UserId.eq(id));
    waiting.exec(tx).await.map_err(failed)?;
    Ok(())
}

/// Forgets challenges that waited for too long, the oldest first.
pub(super) async fn sweep(
    tx: &DatabaseTransaction,
    now: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let old: Vec<String> = ceremony::Entity::find()
        .select_only()
        .column(ceremony::Column::Hash)
        .filter(ceremony::Column::ExpiresAt.lte(now))
        .order_by_asc(ceremony::Column::ExpiresAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("passkey ceremony"))?;
    if old.is_empty() {
        return Ok(0);
    }
    let gone = ceremony::Entity::delete_many().filter(is_one_of(ceremony::Column::Hash, old));
    Ok(gone.exec(tx).await.map_err(failed)?.rows_affected)
}
