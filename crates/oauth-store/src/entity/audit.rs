//! Records of the audit log. Details are a JSON object.

use std::borrow::Cow;

use loop_oauth::store::StoreError;
use loop_shared::audit::{Entry, Hash, Outcome, Record};
use sea_orm::entity::prelude::*;

use super::column::{Row, millis};

pub(crate) const ROW: Row = Row("audit record");

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_records")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) event: String,
    pub(crate) outcome: String,
    pub(crate) actor: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) details: String,
    pub(crate) prev: String,
    pub(crate) hash: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Record {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let hash = |text: &str| Hash::parse(text).ok_or(ROW.corrupt());
        Ok(Self {
            seq: u64::try_from(row.seq).map_err(|_| ROW.corrupt())?,
            prev: hash(&row.prev)?,
            hash: hash(&row.hash)?,
            entry: Entry {
                at: ROW.time(row.at)?,
                event: Cow::Owned(row.event),
                outcome: Outcome::parse(&row.outcome).ok_or(ROW.corrupt())?,
                actor: row.actor,
                subject: row.subject,
                client: row.client,
                address: row.address,
                details: serde_json::from_str(&row.details).map_err(|_| ROW.corrupt())?,
            },
        })
    }
}

impl TryFrom<Record> for Model {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        let entry = record.entry;
        Ok(Self {
            seq: i64::try_from(record.seq).map_err(|_| ROW.corrupt())?,
            at: millis(entry.at),
            event: entry.event.into_owned(),
            outcome: entry.outcome.as_str().to_owned(),
            actor: entry.actor,
            subject: entry.subject,
            client: entry.client,
            address: entry.address,
            details: serde_json::to_string(&entry.details).map_err(|_| ROW.corrupt())?,
            prev: record.prev.to_string(),
            hash: record.hash.to_string(),
        })
    }
}
