//! Remembered consents, one per user, client and resource.

use loop_oauth::{client::ClientId, consent::Consent, store::StoreError, user::UserId};
use sea_orm::entity::prelude::*;

use super::{
    column::{Row, millis},
    oidc,
};

pub(crate) const ROW: Row = Row("consent");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) client_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) resource: String,
    pub(crate) scopes: String,
    pub(crate) given_at: i64,
    pub(crate) identity: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Consent {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId(ROW.uuid(&row.user_id)?),
            client: ClientId(row.client_id),
            resource: row.resource,
            scopes: ROW.scopes(&row.scopes)?,
            identity: oidc::read_scopes(ROW, row.identity.as_deref().unwrap_or_default())?,
            given_at: ROW.time(row.given_at)?,
        })
    }
}

impl From<&Consent> for Model {
    fn from(consent: &Consent) -> Self {
        Self {
            user_id: consent.user.to_string(),
            client_id: consent.client.0.clone(),
            resource: consent.resource.clone(),
            scopes: consent.scopes.to_string(),
            given_at: millis(consent.given_at),
            identity: oidc::write_scopes(consent.identity),
        }
    }
}
