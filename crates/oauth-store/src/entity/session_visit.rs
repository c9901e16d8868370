//! The browser of each session as it was last seen. Goes with its session.

use loop_oauth::{account::Visit, secret::SecretHash, store::StoreError};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("session visit");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_visits")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: String,
    pub(crate) agent: String,
    pub(crate) address: Option<String>,
    pub(crate) at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Visit {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let address = row.address.map(|text| text.parse());
        let address = address.transpose().map_err(|_| ROW.corrupt())?;
        Ok(Self::new(&row.agent, address, ROW.time(row.at)?))
    }
}

impl Model {
    /// The row of this session.
    pub(crate) fn of(session: &SecretHash, visit: &Visit) -> Self {
        Self {
            hash: session.to_hex(),
            agent: visit.agent.clone(),
            address: visit.address.map(|address| address.to_string()),
            at: millis(visit.at),
        }
    }
}
