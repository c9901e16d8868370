//! Challenges that wait for their answers, by the hash of what the browser holds.

use loop_oauth::{passkey::Ceremony, store::StoreError, user::UserId};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("passkey ceremony");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey_ceremonies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) user_id: Option<String>,
    pub(crate) state: String,
    pub(crate) expires_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Ceremony {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let user = row.user_id.map(|id| ROW.uuid(&id).map(UserId));
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            user: user.transpose()?,
            state: row.state,
            expires_at: ROW.time(row.expires_at)?,
        })
    }
}

impl From<&Ceremony> for Model {
    fn from(ceremony: &Ceremony) -> Self {
        Self {
            hash: ceremony.hash.to_hex(),
            user_id: ceremony.user.map(|user| user.to_string()),
            state: ceremony.state.clone(),
            expires_at: millis(ceremony.expires_at),
        }
    }
}
