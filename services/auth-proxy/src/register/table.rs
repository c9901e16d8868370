//! The statements.

use std::collections::HashMap;

use sea_orm::{DbErr, QueryResult};

use super::migration::Migrator;
use super::{Known, Seen};
use crate::database::{Database, DatabaseError, Place, failed, text};

/// After so many seconds without a word a replica is taken for ended.
const FRESH: i64 = 90;
/// For so many seconds it is remembered who used a server, and what a replica of the past saw.
const KEPT: i64 = 30 * 24 * 60 * 60;

const NOTE: &str = "INSERT INTO proxy_servers (server, replica, running, seen_at, trouble, trouble_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (server, replica) DO UPDATE SET running = excluded.running, \
    seen_at = excluded.seen_at, trouble = COALESCE(excluded.trouble, proxy_servers.trouble), \
    trouble_at = COALESCE(excluded.trouble_at, proxy_servers.trouble_at)";
const USED: &str = "INSERT INTO proxy_server_users (server, user_id, used_at) VALUES ($1, $2, $3) \
    ON CONFLICT (server, user_id) DO UPDATE SET used_at = excluded.used_at";
const SERVERS: &str =
    "SELECT server, running, seen_at, trouble, trouble_at FROM proxy_servers ORDER BY server";
const USERS: &str = "SELECT server, COUNT(*), MAX(used_at) FROM proxy_server_users WHERE used_at > $1 GROUP BY server";

/// The tables, as one replica writes them.
pub(super) struct Table {
    db: Database,
    replica: String,
}

impl Table {
    pub(super) async fn open(place: &Place, replica: String) -> Result<Self, DatabaseError> {
        let db = place.open::<Migrator>().await?;
        Ok(Self { db, replica })
    }

    /// Writes what is seen; `fresh` are the troubles that were not there before, in the same order.
    pub(super) async fn note(
        &self,
        seen: &[Seen],
        fresh: Vec<Option<String>>,
        now: i64,
    ) -> Result<(), DatabaseError> {
        let mut work = Vec::new();
        for (it, trouble) in seen.iter().zip(fresh) {
            let running = i64::try_from(it.running).unwrap_or(i64::MAX);
            let since = trouble.as_ref().map(|_| now);
            let values = vec![
                text(&it.server),
                text(&self.replica),
                running.into(),
                now.into(),
                trouble.into(),
                since.into(),
            ];
            work.push((NOTE, values));
            for user in &it.users {
                work.push((USED, vec![text(&it.server), text(user), now.into()]));
            }
        }
        let late = "DELETE FROM proxy_servers WHERE seen_at <= $1";
        work.push((late, vec![(now - KEPT).into()]));
        let late = "DELETE FROM proxy_server_users WHERE used_at <= $1";
        work.push((late, vec![(now - KEPT).into()]));
        self.db.all(work).await
    }

    pub(super) async fn known(&self, now: i64) -> Result<HashMap<String, Known>, DatabaseError> {
        let mut all: HashMap<String, Known> = HashMap::new();
        for row in self.db.rows(SERVERS, Vec::new()).await? {
            let (server, running, seen_at, trouble) = standing(&row).map_err(failed)?;
            let known = all.entry(server).or_default();
            if now - seen_at < FRESH {
                known.running += running;
                known.replicas += usize::from(true);
            }
            let newer = trouble
                .filter(|(_, at)| known.trouble.as_ref().is_none_or(|(_, before)| before < at));
            known.trouble = newer.or(known.trouble.take());
        }
        for row in self.db.rows(USERS, vec![(now - KEPT).into()]).await? {
            let read = || -> Result<(String, i64, Option<i64>), DbErr> {
                Ok((
                    row.try_get_by_index(0)?,
                    row.try_get_by_index(1)?,
                    row.try_get_by_index(2)?,
                ))
            };
            let (server, users, used_at) = read().map_err(failed)?;
            let known = all.entry(server).or_default();
            (known.users, known.used_at) = (users, used_at);
        }
        Ok(all)
    }
}

/// Server, how many run, when that was seen, and what went wrong last.
type Standing = (String, i64, i64, Option<(String, i64)>);

fn standing(row: &QueryResult) -> Result<Standing, DbErr> {
    let trouble: Option<String> = row.try_get_by_index(3)?;
    let since: Option<i64> = row.try_get_by_index(4)?;
    Ok((
        row.try_get_by_index(0)?,
        row.try_get_by_index(1)?,
        row.try_get_by_index(2)?,
        trouble.zip(since),
    ))
}
