//! DPoP proofs (RFC 9449), good ones and forged ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::keys::{TestKey, base64url};
use crate::tokens::TokenSpec;

/// A proof that is not signed yet; everything can be changed.
#[derive(Clone, Debug)]
pub struct ProofSpec(TokenSpec);

impl ProofSpec {
    /// A good proof for this request, with a `jti` of its own.
    pub fn new(method: &str, url: &str, now: DateTime<Utc>) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let jti = format!("proof-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self(TokenSpec {
            header: json!({ "typ": "dpop+jwt" }),
            claims: json!({ "jti": jti, "htm": method, "htu": url, "iat": now.timestamp() }),
        })
    }

    /// The same for a request with this access token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        let hash = base64url(Sha256::digest(token));
        self.claim("ath", hash)
    }

    /// The same with a claim set.
    #[must_use]
    pub fn claim(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.claim(name, value))
    }

    /// The same without a claim.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        Self(self.0.without(name))
    }

    /// The same with a header member set.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.header(name, value))
    }

    /// The same without a header member.
    #[must_use]
    pub fn without_header(self, name: &str) -> Self {
        Self(self.0.without_header(name))
    }

    /// Signed by `key`, whose public half and algorithm go into the header.
    pub fn sign(self, key: &TestKey) -> String {
        let proof = self.header("alg", key.alg()).header("jwk", public(key));
        proof.0.sign_as_is(key)
    }

    /// Signed by `key`, the header left alone but for its algorithm when it has none.
    pub fn sign_as_is(mut self, key: &TestKey) -> String {
        if self.0.header.get("alg").is_none() {
            self = self.header("alg", key.alg());
        }
        self.0.sign_as_is(key)
    }

    /// `alg: none` with an empty signature.
    pub fn unsigned(self, key: &TestKey) -> String {
        self.header("jwk", public(key)).0.unsigned("x")
    }

    /// `alg: HS256`, signed with the public key's PEM.
    pub fn hs256(self, key: &TestKey) -> String {
        let proof = self.header("jwk", public(key));
        proof.0.hs256("x", &key.public_pem())
    }
}

/// The members that a client sends.
fn public(key: &TestKey) -> Value {
    let mut jwk = key.public_jwk();
    for name in ["use", "alg", "kid"] {
        jwk.as_object_mut().expect("an object").remove(name);
    }
    jwk
}

/// The thumbprint of a key (RFC 7638): its members in the order of their names.
pub fn thumbprint(key: &TestKey) -> String {
    let jwk = public(key);
    let members = jwk.as_object().expect("an object");
    let sorted: std::collections::BTreeMap<_, _> = members.iter().collect();
    let text = serde_json::to_string(&sorted).expect("JSON");
    base64url(Sha256::digest(text))
}

/// A P-256 key that all tests of a process share.
pub fn shared_key() -> &'static TestKey {
    static KEY: OnceLock<TestKey> = OnceLock::new();
    KEY.get_or_init(|| TestKey::p256("shared"))
}
