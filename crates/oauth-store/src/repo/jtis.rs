//! Identifiers that may be presented once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    secret::SecretHash,
    store::{Inserted, JtiKind, Jtis, StoreError},
};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::{insert_new, is_one_of};
use crate::{
    SqlStore,
    entity::{
        column::millis,
        jti::{Column, Entity, Model},
    },
    error::{failed, unread},
};

#[async_trait]
impl Jtis for SqlStore {
    #[tracing::instrument(name = "store.claim_jti", level = "debug", skip_all, fields(kind = kind.as_str()))]
    async fn claim_jti(
        &self,
        kind: JtiKind,
        hash: &SecretHash,
        expires_at: DateTime<Utc>,
    ) -> Result<Inserted, StoreError> {
        let row = Model {
            kind: kind.as_str().to_owned(),
            hash: hash.to_hex(),
            expires_at: millis(expires_at),
        };
        self.write(move |tx| Box::pin(insert_new(tx, row))).await
    }
}

/// Forgets identifiers whose statements are refused for their age, the oldest first.
pub(super) async fn sweep(
    tx: &DatabaseTransaction,
    now: i64,
    batch: u64,
) -> Result<u64, StoreError> {
    let old: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::Kind, Column::Hash])
        .filter(Column::ExpiresAt.lte(now))
        .order_by_asc(Column::ExpiresAt)
        .limit(batch)
        .into_tuple()
        .all(tx)
        .await
        .map_err(unread("jti"))?;
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, hash) in old {
        kinds.entry(kind).or_default().push(hash);
    }
    let mut gone = 0;
    for (kind, hashes) in kinds {
        let theirs = Condition::all()
            .add(Column::Kind.eq(kind))
            .add(is_one_of(Column::Hash, hashes));
        let done = Entity::delete_many().filter(theirs).exec(tx).await;
        gone += done.map_err(failed)?.rows_affected;
    }
    Ok(gone)
}
