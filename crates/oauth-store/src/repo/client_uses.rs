//! How clients are used by people, of a whole page of clients in one statement: the database counts, so that it hands over one
//! row for each client instead of a hundred.

use std::collections::HashMap;

use loop_oauth::store::{Capped, ClientUse, StoreError};
use sea_orm::{
    EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement, SimpleExpr},
};

use super::is_one_of;
use crate::{
    entity::{client, grant, refresh_token},
    error::unread,
    reader::Reader,
};

/// Of how many of a client's latest grants its users and its last use are told.
const LATEST: u64 = 100;
/// What the statements inside are called: each ends at a number of rows.
const BOUNDED: &str = "bounded";

/// Grants that stand, users and last use of each of these clients, in their order.
pub(super) async fn of(
    db: &Reader,
    clients: Vec<client::Model>,
) -> Result<Vec<ClientUse>, StoreError> {
    if clients.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, i64, i64, Option<i64>)> = client::Entity::find()
        .select_only()
        .column(client::Column::Id)
        .expr_as(grants(), "grants")
        .expr_as(users(), "users")
        .expr_as(last_end(), "last_end")
        .filter(is_one_of(
            client::Column::Id,
            clients.iter().map(|client| client.id.as_str()),
        ))
        .into_tuple()
        .all(db)
        .await
        .map_err(unread("client"))?;
    let mut told: HashMap<_, _> = rows
        .into_iter()
        .map(|(id, grants, users, last)| (id, (grants, users, last)))
        .collect();
    let used = clients.into_iter().map(|row| {
        // One that went away since it was found has no grants.
        let (grants, users, last) = told.remove(&row.id).unwrap_or_default();
        Ok(ClientUse {
            grants: Capped::of(grants.try_into().unwrap_or_default()),
            users: users.try_into().unwrap_or_default(),
            last_end: client::ROW.time_opt(last)?,
            client: row.try_into()?,
        })
    });
    used.collect()
}

/// A column of the grants that stand, of the client in the statement around. Never more of their columns: all that is asked here
/// stands in one index.
fn standing(column: grant::Column) -> SelectStatement {
    let theirs = Expr::col((grant::Entity, grant::Column::ClientId));
    Query::select()
        .column((grant::Entity, column))
        .from(grant::Entity)
        .and_where(theirs.equals((client::Entity, client::Column::Id)))
        .and_where(Expr::col((grant::Entity, grant::Column::RevokedAt)).is_null())
        .to_owned()
}

fn latest(column: grant::Column) -> SelectStatement {
    standing(column)
        .order_by((grant::Entity, grant::Column::CreatedAt), Order::Desc)
        .order_by((grant::Entity, grant::Column::Id), Order::Desc)
        .limit(LATEST)
        .to_owned()
}

/// How many grants stand, counted to a bound.
fn grants() -> SimpleExpr {
    let some = standing(grant::Column::Id)
        .limit(Capped::MOST + 1)
        .to_owned();
    let count = Expr::col(grant::Column::Id).count();
    one(Query::select().expr(count).from_subquery(some, BOUNDED))
}

/// How many people the latest are of.
fn users() -> SimpleExpr {
    let count = Expr::col(grant::Column::UserId).count_distinct();
    let latest = latest(grant::Column::UserId);
    one(Query::select().expr(count).from_subquery(latest, BOUNDED))
}

/// Until when one of the latest can be refreshed.
fn last_end() -> SimpleExpr {
    let latest = Query::select()
        .column(grant::Column::Id)
        .from_subquery(latest(grant::Column::Id), BOUNDED)
        .to_owned();
    let of_latest = Expr::col(refresh_token::Column::GrantId).in_subquery(latest);
    one(Query::select()
        .expr(Expr::col(refresh_token::Column::ExpiresAt).max())
        .from(refresh_token::Entity)
        .and_where(of_latest))
}

/// The one value that a statement gives.
fn one(statement: &SelectStatement) -> SimpleExpr {
    SimpleExpr::from(statement.clone())
}
