//! Remembers verified tokens by hash, to keep the signature check off the hot path.
//!
//! In: SHA-256 hashes. Out: principals, while the token has not expired. Never: tokens themselves,
//! an answer at or past `exp`, more than a fixed number of entries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::auth::Principal;

/// Most tokens that are remembered.
const CAPACITY: u64 = 20_000;

/// A token, without the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What was found out about a token.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) principal: Arc<Principal>,
    /// `nbf`, which a clock set back can make true again.
    pub(super) not_before: Option<i64>,
    /// `iat`, in seconds since the Unix epoch.
    pub(super) issued_at: i64,
    /// The key set that vouched for it.
    pub(super) generation: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    entry: Entry,
    lifetime: Duration,
}

/// A bounded memory of verified tokens.
#[derive(Debug)]
pub(super) struct VerifiedTokens {
    cache: moka::sync::Cache<TokenHash, Kept>,
}

struct UntilExp;

impl moka::Expiry<TokenHash, Kept> for UntilExp {
    fn expire_after_create(&self, _: &TokenHash, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &TokenHash,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.lifetime)
    }
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self {
            cache: moka::sync::Cache::builder()
                .max_capacity(CAPACITY)
                .expire_after(UntilExp)
                .build(),
        }
    }

    /// What is known of a token, while `now` is before its `exp` and not before its `nbf`.
    pub(super) fn get(&self, hash: &TokenHash, now: DateTime<Utc>) -> Option<Entry> {
        let entry = self.cache.get(hash)?.entry;
        let started = entry.not_before.is_none_or(|nbf| now.timestamp() >= nbf);
        (started && now < entry.principal.expires_at).then_some(entry)
    }

    /// Remembers a token until its `exp`; a token accepted within the leeway is not remembered.
    pub(super) fn keep(&self, hash: TokenHash, entry: Entry, now: DateTime<Utc>) {
        let Ok(lifetime) = (entry.principal.expires_at - now).to_std() else {
            return;
        };
        // moka refuses lifetimes of centuries.
        let lifetime = lifetime.min(Duration::from_hours(24));
        self.cache.insert(hash, Kept { entry, lifetime });
    }
}
