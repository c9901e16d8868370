//! Connections in Redis: a hash for each, and scripts that do each step whole or not at all.
//!
//! Never: an error that quotes the address, which holds the password.
//!
//! All keys have one hash tag, so that they are together in a cluster too.

use std::time::Duration;

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, RedisError, RedisResult};
use secrecy::{ExposeSecret as _, SecretString};

use super::redis_rows::{self as rows, COLUMNS};
use super::redis_scripts::{Scripts, Step};
use super::{Connection, ConnectionStore, Departure, Key, Lease, Renewed, StoreError};

/// Every connection.
const ALL: &str = "{auth-proxy}:connections";
/// People on the way, and when they are late.
const DEPARTURES: [&str; 2] = ["{auth-proxy}:departures", "{auth-proxy}:departures:late"];
/// People on the way, at most; the oldest are forgotten.
const MOST_DEPARTURES: usize = 10_000;
/// How long a call waits for Redis.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many connections are read in one go.
const PAGE: usize = 500;

/// The store.
pub(crate) struct RedisConnections {
    redis: ConnectionManager,
    scripts: Scripts,
}

impl RedisConnections {
    /// Opens it.
    ///
    /// # Errors
    /// [`StoreError`], without the URL.
    pub(crate) async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let unreached = |error: RedisError| {
            let kind = error.kind();
            StoreError(format!("Redis cannot be reached ({kind:?})"))
        };
        let client = Client::open(url.expose_secret()).map_err(unreached)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(2)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let opened = ConnectionManager::new_with_config(client, config).await;
        let store = Self {
            redis: opened.map_err(unreached)?,
            scripts: Scripts::default(),
        };
        store.look_at_settings().await;
        Ok(store)
    }

    /// Warns of a Redis that forgets: people would have to connect their accounts again.
    async fn look_at_settings(&self) {
        let mut redis = self.redis.clone();
        let asked: RedisResult<String> = redis::cmd("INFO").query_async(&mut redis).await;
        // Who may not ask gets no advice.
        let info = asked.unwrap_or_default();
        for doubt in rows::doubts(&info) {
            tracing::warn!("REDIS_URL: {doubt}");
        }
    }

    /// Runs a script; once more when the connection broke. Each script that was carried out already says so or does
    /// the same again.
    async fn run<T: FromRedisValue>(&self, step: Step<'_>) -> Result<T, StoreError> {
        let mut redis = self.redis.clone();
        let mut tried = step.run(&mut redis).await;
        if let Err(error) = &tried
            && (error.is_io_error() || error.is_connection_dropped())
        {
            tried = step.run(&mut redis).await;
        }
        tried.map_err(|error| rows::failed(&error))
    }

    /// Whether a script did what it was for.
    async fn done(&self, step: Step<'_>) -> Result<bool, StoreError> {
        self.run::<i64>(step).await.map(|did| did == 1)
    }
}

/// What is the connection's own in the names of keys; the length keeps two names apart.
fn suffix(key: &Key) -> String {
    format!("{}:{}:{}", key.server.len(), key.server, key.user)
}

fn place(key: &Key) -> String {
    format!("{{auth-proxy}}:connection:{}", suffix(key))
}

/// The connections of one user.
fn own(user: &str) -> String {
    format!("{{auth-proxy}}:user:{user}")
}

#[async_trait]
impl ConnectionStore for RedisConnections {
    async fn find(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let step = Step::of(&self.scripts.find).key(place(key));
        rows::connection(&self.run::<Vec<_>>(step).await?)
    }

    async fn list(&self, user: Option<&str>) -> Result<Vec<Connection>, StoreError> {
        let index = user.map_or_else(|| ALL.to_owned(), own);
        let members: Vec<String> = self.run(Step::of(&self.scripts.members).key(index)).await?;
        let mut found = Vec::new();
        for page in members.chunks(PAGE) {
            let mut pipe = redis::pipe();
            for suffix in page {
                let place = format!("{{auth-proxy}}:connection:{suffix}");
                pipe.cmd("HMGET").arg(place).arg(&COLUMNS[..]);
            }
            let mut redis = self.redis.clone();
            let read: RedisResult<Vec<Vec<Option<String>>>> = pipe.query_async(&mut redis).await;
            for row in read.map_err(|error| rows::failed(&error))? {
                // One that was taken away meanwhile is none.
                found.extend(rows::connection(&row)?);
            }
        }
        found.sort_by(|a, b| (&a.key.server, &a.key.user).cmp(&(&b.key.server, &b.key.user)));
        Ok(found)
    }

    async fn put(&self, it: &Connection) -> Result<(), StoreError> {
        let step = Step::of(&self.scripts.put)
            .key(place(&it.key))
            .key(ALL)
            .key(own(&it.key.user))
            .arg(suffix(&it.key));
        let step = rows::fields(it).into_iter().fold(step, Step::arg);
        self.run::<i64>(step).await.map(drop)
    }

    async fn remove(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let step = Step::of(&self.scripts.remove)
            .key(place(key))
            .key(ALL)
            .key(own(&key.user))
            .arg(suffix(key));
        rows::connection(&self.run::<Vec<_>>(step).await?)
    }

    async fn lease(&self, key: &Key, lease: Lease<'_>) -> Result<bool, StoreError> {
        let step = Step::of(&self.scripts.lease)
            .key(place(key))
            .arg(lease.version)
            .arg(lease.holder)
            .arg(lease.now)
            .arg(lease.until);
        self.done(step).await
    }

    async fn renew(
        &self,
        key: &Key,
        version: i64,
        holder: &str,
        renewed: &Renewed,
    ) -> Result<bool, StoreError> {
        let step = Step::of(&self.scripts.renew)
            .key(place(key))
            .arg(version)
            .arg(holder)
            .arg(&renewed.sealed)
            .arg(rows::maybe(renewed.expires_at))
            .arg(rows::maybe(renewed.refresh_at));
        self.done(step).await
    }

    async fn reject(&self, key: &Key, version: i64, holder: &str) -> Result<(), StoreError> {
        let step = Step::of(&self.scripts.reject)
            .key(place(key))
            .arg(version)
            .arg(holder);
        self.done(step).await.map(drop)
    }

    async fn release(&self, key: &Key, holder: &str) -> Result<(), StoreError> {
        let step = Step::of(&self.scripts.release).key(place(key)).arg(holder);
        self.done(step).await.map(drop)
    }

    async fn touch(&self, key: &Key, now: i64) -> Result<(), StoreError> {
        let step = Step::of(&self.scripts.touch).key(place(key)).arg(now);
        self.done(step).await.map(drop)
    }

    async fn reseal(&self, before: &Connection, sealed: &str) -> Result<bool, StoreError> {
        let step = Step::of(&self.scripts.reseal)
            .key(place(&before.key))
            .arg(before.version)
            .arg(&before.sealed)
            .arg(sealed);
        self.done(step).await
    }

    async fn depart(&self, it: &Departure, now: i64) -> Result<(), StoreError> {
        let step = Step::of(&self.scripts.depart)
            .key(DEPARTURES[0])
            .key(DEPARTURES[1])
            .arg(&it.state)
            .arg(rows::text_of(it)?)
            .arg(it.expires_at)
            .arg(now)
            .arg(MOST_DEPARTURES);
        self.done(step).await.map(drop)
    }

    async fn arrive(&self, state: &str) -> Result<Option<Departure>, StoreError> {
        let step = Step::of(&self.scripts.arrive)
            .key(DEPARTURES[0])
            .key(DEPARTURES[1])
            .arg(state);
        let found: Option<String> = self.run(step).await?;
        found.as_deref().map(rows::departure).transpose()
    }
}
