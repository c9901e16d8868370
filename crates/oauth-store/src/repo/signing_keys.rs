//! Signing keys.

use async_trait::async_trait;
use loop_oauth::{
    key::SigningKey,
    store::{Inserted, SigningKeys, StoreError},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _, QueryOrder as _, QuerySelect as _};

use super::{insert_new, take_turn};
use crate::{
    SqlStore,
    entity::{
        guard,
        signing_key::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl SigningKeys for SqlStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let rows = Entity::find()
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Kid)
            .all(self.readers())
            .await
            .map_err(unread("signing key"))?;
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
}
