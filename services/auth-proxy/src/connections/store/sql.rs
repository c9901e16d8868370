//! Connections in SQLite or PostgreSQL: the same statements for both.
//!
//! Who may refresh is decided by one conditional update, so that replicas need nothing but the database.

use std::path::Path;

use async_trait::async_trait;
use sea_orm::{QueryResult, Value};
use secrecy::SecretString;

use super::migration::Migrator;
use super::rows::{connection, departure};
use super::{Connection, ConnectionStore, Departure, Key, Lease, Renewed, StoreError};
use crate::database::{Database, DatabaseError, Place, text};

/// What a connection is read from.
const COLUMNS: &str = "user_id, server, provider, sealed, scopes, expires_at, refresh_at, version, is_rejected, connected_at, used_at";

/// The store.
pub(crate) struct SqlConnections {
    db: Database,
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self(error.0)
    }
}

impl SqlConnections {
    /// Opens a file; makes it, readable for its owner alone, if need be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::open(Place::File(path.to_owned())).await
    }

    /// Opens a PostgreSQL database.
    ///
    /// # Errors
    /// [`StoreError`], without the URL.
    pub(crate) async fn open_postgres(url: &SecretString) -> Result<Self, StoreError> {
        Self::open(Place::Postgres(url.clone())).await
    }

    async fn open(place: Place) -> Result<Self, StoreError> {
        let db = place.open::<Migrator>().await?;
        Ok(Self { db })
    }

    /// Runs a statement; how many rows it changed.
    async fn run(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        Ok(self.db.run(sql, values).await?)
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.db.rows(sql, values).await?)
    }
}

#[async_trait]
impl ConnectionStore for SqlConnections {
    async fn find(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM proxy_connections WHERE user_id = $1 AND server = $2");
        let rows = self.rows(&sql, vec![text(&key.user), text(&key.server)]);
        rows.await?.first().map(connection).transpose()
    }

    async fn list(&self, user: Option<&str>) -> Result<Vec<Connection>, StoreError> {
        let (which, values) = match user {
            Some(user) => ("WHERE user_id = $1", vec![text(user)]),
            None => ("", Vec::new()),
        };
        let sql =
            format!("SELECT {COLUMNS} FROM proxy_connections {which} ORDER BY server, user_id");
        self.rows(&sql, values)
            .await?
            .iter()
            .map(connection)
            .collect()
    }

    async fn put(&self, it: &Connection) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO proxy_connections ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10) \
             ON CONFLICT (user_id, server) DO UPDATE SET provider = excluded.provider, sealed = excluded.sealed, \
             scopes = excluded.scopes, expires_at = excluded.expires_at, refresh_at = excluded.refresh_at, version = proxy_connections.version + 1, \
             is_rejected = excluded.is_rejected, connected_at = excluded.connected_at, used_at = excluded.used_at, \
             holder = NULL, leased_until = NULL"
        );
        let values = vec![
            text(&it.key.user),
            text(&it.key.server),
            text(&it.provider),
            text(&it.sealed),
            text(&it.scopes),
            it.expires_at.into(),
            it.refresh_at.into(),
            i64::from(it.is_rejected).into(),
            it.connected_at.into(),
            it.used_at.into(),
        ];
        self.run(&sql, values).await.map(drop)
    }

    async fn remove(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let sql = format!(
            "DELETE FROM proxy_connections WHERE user_id = $1 AND server = $2 RETURNING {COLUMNS}"
        );
        let rows = self.rows(&sql, vec![text(&key.user), text(&key.server)]);
        rows.await?.first().map(connection).transpose()
    }

    async fn lease(&self, key: &Key, lease: Lease<'_>) -> Result<bool, StoreError> {
        let sql = "UPDATE proxy_connections SET holder = $1, leased_until = $2 \
                   WHERE user_id = $3 AND server = $4 AND version = $5 AND is_rejected = 0 \
                   AND (leased_until IS NULL OR leased_until <= $6)";
        let values = vec![
            text(lease.holder),
            lease.until.into(),
            text(&key.user),
            text(&key.server),
            lease.version.into(),
            lease.now.into(),
        ];
        Ok(self.run(sql, values).await? == 1)
    }

    async fn renew(
        &self,
        key: &Key,
        version: i64,
        holder: &str,
        renewed: &Renewed,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE proxy_connections SET sealed = $1, expires_at = $2, refresh_at = $3, \
                   version = version + 1, holder = NULL, leased_until = NULL \
                   WHERE user_id = $4 AND server = $5 AND version = $6 AND holder = $7";
        let values = vec![
            text(&renewed.sealed),
            renewed.expires_at.into(),
            renewed.refresh_at.into(),
            text(&key.user),
            text(&key.server),
            version.into(),
            text(holder),
        ];
        Ok(self.run(sql, values).await? == 1)
    }

    async fn reject(&self, key: &Key, version: i64, holder: &str) -> Result<(), StoreError> {
        let sql = "UPDATE proxy_connections SET is_rejected = 1, holder = NULL, leased_until = NULL \
                   WHERE user_id = $1 AND server = $2 AND version = $3 AND holder = $4";
        let values = vec![
            text(&key.user),
            text(&key.server),
            version.into(),
            text(holder),
        ];
        self.run(sql, values).await.map(drop)
    }

    async fn release(&self, key: &Key, holder: &str) -> Result<(), StoreError> {
        let sql = "UPDATE proxy_connections SET holder = NULL, leased_until = NULL \
                   WHERE user_id = $1 AND server = $2 AND holder = $3";
        let values = vec![text(&key.user), text(&key.server), text(holder)];
        self.run(sql, values).await.map(drop)
    }

    async fn touch(&self, key: &Key, now: i64) -> Result<(), StoreError> {
        let sql = "UPDATE proxy_connections SET used_at = $1 WHERE user_id = $2 AND server = $3";
        let values = vec![now.into(), text(&key.user), text(&key.server)];
        self.run(sql, values).await.map(drop)
    }

    async fn reseal(&self, before: &Connection, sealed: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE proxy_connections SET sealed = $1 \
                   WHERE user_id = $2 AND server = $3 AND version = $4 AND sealed = $5";
        let values = vec![
            text(sealed),
            text(&before.key.user),
            text(&before.key.server),
            before.version.into(),
            text(&before.sealed),
        ];
        Ok(self.run(sql, values).await? == 1)
    }

    async fn depart(&self, it: &Departure, now: i64) -> Result<(), StoreError> {
        let late = "DELETE FROM proxy_departures WHERE expires_at <= $1";
        self.run(late, vec![now.into()]).await?;
        let sql = "INSERT INTO proxy_departures (state, browser, user_id, server, provider, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            text(&it.state),
            text(&it.browser),
            text(&it.key.user),
            text(&it.key.server),
            text(&it.provider),
            it.expires_at.into(),
        ];
        self.run(sql, values).await.map(drop)
    }

    async fn arrive(&self, state: &str) -> Result<Option<Departure>, StoreError> {
        let sql = "DELETE FROM proxy_departures WHERE state = $1 \
                   RETURNING state, browser, user_id, server, provider, expires_at";
        let rows = self.rows(sql, vec![text(state)]).await?;
        rows.first().map(departure).transpose()
    }
}
