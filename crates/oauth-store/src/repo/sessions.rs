//! Browser sessions.

use async_trait::async_trait;
use loop_oauth::{
    secret::SecretHash,
    session::Session,
    store::{Sessions, StoreError},
    user::User,
};
use sea_orm::EntityTrait as _;

use super::{insert, logouts, only};
use crate::{
    SqlStore,
    entity::{
        session::{Entity, Model, ROW},
        user,
    },
    error::{failed, unread},
};

#[async_trait]
impl Sessions for SqlStore {
    async fn session(&self, hash: &SecretHash) -> Result<Option<(Session, User)>, StoreError> {
        let found = Entity::find_by_id(hash.to_hex())
            .find_also_related(user::Entity)
            .all(self.readers())
            .await
            .map(only)
            .map_err(unread("session"))?;
        let Some((session, user)) = found else {
            return Ok(None);
        };
        let user = user.ok_or(ROW.corrupt())?;
        Ok(Some((session.try_into()?, user.try_into()?)))
    }

    #[tracing::instrument(name = "store.add_session", skip_all, fields(user = %session.user))]
    async fn add_session(&self, session: &Session) -> Result<(), StoreError> {
        let row = Model::from(session);
        self.write(move |tx| Box::pin(insert(tx, row))).await
    }

    #[tracing::instrument(name = "store.end_session", skip_all)]
    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        let hash = hash.to_hex();
        self.write(move |tx| {
            Box::pin(async move {
                logouts::tell_of_session(tx, &hash).await?;
                let ended = Entity::delete_by_id(hash).exec(tx).await;
                ended.map_err(failed).map(drop)
            })
        })
        .await
    }
}
