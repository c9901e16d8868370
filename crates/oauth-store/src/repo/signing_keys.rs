//! Signing keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    key::SigningKey,
    store::{Inserted, SigningKeys, StoreError, Updated},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{insert_new, take_turn, updated};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        guard,
        signing_key::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl SigningKeys for SqlStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut rows = Entity::find()
            .all(self.readers())
            .await
            .map_err(unread("signing key"))?;
        rows.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        rows.into_iter().map(SigningKey::try_from).collect()
    }

    #[tracing::instrument(name = "store.add_first_key", skip_all, fields(kid = %key.kid))]
    async fn add_first_key(&self, key: &SigningKey) -> Result<Inserted, StoreError> {
        let row = Model::from(key);
        self.write(move |tx| {
            Box::pin(async move {
                take_turn(tx, guard::SIGNING_KEYS).await?;
                let any = Entity::find().limit(1).count(tx).await.map_err(failed)?;
                if any > 0 {
                    return Ok(Inserted::AlreadyThere);
                }
                insert_new(tx, row).await
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.add_next_key", skip_all, fields(kid = %key.kid, after))]
    async fn add_next_key(&self, key: &SigningKey, after: &str) -> Result<Inserted, StoreError> {
        let (row, after) = (Model::from(key), after.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                take_turn(tx, guard::SIGNING_KEYS).await?;
                // Compared here: engines may sort text by a language's rules.
                let turns: Vec<(i64, String)> = Entity::find()
                    .select_only()
                    .columns([Column::SignsFrom, Column::Kid])
                    .into_tuple()
                    .all(tx)
                    .await
                    .map_err(unread("signing key"))?;
                let newest = turns.into_iter().max();
                if !newest.is_some_and(|(from, kid)| kid == after && from < row.signs_from) {
                    return Ok(Inserted::AlreadyThere);
                }
                insert_new(tx, row).await
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.advance_key", skip_all, fields(kid))]
    async fn advance_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError> {
        let (kid, at) = (kid.to_owned(), millis(at));
        self.write(move |tx| {
            Box::pin(async move {
                take_turn(tx, guard::SIGNING_KEYS).await?;
                let later = Entity::find()
                    .filter(Column::Kid.ne(&kid))
                    .filter(Column::SignsFrom.gte(at));
                if later.limit(1).count(tx).await.map_err(failed)? > 0 {
                    return Ok(Updated::NotFound);
                }
                let update = Entity::update_many()
                    .col_expr(Column::SignsFrom, Expr::value(at))
                    .filter(Column::Kid.eq(kid))
                    .filter(Column::SignsFrom.gt(at));
                let done = update.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.retire_key", skip_all, fields(kid))]
    async fn retire_key(&self, kid: &str, at: DateTime<Utc>) -> Result<Updated, StoreError> {
        let (kid, at) = (kid.to_owned(), millis(at));
        self.write(move |tx| {
            Box::pin(async move {
                let update = Entity::update_many()
                    .col_expr(Column::RetiredAt, Expr::value(at))
                    .filter(Column::Kid.eq(kid))
                    .filter(Column::RetiredAt.is_null());
                let done = update.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.reseal_key", skip_all, fields(kid))]
    async fn reseal_key(
        &self,
        kid: &str,
        before: &SecretString,
        after: &SecretString,
    ) -> Result<Updated, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Private, Expr::value(after.expose_secret()))
            .filter(Column::Kid.eq(kid))
            .filter(Column::Private.eq(before.expose_secret()));
        self.write(move |tx| {
            Box::pin(async move {
                let done = update.exec(tx).await.map_err(failed)?;
                Ok(updated(done.rows_affected))
            })
        })
        .await
    }

    #[tracing::instrument(name = "store.delete_keys", level = "debug", skip_all, fields(deleted))]
    async fn delete_keys(&self, retired_before: DateTime<Utc>) -> Result<u64, StoreError> {
        let limit = millis(retired_before);
        let deleted = self
            .write(move |tx| {
                Box::pin(async move {
                    let delete = Entity::delete_many().filter(Column::RetiredAt.lt(limit));
                    let done = delete.exec(tx).await.map_err(failed)?;
                    Ok(done.rows_affected)
                })
            })
            .await?;
        tracing::Span::current().record("deleted", deleted);
        Ok(deleted)
    }
}
