//! Requests of 2026-07-28 that wait for the client's answer to a question of the server's: between two requests
//! of the client nothing is open, so the exchange with the server waits here.
//!
//! Never: gives an exchange to another user, or to another server's client.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::TryRngCore as _;
use tokio::time::Instant;

use crate::peer::{Exchange, Peer};

/// How long a person may think.
const PATIENCE: Duration = Duration::from_mins(10);
/// Most requests that wait; the oldest gives way.
const MOST: usize = 1024;

/// A waiting request.
pub(super) struct Waiting {
    pub(super) exchange: Exchange,
    pub(super) peer: Peer,
    server: String,
    subject: String,
    since: Instant,
}

/// All waiting requests.
#[derive(Default)]
pub(crate) struct Parked(Mutex<HashMap<String, Waiting>>);

impl Parked {
    /// Parks an exchange; the state that the client brings back. `None` without randomness.
    pub(super) fn park(
        &self,
        exchange: Exchange,
        peer: Peer,
        server: &str,
        subject: &str,
    ) -> Option<String> {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).ok()?;
        let state = URL_SAFE_NO_PAD.encode(bytes);
        let waiting = Waiting {
            exchange,
            peer,
            server: server.to_owned(),
            subject: subject.to_owned(),
            since: Instant::now(),
        };
        self.sweep();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = all.iter().min_by_key(|(_, waiting)| waiting.since);
        let oldest = oldest.map(|(state, _)| state.clone());
        let gone = oldest
            .filter(|_| all.len() >= MOST)
            .and_then(|state| all.remove(&state));
        all.insert(state.clone(), waiting);
        drop(all);
        drop(gone);
        Some(state)
    }

    /// Ends what nobody came back for.
    pub(crate) fn sweep(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, young) = std::mem::take(&mut *all)
            .into_iter()
            .partition(|(_, waiting)| waiting.since.elapsed() >= PATIENCE);
        *all = young;
        drop(all);
        // Outside the lock: a dropped exchange tells its server.
        let old: HashMap<String, Waiting> = old;
        drop(old);
    }

    /// Takes the exchange of a state, if it is this user's and this server's.
    pub(super) fn take(&self, state: &str, server: &str, subject: &str) -> Option<Waiting> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(state)?;
        if found.server != server || found.subject != subject || found.since.elapsed() >= PATIENCE {
            return None;
        }
        all.remove(state)
    }
}
