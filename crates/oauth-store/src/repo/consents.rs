//! Remembered consents.

use async_trait::async_trait;
use loop_oauth::{
    client::ClientId,
    consent::Consent,
    store::{Consents, Inserted, StoreError},
    user::UserId,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QuerySelect as _,
};

use super::{insert, insert_new};
use crate::{
    SqlStore,
    entity::consent::{Entity, Model, ROW},
    error::{failed, unread},
};

#[async_trait]
impl Consents for SqlStore {
    async fn consent(
        &self,
        user: UserId,
        client: &ClientId,
        resource: &str,
    ) -> Result<Option<Consent>, StoreError> {
        let key = (user.to_string(), client.0.clone(), resource.to_owned());
        let row = Entity::find_by_id(key)
            .one(self.readers())
            .await
            .map_err(unread("consent"))?;
        row.map(Consent::try_from).transpose()
    }

    #[tracing::instrument(name = "store.remember_consent", skip_all, fields(user = %consent.user, client = %consent.client))]
    async fn remember_consent(&self, consent: &Consent) -> Result<(), StoreError> {
        let given = consent.clone();
        self.write(move |tx| Box::pin(remember(tx, given))).await
    }
}

async fn remember(tx: &DatabaseTransaction, given: Consent) -> Result<(), StoreError> {
    let row = Model::from(&given);
    if insert_new(tx, row.clone()).await? == Inserted::Now {
        return Ok(());
    }
    let key = (
        row.user_id.clone(),
        row.client_id.clone(),
        row.resource.clone(),
    );
    let before = Entity::find_by_id(key)
        .lock_exclusive()
        .one(tx)
        .await
        .map_err(unread("consent"))?;
    let Some(before) = before else {
        return insert(tx, row).await; // it was withdrawn in between
    };
    let scopes = ROW.scopes(&before.scopes)?.union(given.scopes);
    let mut after = before.into_active_model();
    after.scopes = ActiveValue::Set(scopes.to_string());
    after.given_at = ActiveValue::Set(row.given_at);
    after.update(tx).await.map_err(failed).map(drop)
}
