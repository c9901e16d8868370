//! What an account page shows, each list in a fixed number of statements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use loop_oauth::{
    account::{Connection, KnownSession, Visit},
    client::Client,
    store::StoreError,
    user::UserId,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::{at_most, is_one_of};
use crate::{
    entity::{client, code, column::millis, grant, refresh_token, session, session_visit},
    error::unread,
    reader::Reader,
};

pub(super) async fn connections(
    db: &Reader,
    user: UserId,
    limit: u64,
) -> Result<Vec<Connection>, StoreError> {
    let grants = grant::Entity::find()
        .filter(grant::Column::UserId.eq(user.to_string()))
        .filter(grant::Column::RevokedAt.is_null())
        .order_by_desc(grant::Column::CreatedAt)
        .limit(at_most(limit))
        .all(db)
        .await
        .map_err(unread("grant"))?;
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    let last = last_uses(db, &grants).await?;
    let mut named: Vec<&str> = grants.iter().map(|row| row.client_id.as_str()).collect();
    named.sort_unstable();
    named.dedup();
    let clients = client::Entity::find()
        .filter(is_one_of(client::Column::Id, named))
        .all(db)
        .await
        .map_err(unread("client"))?;
    let clients: HashMap<String, client::Model> =
        clients.into_iter().map(|c| (c.id.clone(), c)).collect();
    let mut found = Vec::with_capacity(grants.len());
    for row in grants {
        // A client that went away meanwhile took its grants along.
        let (Some(used_at), Some(client)) = (last.get(&row.id), clients.get(&row.client_id)) else {
            continue;
        };
        found.push(Connection {
            client: Client::try_from(client.clone())?,
            used_at: grant::ROW.time_opt(*used_at)?,
            grant: row.try_into()?,
        });
    }
    Ok(found)
}

/// When each grant that was taken up last gave a token, where that is known.
async fn last_uses(
    db: &Reader,
    grants: &[grant::Model],
) -> Result<HashMap<String, Option<i64>>, StoreError> {
    let ids: Vec<&str> = grants.iter().map(|row| row.id.as_str()).collect();
    let codes: Vec<(String, Option<i64>)> = code::Entity::find()
        .select_only()
        .columns([code::Column::GrantId, code::Column::UsedAt])
        .filter(is_one_of(code::Column::GrantId, ids.iter().copied()))
        .filter(code::Column::UsedAt.is_not_null())
        .into_tuple()
        .all(db)
        .await
        .map_err(unread("code"))?;
    let tokens: Vec<(String, Option<i64>)> = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::GrantId)
        .column_as(refresh_token::Column::IssuedAt.max(), "used_at")
        .filter(is_one_of(refresh_token::Column::GrantId, ids))
        .group_by(refresh_token::Column::GrantId)
        .into_tuple()
        .all(db)
        .await
        .map_err(unread("refresh token"))?;
    let mut used: HashMap<String, Option<i64>> = HashMap::new();
    for (grant, at) in codes.into_iter().chain(tokens) {
        let known = used.entry(grant).or_default();
        *known = (*known).max(at);
    }
    Ok(used)
}

pub(super) async fn sessions(
    db: &Reader,
    user: UserId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<KnownSession>, StoreError> {
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(user.to_string()))
        .filter(session::Column::ExpiresAt.gt(millis(now)))
        .order_by_desc(session::Column::AuthenticatedAt)
        .limit(at_most(limit))
        .all(db)
        .await
        .map_err(unread("session"))?;
    let hashes = rows.iter().map(|row| row.hash.as_str());
    let visits = session_visit::Entity::find()
        .filter(is_one_of(session_visit::Column::Hash, hashes))
        .all(db)
        .await
        .map_err(unread("session visit"))?;
    let mut visits: HashMap<String, session_visit::Model> =
        visits.into_iter().map(|v| (v.hash.clone(), v)).collect();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let visit = visits.remove(&row.hash);
        found.push(KnownSession {
            session: row.try_into()?,
            visit: visit.map(Visit::try_from).transpose()?,
        });
    }
    Ok(found)
}
