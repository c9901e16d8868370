//! Grants. `revoke_reason` is for whoever reads the table after an incident.

use loop_oauth::{
    client::ClientId,
    grant::{Grant, GrantId, RotationKey},
    secret::SecretHash,
    store::StoreError,
    user::UserId,
};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("grant");

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) client_id: String,
    pub(crate) resource: String,
    pub(crate) scopes: String,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) revoke_reason: Option<String>,
    pub(crate) rotation_key: String,
    /// A JSON array; absent when there are none.
    pub(crate) more_resources: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Grant")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl TryFrom<Model> for Grant {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: GrantId(ROW.uuid(&row.id)?),
            user: UserId(ROW.uuid(&row.user_id)?),
            client: ClientId(row.client_id),
            resource: row.resource,
            more_resources: row
                .more_resources
                .map_or(Ok(Vec::new()), |list| serde_json::from_str(&list))
                .map_err(|_| ROW.corrupt())?,
            scopes: ROW.scopes(&row.scopes)?,
            created_at: ROW.time(row.created_at)?,
            revoked_at: ROW.time_opt(row.revoked_at)?,
            rotation_key: RotationKey(ROW.hash(&row.rotation_key)?.0),
        })
    }
}

impl From<&Grant> for Model {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            user_id: grant.user.to_string(),
            client_id: grant.client.0.clone(),
            resource: grant.resource.clone(),
            scopes: grant.scopes.to_string(),
            created_at: millis(grant.created_at),
            revoked_at: grant.revoked_at.map(millis),
            revoke_reason: None,
            rotation_key: SecretHash(grant.rotation_key.0).to_hex(),
            more_resources: (!grant.more_resources.is_empty())
                .then(|| serde_json::Value::from(grant.more_resources.clone()).to_string()),
        }
    }
}
