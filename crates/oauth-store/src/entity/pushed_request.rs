//! Pushed authorization requests, by hash. The parameters are a JSON array of pairs.

use loop_oauth::{client::ClientId, par::PushedRequest, store::StoreError};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("pushed request");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pushed_requests")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) client_id: String,
    pub(crate) params: String,
    pub(crate) expires_at: i64,
    pub(crate) opened_at: Option<i64>,
    pub(crate) used_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for PushedRequest {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            hash: ROW.hash(&row.hash)?,
            client: ClientId(row.client_id),
            params: serde_json::from_str(&row.params).map_err(|_| ROW.corrupt())?,
            expires_at: ROW.time(row.expires_at)?,
            opened_at: ROW.time_opt(row.opened_at)?,
            used_at: ROW.time_opt(row.used_at)?,
        })
    }
}

impl From<&PushedRequest> for Model {
    fn from(request: &PushedRequest) -> Self {
        Self {
            hash: request.hash.to_hex(),
            client_id: request.client.0.clone(),
            params: serde_json::json!(request.params).to_string(),
            expires_at: millis(request.expires_at),
            opened_at: request.opened_at.map(millis),
            used_at: request.used_at.map(millis),
        }
    }
}
