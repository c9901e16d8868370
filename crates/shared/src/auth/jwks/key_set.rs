//! A JWK Set as verifiers see it (RFC 7517 §5): only usable keys, each parsed once.
//!
//! In: JSON bytes. Out: [`KeySet`]. Never: a key without one algorithm of ours, not for signatures, or too short.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::auth::algorithm::SigningAlgorithm;

/// Longest document that is read, in bytes.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Most keys that are kept.
const MAX_KEYS: usize = 64;
/// Shortest and longest modulus, in bits (RFC 7518 §3.3: "2048 bits or larger MUST be used").
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Length of a coordinate on P-256 (RFC 7518 §6.2.1.2) and of an Ed25519 key (RFC 8032 §5.1.5), in bytes.
const CURVE_BYTES: usize = 32;

/// Why a document is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON object with `keys`; a half-written file, for example.
    #[error("not a JWK Set: {0}")]
    Malformed(String),
    /// No key in it can verify signatures of ours.
    #[error(
        "none of its {0} keys is a signing key with a kid that is RSA of 2048 bits or more, P-256 or Ed25519"
    )]
    NoUsableKeys(usize),
}

/// One public key and the one algorithm it verifies.
#[derive(Debug)]
pub struct VerifyingKey {
    algorithm: SigningAlgorithm,
    verifier: Box<dyn JwsVerifier>,
}

impl VerifyingKey {
    /// The only algorithm that this key verifies, whatever a token says (RFC 8725 §3.1).
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's signature of `message`, by [`VerifyingKey::algorithm`].
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
    /// Reads a JWK Set and keeps what has one algorithm of ours. Of two keys with one `kid` the first counts.
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
            let Some((kid, identity, key)) = usable(&map) else {
                continue;
            };
            if keys.contains_key(&kid) {
                continue;
            }
            hash.update(Sha256::digest(kid.as_bytes()));
            hash.update(Sha256::digest(identity.as_bytes()));
            keys.insert(kid, Arc::new(key));
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

/// The key's id, public members and verifier, when it has exactly one algorithm of ours.
fn usable(map: &Map<String, Value>) -> Option<(String, String, VerifyingKey)> {
    let kid = map.get("kid").and_then(Value::as_str);
    let kid = kid.filter(|kid| !kid.is_empty())?.to_owned();
    let (identity, key) = public_key(map)?;
    Some((kid, identity, key))
}

/// The public members and verifier of a JWK that has exactly one algorithm of ours.
pub(in crate::auth) fn public_key(map: &Map<String, Value>) -> Option<(String, VerifyingKey)> {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    let algorithm = SigningAlgorithm::of_key(text("kty")?, text("crv"))?;
    let members: &[&str] = match algorithm {
        SigningAlgorithm::Rs256 => &["n", "e"],
        SigningAlgorithm::Es256 => &["x", "y"],
        SigningAlgorithm::EdDsa => &["x"],
    };
    let mut identity = algorithm.as_str().to_owned();
    let mut decoded = Vec::with_capacity(members.len());
    for member in members {
        let value = text(member)?;
        decoded.push(URL_SAFE_NO_PAD.decode(value).ok()?);
        identity.push('.');
        identity.push_str(value);
    }
    if !is_sound(algorithm, &decoded) {
        return None;
    }
    let jwk = Jwk::from_map(map.clone()).ok()?;
    // Each checks kty, crv, use, key_ops and alg; a point that is not on the curve is refused.
    let verifier: Box<dyn JwsVerifier> = match algorithm {
        SigningAlgorithm::Rs256 => Box::new(RS256.verifier_from_jwk(&jwk).ok()?),
        SigningAlgorithm::Es256 => Box::new(ES256.verifier_from_jwk(&jwk).ok()?),
        SigningAlgorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(&jwk).ok()?),
    };
    let key = VerifyingKey {
        algorithm,
        verifier,
    };
    Some((identity, key))
}

/// Whether the public members have sizes and values that a sound key has.
fn is_sound(algorithm: SigningAlgorithm, members: &[Vec<u8>]) -> bool {
    match (algorithm, members) {
        (SigningAlgorithm::Rs256, [modulus, exponent]) => {
            MODULUS_BITS.contains(&bits(modulus)) && is_sound_exponent(exponent)
        }
        (SigningAlgorithm::Es256 | SigningAlgorithm::EdDsa, coordinates) => coordinates
            .iter()
            .all(|coordinate| coordinate.len() == CURVE_BYTES),
        (SigningAlgorithm::Rs256, _) => false,
    }
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
