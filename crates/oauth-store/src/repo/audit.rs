//! The audit log.

use async_trait::async_trait;
use chrono::TimeDelta;
use loop_oauth::store::{AuditFilter, AuditLog, StoreError};
use loop_shared::audit::{Entry, Hash, Head, Record, link};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, Order, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::{at_most, insert};
use crate::{
    SqlStore,
    entity::{
        audit::{Column, Entity, Model, ROW},
        audit_head,
        column::millis,
    },
    error::{failed, unread},
};

/// The one row of heads.
const HEAD: i64 = 1;
/// By how much the clocks of replicas may differ before a record at the edge of a time is missed.
const SKEW: TimeDelta = TimeDelta::minutes(5);

#[async_trait]
impl AuditLog for SqlStore {
    #[tracing::instrument(name = "store.append_audit", level = "debug", skip_all, fields(entries = entries.len()))]
    async fn append_audit(&self, entries: Vec<Entry>) -> Result<Head, StoreError> {
        self.write(move |tx| Box::pin(append(tx, entries))).await
    }

    async fn audit_head(&self) -> Result<Head, StoreError> {
        let row = audit_head::Entity::find_by_id(HEAD)
            .one(self.readers())
            .await;
        read_head(row.map_err(unread("audit head"))?)
    }

    async fn audit_after(&self, seq: u64, limit: u64) -> Result<Vec<Record>, StoreError> {
        let rows = Entity::find()
            .filter(Column::Seq.gt(i64::try_from(seq).unwrap_or(i64::MAX)))
            .order_by_asc(Column::Seq)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("audit record"))?;
        rows.into_iter().map(Record::try_from).collect()
    }

    #[tracing::instrument(name = "store.audit_page", level = "debug", skip_all, fields(limit))]
    async fn audit_page(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u64,
    ) -> Result<Vec<Record>, StoreError> {
        let Some(which) = which(self, filter, before).await? else {
            return Ok(Vec::new());
        };
        let Some(who) = &filter.who else {
            return page(self, which, limit).await;
        };
        // Each side has its own index, read from its young end.
        let did = which.clone().add(Column::Actor.eq(who));
        let mut found = page(self, did, limit).await?;
        found.extend(page(self, which.add(Column::Subject.eq(who)), limit).await?);
        found.sort_by_key(|record| std::cmp::Reverse(record.seq));
        found.dedup_by_key(|record| record.seq);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}

/// Appends in the transaction of whatever is recorded. To be called last: until the commit nobody else appends.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    entries: Vec<Entry>,
) -> Result<Head, StoreError> {
    let added = i64::try_from(entries.len()).map_err(|_| ROW.corrupt())?;
    let theirs = audit_head::Column::Id.eq(HEAD);
    // The write comes before the look: replicas wait for each other here.
    audit_head::Entity::update_many()
        .col_expr(
            audit_head::Column::Seq,
            Expr::col(audit_head::Column::Seq).add(added),
        )
        .filter(theirs.clone())
        .exec(tx)
        .await
        .map_err(failed)?;
    let row = audit_head::Entity::find_by_id(HEAD).one(tx).await;
    let after = read_head(row.map_err(unread("audit head"))?)?;
    let before = after.seq.checked_sub(added.cast_unsigned());
    let mut head = Head {
        seq: before.ok_or(ROW.corrupt())?,
        hash: after.hash,
    };
    for entry in entries {
        let record = link(head, entry);
        head = record.head();
        insert(tx, Model::try_from(record)?).await?;
    }
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Hash, Expr::value(head.hash.to_string()))
        .filter(theirs)
        .exec(tx)
        .await
        .map_err(failed)?;
    Ok(head)
}

fn read_head(row: Option<audit_head::Model>) -> Result<Head, StoreError> {
    let read = |row: audit_head::Model| {
        Some(Head {
            seq: u64::try_from(row.seq).ok()?,
            hash: Hash::parse(&row.hash)?,
        })
    };
    row.and_then(read)
        .ok_or(StoreError::Corrupt { what: "audit head" })
}

async fn page(store: &SqlStore, which: Condition, limit: u64) -> Result<Vec<Record>, StoreError> {
    let rows = Entity::find()
        .filter(which)
        .order_by_desc(Column::Seq)
        .limit(at_most(limit))
        .all(store.readers())
        .await
        .map_err(unread("audit record"))?;
    rows.into_iter().map(Record::try_from).collect()
}

/// The condition of a filter beside `who`; `None` when nothing can fulfil it. Times become numbers first, so that no statement
/// looks at records of another time.
async fn which(
    store: &SqlStore,
    filter: &AuditFilter,
    before: Option<u64>,
) -> Result<Option<Condition>, StoreError> {
    let mut which = Condition::all()
        .add_option(filter.event.as_ref().map(|event| Column::Event.eq(event)))
        .add_option(
            filter
                .client
                .as_ref()
                .map(|client| Column::Client.eq(client)),
        )
        .add_option(before.map(|seq| Column::Seq.lt(i64::try_from(seq).unwrap_or(i64::MAX))));
    if let Some(from) = filter.from {
        let early = Column::At.gte(millis(from - SKEW));
        let Some(first) = edge(store, early, Order::Asc).await? else {
            return Ok(None);
        };
        which = which
            .add(Column::Seq.gte(first))
            .add(Column::At.gte(millis(from)));
    }
    if let Some(to) = filter.to {
        let late = Column::At.lt(millis(to + SKEW));
        let Some(last) = edge(store, late, Order::Desc).await? else {
            return Ok(None);
        };
        which = which
            .add(Column::Seq.lte(last))
            .add(Column::At.lt(millis(to)));
    }
    Ok(Some(which))
}

/// The number of the first record on one side of a moment.
async fn edge(
    store: &SqlStore,
    side: sea_orm::sea_query::SimpleExpr,
    order: Order,
) -> Result<Option<i64>, StoreError> {
    Entity::find()
        .select_only()
        .column(Column::Seq)
        .filter(side)
        .order_by(Column::At, order.clone())
        .order_by(Column::Seq, order)
        .limit(1)
        .into_tuple()
        .one(store.readers())
        .await
        .map_err(unread("audit record"))
}
