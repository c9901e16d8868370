//! The queries, one file per aggregate.
//!
//! In: domain values. Out: outcomes as the traits name them. Never: SQL that only one engine speaks, a decision
//! that a conditional write could make.
//!
//! How a method works on both engines. Each write is one `SqlStore::write`, whose job may be run twice, so it owns
//! or clones what it takes. PostgreSQL is READ COMMITTED: every statement sees what was committed before it, and
//! two jobs run at once. So what may happen once is an `UPDATE … WHERE` still undone, an [`insert_new`], or done
//! under a lock: on the row that is read to be changed (`lock_exclusive`; SQLite has no need of it and is not
//! told), or on a guard's row ([`take_turn`]) where there may be no row yet. Grants come before their codes and
//! tokens, so that nobody waits in a circle. A row is deleted only after it was locked *and* looked at by a later
//! statement ([`lock_idle`]). Texts are compared for equality, never sorted: that is the database's language.

mod account_reads;
mod accounts;
mod admin;
mod admin_lists;
mod audit;
mod client_admin;
mod client_grants;
mod client_uses;
mod clients;
mod codes;
mod consents;
mod devices;
mod federation;
mod grants;
mod invitations;
mod jtis;
mod kept_clients;
mod login_steps;
mod logouts;
mod passkeys;
mod pushed_requests;
mod refresh_tokens;
mod registrations;
mod second_factors;
mod sessions;
mod signing_keys;
mod standing_grants;
mod sweep;
mod sweep_clients;
mod users;

use loop_oauth::store::{Inserted, StoreError, Updated};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait,
    Insert, InsertMany, IntoActiveModel, ModelTrait, QueryFilter as _, QuerySelect, Value,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, OnConflict, SimpleExpr},
};

use crate::{
    entity::{client, guard},
    error::{failed, unread},
    gather,
};
pub(crate) use codes::Redemption;
pub(crate) use refresh_tokens::Rotation;

/// The row that a unique key finds. `Select::one` binds a `LIMIT`, and SQLite plans a statement anew for every value
/// bound there: a tenth of what a refresh costs.
fn only<T>(rows: Vec<T>) -> Option<T> {
    rows.into_iter().next()
}

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

/// Inserts rows unless such with their keys are there.
async fn insert_all_new<M, A>(tx: &DatabaseTransaction, rows: Vec<M>) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior,
{
    for insert in inserts::<M, A>(rows) {
        let unless_there = insert.on_conflict(OnConflict::new().do_nothing().to_owned());
        match unless_there.exec_without_returning(tx).await {
            Ok(_) | Err(DbErr::RecordNotInserted) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// Inserts rows whose keys cannot be there.
async fn insert_all<M, A>(tx: &DatabaseTransaction, rows: Vec<M>) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior,
{
    for insert in inserts::<M, A>(rows) {
        insert.exec_without_returning(tx).await.map_err(failed)?;
    }
    Ok(())
}

/// Statements for powers of two of rows, largest first: few different ones, which drivers find prepared.
fn inserts<M, A>(rows: Vec<M>) -> impl Iterator<Item = InsertMany<A>>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior,
{
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let count = 1_usize << rows.len().checked_ilog2()?;
        let some: Vec<A> = rows
            .by_ref()
            .take(count)
            .map(M::into_active_model)
            .collect();
        Some(Insert::many(some))
    })
}

/// `column IN (…)` in one of a few lengths (see [`gather::pad`]): each length is a statement of its own, which drivers keep
/// prepared and which weighs more the longer the list is.
fn is_one_of<C, K>(column: C, keys: impl IntoIterator<Item = K>) -> SimpleExpr
where
    C: ColumnTrait,
    K: Into<Value> + Clone,
{
    let mut keys: Vec<K> = keys.into_iter().collect();
    gather::pad(&mut keys);
    column.is_in(keys)
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

/// Locks those of the queried rows that nobody else has locked, until the transaction ends: the others are busy,
/// and are found again at the next turn. SQLite has one writer and locks nothing.
fn lock_idle<Q: QuerySelect>(query: Q) -> Q {
    query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
}

/// Waits until nobody is storing a grant or consent of this client any more, so that what looks for them next finds
/// all; nobody else stores one until the transaction ends.
async fn lock_client(tx: &DatabaseTransaction, id: &str) -> Result<(), StoreError> {
    let found = client::Entity::find_by_id(id).lock_exclusive().one(tx);
    found.await.map_err(unread("client")).map(drop)
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
