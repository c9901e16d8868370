//! Connections that end with the process: for trying things out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Connection, ConnectionStore, Departure, Key, Lease, Renewed, StoreError};

/// People on the way, at most; the oldest are forgotten.
const MOST_DEPARTURES: usize = 10_000;

#[derive(Default)]
struct Table {
    connections: BTreeMap<Key, (Connection, Option<(String, i64)>)>,
    departures: HashMap<String, Departure>,
}

/// The store.
#[derive(Default)]
pub(crate) struct MemoryConnections(Mutex<Table>);

impl MemoryConnections {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what `holder` has leased.
    fn settle(
        &self,
        key: &Key,
        holder: &str,
        change: impl FnOnce(&mut Connection) -> bool,
    ) -> bool {
        let mut table = self.table();
        let Some((connection, lease)) = table.connections.get_mut(key) else {
            return false;
        };
        if lease.as_ref().is_none_or(|(by, _)| by != holder) {
            return false;
        }
        *lease = None;
        change(connection)
    }
}

#[async_trait]
impl ConnectionStore for MemoryConnections {
    async fn find(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let table = self.table();
        Ok(table.connections.get(key).map(|(found, _)| found.clone()))
    }

    async fn list(&self, user: Option<&str>) -> Result<Vec<Connection>, StoreError> {
        let table = self.table();
        let all = table.connections.values().map(|(connection, _)| connection);
        let own = all.filter(|it| user.is_none_or(|user| it.key.user == user));
        let mut own: Vec<Connection> = own.cloned().collect();
        own.sort_by(|a, b| (&a.key.server, &a.key.user).cmp(&(&b.key.server, &b.key.user)));
        Ok(own)
    }

    async fn put(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut table = self.table();
        let before = table.connections.get(&connection.key);
        let mut connection = connection.clone();
        connection.version = before.map_or(1, |(before, _)| before.version + 1);
        table
            .connections
            .insert(connection.key.clone(), (connection, None));
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let removed = self.table().connections.remove(key);
        Ok(removed.map(|(connection, _)| connection))
    }

    async fn lease(&self, key: &Key, wanted: Lease<'_>) -> Result<bool, StoreError> {
        let mut table = self.table();
        let Some((connection, lease)) = table.connections.get_mut(key) else {
            return Ok(false);
        };
        let free = lease.as_ref().is_none_or(|(_, until)| *until <= wanted.now);
        let may = free && connection.version == wanted.version && !connection.is_rejected;
        if may {
            *lease = Some((wanted.holder.to_owned(), wanted.until));
        }
        Ok(may)
    }

    async fn renew(
        &self,
        key: &Key,
        version: i64,
        holder: &str,
        renewed: &Renewed,
    ) -> Result<bool, StoreError> {
        Ok(self.settle(key, holder, |connection| {
            let same = connection.version == version;
            if same {
                connection.sealed.clone_from(&renewed.sealed);
                connection.expires_at = renewed.expires_at;
                connection.refresh_at = renewed.refresh_at;
                connection.version += 1;
            }
            same
        }))
    }

    async fn reject(&self, key: &Key, version: i64, holder: &str) -> Result<(), StoreError> {
        self.settle(key, holder, |connection| {
            connection.is_rejected |= connection.version == version;
            true
        });
        Ok(())
    }

    async fn release(&self, key: &Key, holder: &str) -> Result<(), StoreError> {
        self.settle(key, holder, |_| true);
        Ok(())
    }

    async fn touch(&self, key: &Key, now: i64) -> Result<(), StoreError> {
        if let Some((connection, _)) = self.table().connections.get_mut(key) {
            connection.used_at = Some(now);
        }
        Ok(())
    }

    async fn reseal(&self, before: &Connection, sealed: &str) -> Result<bool, StoreError> {
        let mut table = self.table();
        let Some((connection, _)) = table.connections.get_mut(&before.key) else {
            return Ok(false);
        };
        let same = connection.version == before.version && connection.sealed == before.sealed;
        if same {
            sealed.clone_into(&mut connection.sealed);
        }
        Ok(same)
    }

    async fn depart(&self, departure: &Departure, now: i64) -> Result<(), StoreError> {
        let mut table = self.table();
        table.departures.retain(|_, it| it.expires_at > now);
        if table.departures.len() >= MOST_DEPARTURES {
            let oldest = table.departures.values().min_by_key(|it| it.expires_at);
            if let Some(state) = oldest.map(|it| it.state.clone()) {
                table.departures.remove(&state);
            }
        }
        table
            .departures
            .insert(departure.state.clone(), departure.clone());
        Ok(())
    }

    async fn arrive(&self, state: &str) -> Result<Option<Departure>, StoreError> {
        Ok(self.table().departures.remove(state))
    }
}
