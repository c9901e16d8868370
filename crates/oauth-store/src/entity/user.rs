//! Users. Roles are comma-separated.

use loop_oauth::{
    store::StoreError,
    user::{Email, PasswordHash, User, UserId},
};
use loop_shared::auth::scope::Roles;
use sea_orm::entity::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("user");

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) roles: String,
    pub(crate) created_at: i64,
    pub(crate) disabled_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl TryFrom<Model> for User {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(ROW.uuid(&row.id)?),
            email: Email::parse(&row.email).ok_or(ROW.corrupt())?,
            name: row.name,
            password: PasswordHash(SecretString::from(row.password_hash)),
            roles: Roles::parse(&row.roles).map_err(|_| ROW.corrupt())?,
            created_at: ROW.time(row.created_at)?,
            disabled_at: ROW.time_opt(row.disabled_at)?,
        })
    }
}

impl From<&User> for Model {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            name: user.name.clone(),
            password_hash: user.password.0.expose_secret().to_owned(),
            roles: user.roles.to_string(),
            created_at: millis(user.created_at),
            disabled_at: user.disabled_at.map(millis),
        }
    }
}
