//! What administrators look at: lists by key, each page in a fixed number of statements.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_oauth::{
    client::ClientId,
    store::{
        Act, Acted, Admin, Capped, ClientUse, Cursor, FindClients, FindGrants, FindUsers, GrantUse,
        StoreError,
    },
    user::{User, UserId},
};
use loop_shared::audit::Entry;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Func, LikeExpr, SimpleExpr},
};

use super::{admin, at_most, client_uses, is_one_of, only};
use crate::{
    SqlStore,
    entity::{client, column::millis, grant, refresh_token, user},
    error::{failed, unread},
    reader::Reader,
};

#[async_trait]
impl Admin for SqlStore {
    #[tracing::instrument(name = "store.act", skip_all, fields(event = %entry.event))]
    async fn act(&self, act: Act, entry: Entry, now: DateTime<Utc>) -> Result<Acted, StoreError> {
        self.write(move |tx| Box::pin(admin::act(tx, act, entry, now)))
            .await
    }

    async fn find_users(
        &self,
        find: &FindUsers,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<User>, StoreError> {
        use user::Column::{CreatedAt, DisabledAt, Email, Id, Name, Roles};
        let which = Condition::all()
            .add_option(find.text.as_deref().map(|text| has(text, [Email, Name])))
            .add_option(find.active.map(|active| {
                if active {
                    DisabledAt.is_null()
                } else {
                    DisabledAt.is_not_null()
                }
            }))
            .add_option(find.role.map(|role| Roles.contains(role.as_str())))
            .add_option(after.map(|after| row(CreatedAt, Id).gt(place(after))));
        let rows = user::Entity::find()
            .filter(which)
            .order_by_asc(CreatedAt)
            .order_by_asc(Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("user"))?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn find_clients(
        &self,
        find: &FindClients,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<ClientUse>, StoreError> {
        use client::Column::{CreatedAt, Id, Name, Origin, RemovedAt};
        let which = Condition::all()
            .add(RemovedAt.is_null())
            .add_option(find.text.as_deref().map(|text| has(text, [Name, Id])))
            .add_option(find.origin.map(|origin| Origin.eq(origin.as_str())))
            .add_option(after.map(|after| row(CreatedAt, Id).lt(place(after))));
        let rows = client::Entity::find()
            .filter(which)
            .order_by_desc(CreatedAt)
            .order_by_desc(Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("client"))?;
        client_uses::of(self.readers(), rows).await
    }

    async fn client_use(&self, id: &ClientId) -> Result<Option<ClientUse>, StoreError> {
        let rows = client::Entity::find_by_id(id.0.as_str())
            .filter(client::Column::RemovedAt.is_null())
            .all(self.readers())
            .await
            .map_err(unread("client"))?;
        let used = client_uses::of(self.readers(), rows).await?;
        Ok(only(used))
    }

    async fn find_grants(
        &self,
        find: &FindGrants,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<GrantUse>, StoreError> {
        use grant::Column::{ClientId, CreatedAt, Id, UserId};
        let which = Condition::all()
            .add_option(find.user.map(|id| UserId.eq(id.to_string())))
            .add_option(find.client.as_ref().map(|id| ClientId.eq(id.0.as_str())))
            .add_option(find.open.then(is_open))
            .add_option(after.map(|after| row(CreatedAt, Id).lt(place(after))));
        let rows = grant::Entity::find()
            .filter(which)
            .order_by_desc(CreatedAt)
            .order_by_desc(Id)
            .limit(at_most(limit))
            .all(self.readers())
            .await
            .map_err(unread("grant"))?;
        name(self.readers(), rows).await
    }

    async fn count_grants(&self, user: UserId) -> Result<Capped, StoreError> {
        let counted = grant::Entity::find()
            .filter(grant::Column::UserId.eq(user.to_string()))
            .filter(grant::Column::RevokedAt.is_null())
            .limit(Capped::MOST + 1)
            .count(self.readers())
            .await
            .map_err(failed)?;
        Ok(Capped::of(counted))
    }
}

/// Whether a grant has not ended. Written so that no engine takes the index of this column, under which a million open grants
/// would be sorted for every page; that of the order finds the first ones at once.
fn is_open() -> SimpleExpr {
    let ended = Expr::col((grant::Entity, grant::Column::RevokedAt));
    Expr::expr(Func::coalesce([ended, Expr::value(-1)])).eq(-1)
}

/// Whether one of two columns has this text in it, in any case.
fn has<C: ColumnTrait>(text: &str, columns: [C; 2]) -> SimpleExpr {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    let [first, second] = columns.map(|column| {
        let lower = Expr::expr(Func::lower(Expr::col(column)));
        lower.like(LikeExpr::new(pattern.as_str()).escape('\\'))
    });
    first.or(second)
}

/// A row's place in a list.
pub(super) fn row<C: ColumnTrait>(at: C, id: C) -> SimpleExpr {
    Expr::tuple([Expr::col(at), Expr::col(id)])
}

pub(super) fn place(cursor: &Cursor) -> SimpleExpr {
    Expr::tuple([
        Expr::value(millis(cursor.at)),
        Expr::value(cursor.id.as_str()),
    ])
}

/// Until when each grant can be refreshed.
async fn last_ends(
    db: &Reader,
    grants: impl ExactSizeIterator<Item = &str>,
) -> Result<HashMap<String, i64>, StoreError> {
    if grants.len() == 0 {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::GrantId)
        .column_as(refresh_token::Column::ExpiresAt.max(), "last_end")
        .filter(is_one_of(refresh_token::Column::GrantId, grants))
        .group_by(refresh_token::Column::GrantId)
        .into_tuple()
        .all(db)
        .await
        .map_err(unread("refresh token"))?;
    Ok(rows.into_iter().collect())
}

/// Says whose the grants are and to whom.
async fn name(db: &Reader, rows: Vec<grant::Model>) -> Result<Vec<GrantUse>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let last = last_ends(db, rows.iter().map(|row| row.id.as_str())).await?;
    let users: HashSet<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
    let users = user::Entity::find()
        .filter(is_one_of(user::Column::Id, users))
        .all(db)
        .await
        .map_err(unread("user"))?;
    let users: HashMap<String, user::Model> =
        users.into_iter().map(|row| (row.id.clone(), row)).collect();
    let clients: HashSet<&str> = rows.iter().map(|row| row.client_id.as_str()).collect();
    let clients = client::Entity::find()
        .filter(is_one_of(client::Column::Id, clients))
        .all(db)
        .await
        .map_err(unread("client"))?;
    let clients: HashMap<String, String> =
        clients.into_iter().map(|row| (row.id, row.name)).collect();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        // A user who went away meanwhile took the grants along.
        let Some(user) = users.get(&row.user_id) else {
            continue;
        };
        let named = clients.get(&row.client_id).filter(|name| !name.is_empty());
        found.push(GrantUse {
            user: user.clone().try_into()?,
            client: named.unwrap_or(&row.client_id).clone(),
            last_end: grant::ROW.time_opt(last.get(&row.id).copied())?,
            grant: row.try_into()?,
        });
    }
    Ok(found)
}
