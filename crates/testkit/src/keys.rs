//! RSA keys for tests, each generated once in a process.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::RS256;
use serde_json::{Value, json};

/// A signing key of 2048 bits, `kid` `key-<n>`.
#[derive(Debug)]
pub struct TestKey {
    /// Its id.
    pub kid: String,
    pair: RsaKeyPair,
}

static KEYS: Mutex<Vec<(usize, &'static TestKey)>> = Mutex::new(Vec::new());

/// The key with number `n`; the same one at every call.
pub fn key(n: usize) -> &'static TestKey {
    let mut keys = KEYS.lock().expect("no test died while making a key");
    if let Some((_, found)) = keys.iter().find(|(number, _)| *number == n) {
        return found;
    }
    let made: &'static TestKey = Box::leak(Box::new(TestKey::generate(format!("key-{n}"), 2048)));
    keys.push((n, made));
    made
}

impl TestKey {
    /// A new key, of any length.
    pub fn generate(kid: impl Into<String>, bits: u32) -> Self {
        let pair = RsaKeyPair::generate(bits).expect("OpenSSL makes a key");
        Self {
            kid: kid.into(),
            pair,
        }
    }

    /// The public half as a JWK for signatures.
    pub fn public_jwk(&self) -> Value {
        let jwk = self.pair.to_jwk_public_key();
        let part = |name: &str| jwk.parameter(name).expect("an RSA key").clone();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": part("n"), "e": part("e"),
        })
    }

    /// The public half as PEM: what an HS256 attacker signs with.
    pub fn public_pem(&self) -> Vec<u8> {
        self.pair.to_pem_public_key()
    }

    /// The private half as PEM (PKCS #8).
    pub fn private_pem(&self) -> Vec<u8> {
        self.pair.to_pem_private_key()
    }

    /// This key's RS256 signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        use josekit::jws::JwsSigner;
        let signer = RS256
            .signer_from_pem(self.private_pem())
            .expect("an RSA key");
        signer.sign(message).expect("OpenSSL signs")
    }
}

/// A JWK Set of these keys.
pub fn jwks(keys: &[&TestKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public_jwk()).collect::<Vec<_>>() })
}

/// Base64url without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
