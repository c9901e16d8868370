//! Passkeys, by the identifiers of their credentials.

use loop_oauth::{passkey::Passkey, store::StoreError, user::UserId};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("passkey");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkeys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) name: String,
    pub(crate) credential: String,
    pub(crate) created_at: i64,
    pub(crate) used_at: Option<i64>,
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

impl TryFrom<Model> for Passkey {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            user: UserId(ROW.uuid(&row.user_id)?),
            name: row.name,
            credential: row.credential,
            created_at: ROW.time(row.created_at)?,
            used_at: ROW.time_opt(row.used_at)?,
        })
    }
}

impl From<&Passkey> for Model {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.clone(),
            user_id: passkey.user.to_string(),
            name: passkey.name.clone(),
            credential: passkey.credential.clone(),
            created_at: millis(passkey.created_at),
            used_at: passkey.used_at.map(millis),
        }
    }
}
