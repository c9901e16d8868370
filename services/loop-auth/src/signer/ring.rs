//! The keys of one moment, opened: what signs when, what verifies, and the document that is published.
//!
//! In: stored keys. Out: signatures and the JWKS document. Never: changes; a newer ring takes its place whole.

use chrono::{DateTime, Utc};
use josekit::jws::{JwsSigner, JwsVerifier};
use loop_oauth::key::{self, SigningKey};
use loop_shared::auth::SigningAlgorithm;
use serde_json::{Value, json};

use super::{KeySettings, SignerError, keys};

/// An opened key.
#[derive(Debug)]
pub(super) struct RingKey {
    pub(super) kid: String,
    pub(super) alg: SigningAlgorithm,
    pub(super) signer: Box<dyn JwsSigner>,
    pub(super) verifier: Box<dyn JwsVerifier>,
    stored: SigningKey,
}

/// Opened keys and their document.
#[derive(Debug)]
pub(super) struct Ring {
    keys: Vec<RingKey>,
    /// The same keys as stored, for the rules.
    stored: Vec<SigningKey>,
    pub(super) jwks: String,
}

impl Ring {
    /// Opens what of `stored` is published at `now`.
    ///
    /// # Errors
    /// [`SignerError`] when a key does not open or none is left to sign with.
    pub(super) fn open(
        stored: &[SigningKey],
        settings: &KeySettings,
        now: DateTime<Utc>,
    ) -> Result<Self, SignerError> {
        let mut public = Vec::with_capacity(stored.len());
        let mut opened = Vec::with_capacity(stored.len());
        for key in key::published(stored, now, &settings.policy) {
            let jwk = settings.open(&key.private)?;
            let shown = keys::published(key.alg, &jwk, &key.kid)?;
            opened.push(RingKey {
                kid: key.kid.clone(),
                alg: key.alg,
                signer: keys::signer(key.alg, &jwk)?,
                verifier: keys::verifier(key.alg, &shown)?,
                stored: key.clone(),
            });
            public.push(Value::Object(shown.into()));
        }
        let stored: Vec<_> = opened.iter().map(|key| key.stored.clone()).collect();
        if key::signing(&stored, now).is_none() && key::next(&stored, now).is_none() {
            return Err(SignerError::NoneLeft);
        }
        Ok(Self {
            keys: opened,
            stored,
            jwks: json!({ "keys": public }).to_string(),
        })
    }

    /// The key that signs at `now`. Before the time of the first one that may ever sign again (a clock was set
    /// back, or `now` is the second in which it was made), that one.
    pub(super) fn signing(&self, now: DateTime<Utc>) -> Option<&RingKey> {
        let turn = |key: &&SigningKey| (key.retired_at.is_some(), key.signs_from);
        let first = || self.stored.iter().min_by_key(turn);
        let signing = key::signing(&self.stored, now).or_else(first)?;
        self.key(&signing.kid)
    }

    pub(super) fn key(&self, kid: &str) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The algorithms of the published keys, each once.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let mut all: Vec<_> = self.keys.iter().map(|key| key.alg).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether opening `stored` again would make the same ring.
    pub(super) fn is_of(&self, stored: &[&SigningKey]) -> bool {
        let times = |key: &SigningKey| (key.kid.clone(), key.signs_from, key.retired_at);
        self.stored
            .iter()
            .map(times)
            .eq(stored.iter().map(|key| times(key)))
    }
}
