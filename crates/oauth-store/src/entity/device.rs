//! Requests of devices. `grant_id` stands beside `allowed` and `used` alone.

use loop_oauth::{
    client::ClientId,
    device::{DeviceAuthorization, DeviceState},
    grant::GrantId,
    store::StoreError,
};
use sea_orm::entity::prelude::*;

use super::{
    column::{Row, millis},
    oidc::{read_scopes, write_scopes},
};

pub(crate) const ROW: Row = Row("device authorization");

pub(crate) const PENDING: &str = "pending";
pub(crate) const ALLOWED: &str = "allowed";
pub(crate) const DENIED: &str = "denied";
pub(crate) const USED: &str = "used";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_authorizations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) user_code: String,
    pub(crate) client_id: String,
    pub(crate) resource: String,
    pub(crate) scopes: String,
    pub(crate) expires_at: i64,
    pub(crate) state: String,
    pub(crate) grant_id: Option<String>,
    pub(crate) poll_interval: i64,
    pub(crate) polled_at: Option<i64>,
    pub(crate) identity: Option<String>,
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

impl TryFrom<Model> for DeviceAuthorization {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let grant = row.grant_id.as_deref().map(|id| ROW.uuid(id)).transpose()?;
        let state = match (row.state.as_str(), grant.map(GrantId)) {
            (PENDING, None) => DeviceState::Pending,
            (ALLOWED, Some(grant)) => DeviceState::Allowed(grant),
            (DENIED, None) => DeviceState::Denied,
            (USED, Some(grant)) => DeviceState::Used(grant),
            (_, _) => return Err(ROW.corrupt()),
        };
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            user_code: ROW.hash(&row.user_code)?,
            client: ClientId(row.client_id),
            resource: row.resource,
            scopes: ROW.scopes(&row.scopes)?,
            identity: read_scopes(ROW, row.identity.as_deref().unwrap_or_default())?,
            expires_at: ROW.time(row.expires_at)?,
            state,
            interval: row.poll_interval,
            polled_at: ROW.time_opt(row.polled_at)?,
        })
    }
}

impl From<&DeviceAuthorization> for Model {
    fn from(device: &DeviceAuthorization) -> Self {
        let (state, grant) = match device.state {
            DeviceState::Pending => (PENDING, None),
            DeviceState::Allowed(grant) => (ALLOWED, Some(grant)),
            DeviceState::Denied => (DENIED, None),
            DeviceState::Used(grant) => (USED, Some(grant)),
        };
        Self {
            hash: device.hash.to_hex(),
            user_code: device.user_code.to_hex(),
            client_id: device.client.0.clone(),
            resource: device.resource.clone(),
            scopes: device.scopes.to_string(),
            expires_at: millis(device.expires_at),
            state: state.to_owned(),
            grant_id: grant.map(|grant| grant.to_string()),
            poll_interval: device.interval,
            polled_at: device.polled_at.map(millis),
            identity: write_scopes(device.identity),
        }
    }
}
