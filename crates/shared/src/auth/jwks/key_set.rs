//! A JWK Set as verifiers see it (RFC 7517 §5): only usable keys, each parsed once.
//!
//! In: JSON bytes. Out: [`KeySet`]. Never: a key that is not RSA, not for signatures, or too short.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::alg::rsassa::RsassaJwsVerifier;
use josekit::jws::{JwsVerifier, RS256};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Longest document that is read, in bytes.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Most keys that are kept.
const MAX_KEYS: usize = 64;
/// Shortest and longest modulus, in bits (RFC 7518 §3.3: "2048 bits or larger MUST be used").
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a document is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON object with `keys`; a half-written file, for example.
    #[error("not a JWK Set: {0}")]
    Malformed(String),
    /// No key in it can verify RS256 signatures.
    #[error("none of its {0} keys is an RSA signing key of 2048 bits or more with a kid")]
    NoUsableKeys(usize),
}

/// One public RSA key, ready to verify RS256.
#[derive(Debug)]
pub struct VerifyingKey {
    verifier: RsassaJwsVerifier,
}

impl VerifyingKey {
    /// Whether `signature` is this key's RS256 signature of `message` (RFC 7518 §3.3).
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verify(message, signature).is_ok()
    }
}

/// The usable keys of an issuer, by `kid`.
#[derive(Debug)]
pub struct KeySet {
    keys: BTreeMap<String, Arc<VerifyingKey>>,
    fingerprint: [u8; 32],
    generation: u64,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Map<String, Value>>,
}

impl KeySet {
    /// Reads a JWK Set and keeps what can verify RS256. Of two keys with one `kid` the first counts.
    ///
    /// # Errors
    /// [`KeySetError`] when it is no JWK Set or has no usable key: the caller keeps its old keys.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_slice(json)
            .map_err(|error| KeySetError::Malformed(error.to_string()))?;
        let total = document.keys.len();
        let mut keys = BTreeMap::new();
        let mut hash = Sha256::new();
        for map in document.keys.into_iter().take(MAX_KEYS) {
            let Some((kid, modulus, verifier)) = usable(map) else {
                continue;
            };
            if keys.contains_key(&kid) {
                continue;
            }
            hash.update(Sha256::digest(kid.as_bytes()));
            hash.update(Sha256::digest(modulus.as_bytes()));
            keys.insert(kid, Arc::new(VerifyingKey { verifier }));
        }
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKeys(total));
        }
        Ok(Self {
            keys,
            fingerprint: hash.finalize().into(),
            generation: 0,
        })
    }

    /// The key with this id.
    pub fn get(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.keys.get(kid).cloned()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never true: a set without usable keys is not accepted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Counts up whenever the keys of a source change.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether both sets have the same keys.
    pub(super) fn same_keys(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }

    pub(super) fn numbered(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }
}

/// The key's id, modulus with exponent, and verifier, when it may verify RS256.
fn usable(map: Map<String, Value>) -> Option<(String, String, RsassaJwsVerifier)> {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    let kid = text("kid").filter(|kid| !kid.is_empty())?.to_owned();
    let (n, e) = (text("n")?, text("e")?);
    let modulus = URL_SAFE_NO_PAD.decode(n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(e).ok()?;
    if !MODULUS_BITS.contains(&bits(&modulus)) || !is_sound_exponent(&exponent) {
        return None;
    }
    let identity = format!("{n}.{e}");
    let jwk = Jwk::from_map(map).ok()?;
    // Checks kty, use, key_ops and alg.
    let verifier = RS256.verifier_from_jwk(&jwk).ok()?;
    Some((kid, identity, verifier))
}

fn bits(big_endian: &[u8]) -> usize {
    let significant = big_endian
        .iter()
        .position(|byte| *byte != 0)
        .map_or(&[][..], |at| &big_endian[at..]);
    significant.first().map_or(0, |first| {
        significant.len() * 8 - first.leading_zeros() as usize
    })
}

/// Odd, at least 3 (1 would make every message its own signature), at most 32 bits.
fn is_sound_exponent(exponent: &[u8]) -> bool {
    let odd = exponent.last().is_some_and(|last| last & 1 == 1);
    odd && (2..=32).contains(&bits(exponent))
}
