//! Where connections are kept: in memory, SQLite, PostgreSQL or Redis.
//!
//! In: sealed tokens and hashes. Out: the same, and who of several may do a thing that only one may. Never: a token in clear.

mod memory;
mod migration;
mod redis;
mod redis_rows;
mod redis_scripts;
mod rows;
mod sql;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub(crate) use memory::MemoryConnections;
pub(crate) use redis::RedisConnections;
pub(crate) use sql::SqlConnections;

/// Whose account, for which server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The token's subject.
    pub(crate) user: String,
    /// The server's name.
    pub(crate) server: String,
}

/// A connected account. Times are whole seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    /// Whose, for which server.
    pub(crate) key: Key,
    /// The provider's mark.
    pub(crate) provider: String,
    /// The tokens, sealed.
    pub(crate) sealed: String,
    /// What was granted.
    pub(crate) scopes: String,
    /// When the access token ends; `None`: nobody said.
    pub(crate) expires_at: Option<i64>,
    /// From when on it is to be refreshed.
    pub(crate) refresh_at: Option<i64>,
    /// Grows with every change; the store sets it.
    pub(crate) version: i64,
    /// The provider takes the refresh token no more.
    pub(crate) is_rejected: bool,
    /// Since when.
    pub(crate) connected_at: i64,
    /// The last use.
    pub(crate) used_at: Option<i64>,
}

/// What a refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// The tokens, sealed.
    pub(crate) sealed: String,
    /// When the access token ends.
    pub(crate) expires_at: Option<i64>,
    /// From when on it is to be refreshed.
    pub(crate) refresh_at: Option<i64>,
}

/// Somebody on the way to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    /// SHA-256 of `state`.
    pub(crate) state: String,
    /// SHA-256 of the browser's secret.
    pub(crate) browser: String,
    /// Whose account, for which server.
    pub(crate) key: Key,
    /// The provider's mark.
    pub(crate) provider: String,
    /// From when on an answer is too late.
    pub(crate) expires_at: i64,
}

/// The right to refresh a connection, until it ends by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease<'a> {
    /// The version that is refreshed.
    pub(crate) version: i64,
    /// Who refreshes; a random name.
    pub(crate) holder: &'a str,
    /// Now.
    pub(crate) now: i64,
    /// When others may try.
    pub(crate) until: i64,
}

/// The store does not do its work. The text holds nothing secret.
#[derive(Debug, thiserror::Error)]
#[error("the store of connections: {0}")]
pub(crate) struct StoreError(pub(crate) String);

/// What every kind of store does. Each method is one step that happens whole or not at all.
#[async_trait]
pub(crate) trait ConnectionStore: Send + Sync {
    /// A connection.
    async fn find(&self, key: &Key) -> Result<Option<Connection>, StoreError>;

    /// All of a user, or of everybody, by server and user.
    async fn list(&self, user: Option<&str>) -> Result<Vec<Connection>, StoreError>;

    /// Keeps a new connection in place of the one before, whose refresh under way is lost.
    async fn put(&self, connection: &Connection) -> Result<(), StoreError>;

    /// Takes a connection away; whoever takes it gets it.
    async fn remove(&self, key: &Key) -> Result<Option<Connection>, StoreError>;

    /// Whether the caller may refresh now. Of several who ask at once, one may.
    async fn lease(&self, key: &Key, lease: Lease<'_>) -> Result<bool, StoreError>;

    /// Ends the lease with what it brought; `false`: the connection has changed meanwhile, nothing is kept.
    async fn renew(
        &self,
        key: &Key,
        version: i64,
        holder: &str,
        renewed: &Renewed,
    ) -> Result<bool, StoreError>;

    /// Ends the lease with the provider's no.
    async fn reject(&self, key: &Key, version: i64, holder: &str) -> Result<(), StoreError>;

    /// Ends the lease without anything.
    async fn release(&self, key: &Key, holder: &str) -> Result<(), StoreError>;

    /// Notes a use.
    async fn touch(&self, key: &Key, now: i64) -> Result<(), StoreError>;

    /// Seals the same tokens anew; `false`: they have changed meanwhile.
    async fn reseal(&self, before: &Connection, sealed: &str) -> Result<bool, StoreError>;

    /// Notes somebody on the way; forgets those who are late.
    async fn depart(&self, departure: &Departure, now: i64) -> Result<(), StoreError>;

    /// Who comes back, this once.
    async fn arrive(&self, state: &str) -> Result<Option<Departure>, StoreError>;
}
