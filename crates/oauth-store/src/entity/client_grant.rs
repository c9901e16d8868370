//! Clients' own grants. `open_for` is the client's identifier while the grant is open.

use loop_oauth::{client::ClientId, client_grant::ClientGrant, grant::GrantId, store::StoreError};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("client grant");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_grants")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) open_for: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) revoke_reason: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::client::Entity",
        from = "Column::ClientId",
        to = "super::client::Column::Id"
    )]
    Client,
}

impl Related<super::client::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Client.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for ClientGrant {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: GrantId(ROW.uuid(&row.id)?),
            client: ClientId(row.client_id),
            created_at: ROW.time(row.created_at)?,
            revoked_at: ROW.time_opt(row.revoked_at)?,
        })
    }
}

impl From<&ClientGrant> for Model {
    fn from(grant: &ClientGrant) -> Self {
        Self {
            id: grant.id.to_string(),
            client_id: grant.client.0.clone(),
            open_for: grant.revoked_at.is_none().then(|| grant.client.0.clone()),
            created_at: millis(grant.created_at),
            revoked_at: grant.revoked_at.map(millis),
            revoke_reason: None,
        }
    }
}
