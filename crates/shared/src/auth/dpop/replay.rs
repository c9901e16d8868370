//! Proofs that a resource server has seen (RFC 9449 §11.1): in memory, bounded, gone when they are too old anyway.
//!
//! In: a proof's id. Out: whether it is new. Never: more than a fixed number; when there are more, the oldest are
//! forgotten. Each process remembers its own; a nonce narrows what a replay at another replica can use.

use std::time::Duration;

use moka::policy::EvictionPolicy;

use super::{MAX_AGE_SECONDS, MAX_AHEAD_SECONDS};

/// Most proofs that are remembered.
const CAPACITY: u64 = 200_000;

/// The proofs of the last minutes. Clones share them.
#[derive(Clone, Debug)]
pub struct Replays {
    seen: moka::sync::Cache<[u8; 32], ()>,
}

impl Default for Replays {
    fn default() -> Self {
        let window = MAX_AGE_SECONDS + MAX_AHEAD_SECONDS + 1;
        Self {
            seen: moka::sync::Cache::builder()
                .max_capacity(CAPACITY)
                // Not by frequency: an old hand must never keep a new proof out.
                .eviction_policy(EvictionPolicy::lru())
                .time_to_live(Duration::from_secs(window.unsigned_abs()))
                .build(),
        }
    }
}

impl Replays {
    /// Notes a proof. Of two racing calls exactly one is told that it is new.
    #[must_use]
    pub fn is_new(&self, id: [u8; 32]) -> bool {
        self.seen.entry(id).or_insert(()).is_fresh()
    }
}
