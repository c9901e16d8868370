//! Invitations. Roles are comma-separated.

use loop_oauth::{
    invitation::{Invitation, InvitationId},
    store::StoreError,
    user::{Email, UserId},
};
use loop_shared::auth::scope::Roles;
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("invitation");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) hash: String,
    pub(crate) user_id: Option<String>,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) roles: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) used_at: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Invitation {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: InvitationId(ROW.uuid(&row.id)?),
            hash: ROW.hash(&row.hash)?,
            user: row
                .user_id
                .map(|id| ROW.uuid(&id).map(UserId))
                .transpose()?,
            email: Email::parse(&row.email).ok_or(ROW.corrupt())?,
            name: row.name,
            roles: Roles::parse(&row.roles).map_err(|_| ROW.corrupt())?,
            created_at: ROW.time(row.created_at)?,
            expires_at: ROW.time(row.expires_at)?,
            used_at: ROW.time_opt(row.used_at)?,
            revoked_at: ROW.time_opt(row.revoked_at)?,
        })
    }
}

impl From<&Invitation> for Model {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            hash: invitation.hash.to_hex(),
            user_id: invitation.user.map(|id| id.to_string()),
            email: invitation.email.as_str().to_owned(),
            name: invitation.name.clone(),
            roles: invitation.roles.to_string(),
            created_at: millis(invitation.created_at),
            expires_at: millis(invitation.expires_at),
            used_at: invitation.used_at.map(millis),
            revoked_at: invitation.revoked_at.map(millis),
        }
    }
}
