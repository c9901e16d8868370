//! Logins that wait for their second step, by the hash of what the browser holds.

use loop_oauth::{second_step::LoginStep, session::Methods, store::StoreError, user::UserId};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("login step");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_steps")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) user_id: String,
    pub(crate) expires_at: i64,
    pub(crate) tries: i64,
    pub(crate) first: String,
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

impl TryFrom<Model> for LoginStep {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            user: UserId(ROW.uuid(&row.user_id)?),
            expires_at: ROW.time(row.expires_at)?,
            tries: u32::try_from(row.tries).map_err(|_| ROW.corrupt())?,
            first: Methods::parse(&row.first).ok_or(ROW.corrupt())?,
        })
    }
}

impl From<&LoginStep> for Model {
    fn from(step: &LoginStep) -> Self {
        Self {
            hash: step.hash.to_hex(),
            user_id: step.user.to_string(),
            expires_at: millis(step.expires_at),
            tries: step.tries.into(),
            first: step.first.to_string(),
        }
    }
}
