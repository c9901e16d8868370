//! The queries, one file per aggregate.
//!
//! In: domain values. Out: outcomes as the traits name them. Never: SQL that only one engine speaks, a decision
//! that a conditional write could make. Rows that are read to be changed are locked, which SQLite has no need of.

mod client_admin;
mod client_grants;
mod clients;
mod codes;
mod consents;
mod devices;
mod grants;
mod jtis;
mod kept_clients;
mod logouts;
mod pushed_requests;
mod refresh_tokens;
mod registrations;
mod sessions;
mod signing_keys;
mod sweep;
mod sweep_clients;
mod users;

use loop_oauth::store::{Inserted, StoreError, Updated};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait as _, DatabaseTransaction, DbErr,
    EntityTrait, Insert, IntoActiveModel, ModelTrait, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};

use crate::{entity::guard, error::failed};

/// Inserts a row whose keys cannot be there.
async fn insert<M, A>(tx: &DatabaseTransaction, row: M) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior,
{
    let insert: Insert<A> = M::Entity::insert(row.into_active_model());
    insert
        .exec_without_returning(tx)
        .await
        .map_err(failed)
        .map(drop)
}

/// Inserts a row unless one with its primary key or another unique key is there.
async fn insert_new<M, A>(tx: &DatabaseTransaction, row: M) -> Result<Inserted, StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior,
{
    let insert: Insert<A> = M::Entity::insert(row.into_active_model());
    let inserted = insert
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await;
    match inserted {
        Ok(0) | Err(DbErr::RecordNotInserted) => Ok(Inserted::AlreadyThere),
        Ok(_) => Ok(Inserted::Now),
        Err(error) => Err(failed(error)),
    }
}

/// Waits until nobody else means to write the first row of the guarded table.
async fn take_turn(tx: &DatabaseTransaction, guarded: &'static str) -> Result<(), StoreError> {
    guard::Entity::update_many()
        .col_expr(guard::Column::Turn, Expr::col(guard::Column::Turn).add(1))
        .filter(guard::Column::Name.eq(guarded))
        .exec(tx)
        .await
        .map_err(failed)
        .map(drop)
}

/// Whether an update by primary key met its row.
const fn updated(rows: u64) -> Updated {
    if rows == 0 {
        Updated::NotFound
    } else {
        Updated::Now
    }
}

/// Row counts are signed in both engines.
fn at_most(limit: u64) -> u64 {
    Ord::min(limit, i64::MAX.cast_unsigned())
}
