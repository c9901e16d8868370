//! Signing keys for tests; numbered ones are RSA and generated once in a process.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{ES256, EdDSA, JwsSigner, RS256};
use serde_json::{Value, json};

/// A signing key; numbered ones are RSA of 2048 bits with the `kid` `key-<n>`.
#[derive(Debug)]
pub struct TestKey {
    /// Its id.
    pub kid: String,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    P256(EcKeyPair),
    Ed25519(EdKeyPair),
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
    /// A new RSA key, of any length.
    pub fn generate(kid: impl Into<String>, bits: u32) -> Self {
        let pair = RsaKeyPair::generate(bits).expect("OpenSSL makes a key");
        Self {
            kid: kid.into(),
            pair: Pair::Rsa(pair),
        }
    }

    /// A new P-256 key, for ES256.
    pub fn p256(kid: impl Into<String>) -> Self {
        let pair = EcKeyPair::generate(EcCurve::P256).expect("OpenSSL makes a key");
        Self {
            kid: kid.into(),
            pair: Pair::P256(pair),
        }
    }

    /// A new Ed25519 key, for `EdDSA`.
    pub fn ed25519(kid: impl Into<String>) -> Self {
        let pair = EdKeyPair::generate(EdCurve::Ed25519).expect("OpenSSL makes a key");
        Self {
            kid: kid.into(),
            pair: Pair::Ed25519(pair),
        }
    }

    /// The JWS algorithm it signs with.
    pub fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// The public half as a JWK for signatures.
    pub fn public_jwk(&self) -> Value {
        let (jwk, members): (_, &[&str]) = match &self.pair {
            Pair::Rsa(pair) => (pair.to_jwk_public_key(), &["kty", "n", "e"]),
            Pair::P256(pair) => (pair.to_jwk_public_key(), &["kty", "crv", "x", "y"]),
            Pair::Ed25519(pair) => (pair.to_jwk_public_key(), &["kty", "crv", "x"]),
        };
        let mut shown = json!({ "use": "sig", "alg": self.alg(), "kid": self.kid });
        for name in members {
            shown[*name] = jwk.parameter(name).expect("a public member").clone();
        }
        shown
    }

    /// The public half as PEM: what an HS256 attacker signs with.
    pub fn public_pem(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.to_pem_public_key(),
            Pair::P256(pair) => pair.to_pem_public_key(),
            Pair::Ed25519(pair) => pair.to_pem_public_key(),
        }
    }

    /// The private half as PEM (PKCS #8).
    pub fn private_pem(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.to_pem_private_key(),
            Pair::P256(pair) => pair.to_pem_private_key(),
            Pair::Ed25519(pair) => pair.to_pem_private_key(),
        }
    }

    /// This key's signature of `message` by its own algorithm.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let pem = self.private_pem();
        let signer: Result<Box<dyn JwsSigner>, _> = match self.pair {
            Pair::Rsa(_) => RS256.signer_from_pem(pem).map(|made| Box::new(made) as _),
            Pair::P256(_) => ES256.signer_from_pem(pem).map(|made| Box::new(made) as _),
            Pair::Ed25519(_) => EdDSA.signer_from_pem(pem).map(|made| Box::new(made) as _),
        };
        signer
            .expect("the key's own kind")
            .sign(message)
            .expect("OpenSSL signs")
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
