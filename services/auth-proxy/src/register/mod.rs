//! What is known of each server over restarts and replicas: what runs, who used it, what went wrong last.
//!
//! In: what this replica sees, every few seconds. Out: what all replicas have seen. Never: a call that waits for the database, an
//! argument, a token; a replica that ended counted as running.

mod follow;
mod migration;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::database::{DatabaseError, Place};

pub(crate) use follow::follow;
use table::Table;

/// Longest text of an error that is kept, in characters.
const LONGEST: usize = 2_000;

/// What this replica sees of a server at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which server.
    pub(crate) server: String,
    /// How many are up.
    pub(crate) running: usize,
    /// What goes wrong.
    pub(crate) trouble: Option<String>,
    /// Who has used it lately.
    pub(crate) users: BTreeSet<String>,
}

/// What all replicas have seen of a server. Times are whole seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// How many are up, on all replicas.
    pub(crate) running: i64,
    /// How many replicas live.
    pub(crate) replicas: usize,
    /// People who have used it within thirty days.
    pub(crate) users: i64,
    /// The last use.
    pub(crate) used_at: Option<i64>,
    /// What went wrong last, and when it was seen first.
    pub(crate) trouble: Option<(String, i64)>,
}

/// The table, as one replica uses it.
pub(crate) struct Register {
    table: Table,
    /// What was written last.
    before: Mutex<HashMap<String, Seen>>,
}

/// This replica's name: the machine's, and the port.
pub(crate) fn here(port: u16) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{port}", machine.trim())
}

impl Register {
    /// Opens the table for the replica of this name.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn open(place: &Place, replica: String) -> Result<Self, DatabaseError> {
        Ok(Self {
            table: Table::open(place, replica).await?,
            before: Mutex::default(),
        })
    }

    /// Whether this differs from what was written last.
    fn differs(&self, seen: &[Seen]) -> bool {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().any(|it| before.get(&it.server) != Some(it))
    }

    /// Writes what this replica sees.
    ///
    /// # Errors
    /// [`DatabaseError`]; it is written with the next.
    pub(crate) async fn note(&self, seen: &[Seen], now: i64) -> Result<(), DatabaseError> {
        let fresh = {
            let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            let known = |it: &Seen| before.get(&it.server).and_then(|it| it.trouble.clone());
            let fresh = |it: &Seen| {
                it.trouble
                    .clone()
                    .filter(|new| Some(new) != known(it).as_ref())
            };
            seen.iter().map(fresh).collect::<Vec<_>>()
        };
        let capped = fresh
            .into_iter()
            .map(|it| it.map(|it| it.chars().take(LONGEST).collect()));
        self.table.note(seen, capped.collect(), now).await?;
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        *before = seen
            .iter()
            .map(|it| (it.server.clone(), it.clone()))
            .collect();
        Ok(())
    }

    /// What all replicas have seen, by server.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) async fn known(&self, now: i64) -> Result<HashMap<String, Known>, DatabaseError> {
        self.table.known(now).await
    }
}
