//! The public keys of a client that signs assertions (RFC 7591 §2: `jwks`, `jwks_uri`).
//!
//! In: a JWK Set. Out: [`PublicKeys`], each with the one algorithm its type has. Never: a private or symmetric key,
//! which is a reason to refuse the whole set: "private key material MUST NOT be included".

use std::sync::Arc;

use loop_shared::auth::{SigningAlgorithm, jwks::KeySet};
use serde_json::{Map, Value, json};

/// The longest JWK Set that is read, in bytes.
pub const MAX_JWKS_BYTES: usize = 65_536;

/// The most keys that are kept.
const MAX_KEYS: usize = 16;

/// The longest key id, in bytes.
const MAX_KID_BYTES: usize = 256;

/// Members of a public key (RFC 7518 §6, RFC 8037 §2) beside its id; the others are not kept.
const PUBLIC: [&str; 8] = ["kty", "use", "alg", "crv", "x", "y", "n", "e"];

/// Members of a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JWK Set is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not an object with a list of keys.
    #[error("the keys must be a JWK Set of at most 64 KB")]
    Malformed,
    /// Somebody published a secret.
    #[error("the keys must be public ones")]
    Private,
    /// Nothing that can verify.
    #[error("none of the keys is RSA of 2048 bits or more, P-256 or Ed25519, for signatures")]
    Useless,
}

/// Public keys that can verify; at least one.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    /// What is stored: public members of usable keys only.
    json: String,
    kids: Vec<String>,
    set: Arc<KeySet>,
}

impl PartialEq for PublicKeys {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for PublicKeys {}

impl PublicKeys {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn parse(json: &[u8]) -> Result<Self, BadKeys> {
        if json.len() > MAX_JWKS_BYTES {
            return Err(BadKeys::Malformed);
        }
        let set: Value = serde_json::from_slice(json).map_err(|_| BadKeys::Malformed)?;
        Self::read(&set)
    }

    /// Reads a JWK Set that stands in another document.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn read(set: &Value) -> Result<Self, BadKeys> {
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(BadKeys::Malformed)?;
        let mut kept = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let key = key.as_object().ok_or(BadKeys::Malformed)?;
            let secret = key.get("kty").and_then(Value::as_str) == Some("oct");
            if secret || PRIVATE.iter().any(|member| key.contains_key(*member)) {
                return Err(BadKeys::Private);
            }
            if kept.len() < MAX_KEYS
                && let Some(key) = usable(key, at)
            {
                kept.push(key);
            }
        }
        let kids: Vec<String> = kept.iter().map(|(kid, _)| kid.clone()).collect();
        let kept: Vec<Value> = kept.into_iter().map(|(_, key)| key).collect();
        let json = json!({ "keys": kept }).to_string();
        let set = KeySet::parse(json.as_bytes()).map_err(|_| BadKeys::Useless)?;
        let set = Arc::new(set);
        Ok(Self { json, kids, set })
    }

    /// The set as JSON, without anything that is not needed.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Whether there is a key with this id.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.set.get(kid).is_some()
    }

    /// Whether one of the keys signed the message with this algorithm: the one with that id, or any when a
    /// signature names none. A key verifies by its own algorithm only (RFC 8725 §3.1).
    #[must_use]
    pub fn verify(
        &self,
        alg: SigningAlgorithm,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let signed = |kid: &str| {
            self.set
                .get(kid)
                .is_some_and(|key| key.algorithm() == alg && key.verifies(message, signature))
        };
        kid.map_or_else(|| self.kids.iter().any(|kid| signed(kid)), signed)
    }
}

/// The public members, with an id of our own when it has none; `None` for a key that cannot verify.
fn usable(key: &Map<String, Value>, at: usize) -> Option<(String, Value)> {
    let kid = match key.get("kid") {
        None | Some(Value::Null) => format!("unnamed {at}"),
        Some(Value::String(kid)) if kid.len() <= MAX_KID_BYTES => kid.clone(),
        Some(_) => return None,
    };
    let mut kept: Map<String, Value> = Map::new();
    kept.insert("kid".to_owned(), Value::from(kid.clone()));
    for member in PUBLIC {
        if let Some(value) = key.get(member) {
            kept.insert(member.to_owned(), value.clone());
        }
    }
    let key = Value::Object(kept);
    let alone = json!({ "keys": [key] }).to_string();
    KeySet::parse(alone.as_bytes())
        .is_ok()
        .then_some((kid, key))
}

/// Where a client's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// With its metadata (`jwks`).
    Inline(PublicKeys),
    /// Behind a URL (`jwks_uri`), with the last good copy, for when its host is down.
    Uri(String, Option<PublicKeys>),
}

/// How a client signs its assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKeys {
    /// With which keys.
    pub source: KeySource,
    /// With which algorithm alone (`token_endpoint_auth_signing_alg`); `None`: whatever the key is for.
    pub alg: Option<SigningAlgorithm>,
    /// Whether its metadata document also lists `none`: it may come without an assertion.
    pub optional: bool,
}

impl ClientKeys {
    /// The keys that are known without asking anybody.
    #[must_use]
    pub const fn at_hand(&self) -> Option<&PublicKeys> {
        match &self.source {
            KeySource::Inline(keys) => Some(keys),
            KeySource::Uri(_, keys) => keys.as_ref(),
        }
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (uri, keys) = match &self.source {
            KeySource::Inline(keys) => (None, Some(keys)),
            KeySource::Uri(uri, keys) => (Some(uri), keys.as_ref()),
        };
        json!({
            "uri": uri,
            "jwks": keys.map(PublicKeys::json),
            "alg": self.alg.map(SigningAlgorithm::as_str),
            "optional": self.optional,
        })
        .to_string()
    }

    /// Reads the stored form; `None` when it is none.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let stored: Value = serde_json::from_str(text).ok()?;
        let member = |name: &str| stored.get(name).and_then(Value::as_str);
        let keys = member("jwks").map(|jwks| PublicKeys::parse(jwks.as_bytes()));
        let keys = keys.transpose().ok()?;
        let source = match (member("uri"), keys) {
            (Some(uri), keys) => KeySource::Uri(uri.to_owned(), keys),
            (None, Some(keys)) => KeySource::Inline(keys),
            (None, None) => return None,
        };
        let alg = member("alg").map(SigningAlgorithm::parse);
        Some(Self {
            source,
            alg: alg.transpose().ok()?,
            optional: stored.get("optional")?.as_bool()?,
        })
    }
}
