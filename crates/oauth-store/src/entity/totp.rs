//! Authenticator apps, one per user. The secret is sealed before it comes here.

use loop_oauth::{second_step::Totp, store::StoreError, user::UserId};
use sea_orm::entity::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("totp");

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totps")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) user_id: String,
    pub(crate) sealed: String,
    pub(crate) created_at: i64,
    pub(crate) confirmed_at: Option<i64>,
    pub(crate) last_step: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Totp")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

impl TryFrom<Model> for Totp {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId(ROW.uuid(&row.user_id)?),
            sealed: SecretString::from(row.sealed),
            created_at: ROW.time(row.created_at)?,
            confirmed_at: ROW.time_opt(row.confirmed_at)?,
        })
    }
}

impl From<&Totp> for Model {
    fn from(totp: &Totp) -> Self {
        Self {
            user_id: totp.user.to_string(),
            sealed: totp.sealed.expose_secret().to_owned(),
            created_at: millis(totp.created_at),
            confirmed_at: totp.confirmed_at.map(millis),
            last_step: 0,
        }
    }
}
