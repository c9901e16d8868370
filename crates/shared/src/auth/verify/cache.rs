//! Remembers verified tokens, to keep the signature check off the hot path.
//!
//! In: tokens. Out: what was found out about them, while they have not expired. Never: a whole token kept (of its signature
//! only the hash is), an answer for a token that differs in a letter, an answer at or past `exp`, more than a fixed number of
//! entries.
//! Source: [decision 37](../../../../../docs/decisions/0037-a-known-token-costs-a-look-up.md).

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;
use quick_cache::{UnitWeighter, sync::Cache};
use sha2::{Digest, Sha256};

use crate::auth::Principal;

/// Most tokens that are remembered.
const CAPACITY: usize = 20_000;

/// What was found out about a token.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) principal: Arc<Principal>,
    /// `nbf`, which a clock set back can make true again.
    pub(super) not_before: Option<i64>,
    /// `iat`, in seconds since the Unix epoch.
    pub(super) issued_at: i64,
    /// The key set that vouched for it.
    pub(super) generation: u64,
}

/// A token by its two halves: what is signed, and the SHA-256 of the signature. Whoever reads it has no token.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    signed: &'a str,
    signature: [u8; 32],
}

impl<'a> Known<'a> {
    pub(super) fn of(token: &'a str) -> Self {
        let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
        Self {
            signed,
            signature: Sha256::digest(signature.as_bytes()).into(),
        }
    }
}

struct Kept {
    signed: Box<str>,
    entry: Entry,
}

/// A bounded memory of verified tokens.
pub(super) struct VerifiedTokens {
    /// By the hash of the signature. Two tokens that share one (nobody can make such) would take turns.
    cache: Cache<[u8; 32], Arc<Kept>, UnitWeighter, RandomState>,
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        let (hasher, capacity) = (RandomState::default(), CAPACITY as u64);
        Self {
            cache: Cache::with(
                1024,
                capacity,
                UnitWeighter,
                hasher,
                quick_cache::sync::DefaultLifecycle::default(),
            ),
        }
    }

    /// What is known of a token, to the letter, while `now` is before its `exp` and not before its `nbf`.
    pub(super) fn get<T>(
        &self,
        token: &Known<'_>,
        now: DateTime<Utc>,
        read: impl FnOnce(&Entry) -> Option<T>,
    ) -> Option<T> {
        let kept = self.cache.get(&token.signature)?;
        let entry = &kept.entry;
        let started = entry.not_before.is_none_or(|nbf| now.timestamp() >= nbf);
        if !started || *kept.signed != *token.signed {
            return None;
        }
        if now >= entry.principal.expires_at {
            self.cache.remove(&token.signature);
            return None;
        }
        read(entry)
    }

    /// Remembers a token; one accepted within the leeway is not remembered.
    pub(super) fn keep(&self, token: &Known<'_>, entry: Entry, now: DateTime<Utc>) {
        if now < entry.principal.expires_at {
            let signed = token.signed.into();
            let kept = Arc::new(Kept { signed, entry });
            self.cache.insert(token.signature, kept);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.cache.len()
    }
}

impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Roles, Scope};

    fn entry(expires_at: i64) -> Entry {
        let principal = Principal {
            subject: "u".into(),
            client_id: "c".into(),
            scopes: Scope::McpRead.into(),
            roles: Roles::default(),
            sid: None,
            jti: "t".into(),
            expires_at: DateTime::from_timestamp(expires_at, 0).unwrap(),
            key: None,
        };
        Entry {
            principal: Arc::new(principal),
            not_before: Some(100),
            issued_at: 100,
            generation: 1,
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_known_token_is_known_to_the_letter() {
        let tokens = VerifiedTokens::new();
        let known = |token: &str, second| tokens.get(&Known::of(token), at(second), |_| Some(()));
        tokens.keep(&Known::of("head.body.signature"), entry(200), at(150));
        for (token, second, expected) in [
            ("head.body.signature", 150, true),
            ("head.body.signature", 100, true),
            ("head.body.signature", 99, false),
            // The same signature under other words.
            ("head.bodz.signature", 150, false),
            ("head.body2.signature", 150, false),
            (".signature", 150, false),
            ("signature", 150, false),
            ("head.body.signaturf", 150, false),
            ("head.body.", 150, false),
            ("head.body", 150, false),
            ("", 150, false),
            ("head.body.signature", 200, false),
            ("head.body.signature", 150, false), // gone for good
        ] {
            assert_eq!(known(token, second).is_some(), expected, "{token} {second}");
        }
    }

    #[test]
    fn no_more_tokens_are_remembered_than_allowed() {
        let tokens = VerifiedTokens::new();
        for number in 0..CAPACITY + 5_000 {
            let token = format!("head.body.{number}");
            tokens.keep(&Known::of(&token), entry(200), at(150));
        }
        assert!(tokens.len() <= CAPACITY, "{}", tokens.len());
        assert!(tokens.len() > CAPACITY / 2, "{}", tokens.len());
    }
}
