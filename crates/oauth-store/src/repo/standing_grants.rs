//! What a client has of a person already.

use async_trait::async_trait;
use loop_oauth::{
    client::ClientId,
    grant::Grant,
    store::{StandingGrants, StoreError},
    user::UserId,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::at_most;
use crate::{
    SqlStore,
    entity::grant::{Column, Entity},
    error::unread,
};

#[async_trait]
impl StandingGrants for SqlStore {
    async fn standing_grants(
        &self,
        user: UserId,
        client: &ClientId,
        limit: u64,
    ) -> Result<Vec<Grant>, StoreError> {
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.to_string()))
            .filter(Column::ClientId.eq(client.0.as_str()))
            .filter(Column::RevokedAt.is_null())
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("grant"))?;
        rows.into_iter().map(Grant::try_from).collect()
    }
}
