//! Signs access tokens with RS256 (RFC 7515, RFC 7518 §3.3, RFC 9068) and publishes the public keys.
//!
//! In: claims. Out: a compact JWS, and the JWKS document (RFC 7517 §5). The key is made at the first
//! start and kept in the store. Never: gives a private key out.

mod document;
mod publish;
mod sealed;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use josekit::{
    JoseError,
    jwk::{Jwk, KeyPair as _, alg::rsa::RsaKeyPair},
    jws::{
        self, JwsHeader, RS256,
        alg::rsassa::{RsassaJwsSigner, RsassaJwsVerifier},
    },
};
use loop_oauth::{
    grants::{SignError, TokenSigner},
    key::SigningKey,
    store::{SigningKeys, StoreError},
};
use loop_shared::auth::claims::AccessClaims;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use publish::write_jwks_file;
pub use sealed::SealError;

/// Length of a new RSA key, in bits (RFC 7518 §3.3: "2048 bits or larger").
const KEY_BITS: u32 = 2048;
/// The only algorithm for now.
const ALGORITHM: &str = "RS256";
/// Media type of an access token (RFC 9068 §2.1).
const TOKEN_TYPE: &str = "at+jwt";

/// Why the service has no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key could not be made or read.
    #[error("no signing key: {0}")]
    Key(#[from] JoseError),
    /// Generating the key did not finish.
    #[error("no signing key: its making was interrupted")]
    Interrupted,
    /// All stored keys are retired.
    #[error("no signing key: all stored keys are retired")]
    NoneLeft,
}

/// The key that signs and every key that may still verify.
#[derive(Debug)]
pub struct Signer {
    kid: String,
    current: RsassaJwsSigner,
    verifiers: Vec<(String, RsassaJwsVerifier)>,
    jwks: Arc<str>,
}

impl Signer {
    /// Opens the stored keys, making the first one when there is none.
    ///
    /// Of several replicas starting at once one stores its key; the others use that one.
    ///
    /// # Errors
    /// [`SignerError`]; each says what to do where something can be done.
    #[tracing::instrument(name = "signer.open", skip_all, fields(key_count))]
    pub async fn open(
        store: &dyn SigningKeys,
        secret: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<Self, SignerError> {
        let mut stored = store.signing_keys().await?;
        if stored.is_empty() {
            let jwk = tokio::task::spawn_blocking(generate)
                .await
                .map_err(|_| SignerError::Interrupted)??;
            store.add_first_key(&first_key(&jwk, secret, now)?).await?;
            stored = store.signing_keys().await?;
        }
        tracing::Span::current().record("key_count", stored.len());
        Self::from_stored(&stored, secret, now)
    }

    fn from_stored(
        stored: &[SigningKey],
        secret: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<Self, SignerError> {
        let mut public = Vec::with_capacity(stored.len());
        let mut verifiers = Vec::with_capacity(stored.len());
        let mut current = None;
        for key in stored {
            let jwk = sealed::open(&key.private, secret)?;
            let shown = published(&jwk, &key.kid)?;
            verifiers.push((key.kid.clone(), RS256.verifier_from_jwk(&shown)?));
            public.push(Value::Object(shown.into()));
            if key.retired_at.is_none() && key.signs_from <= now {
                current = Some((key.kid.clone(), RS256.signer_from_jwk(&jwk)?));
            }
        }
        let (kid, signer) = current.ok_or(SignerError::NoneLeft)?;
        Ok(Self {
            kid,
            current: signer,
            verifiers,
            jwks: json!({ "keys": public }).to_string().into(),
        })
    }

    /// The JWKS document (RFC 7517 §5) with the public keys alone.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The claims of an access token that this server signed, whether or not it has expired;
    /// `None` for anything else.
    #[must_use]
    pub fn read_own(&self, token: &str) -> Option<AccessClaims> {
        let header = jws_header(token)?;
        let kid = header.get("kid")?.as_str()?;
        if header.get("typ")?.as_str()? != TOKEN_TYPE || header.get("alg")?.as_str()? != ALGORITHM {
            return None;
        }
        let (_, verifier) = self.verifiers.iter().find(|(known, _)| known == kid)?;
        let (payload, _) = jws::deserialize_compact(token, verifier).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

impl TokenSigner for Signer {
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError> {
        let payload = serde_json::to_vec(claims).map_err(|error| failed(&error))?;
        let mut header = JwsHeader::new();
        header.set_token_type(TOKEN_TYPE);
        header.set_key_id(&self.kid);
        jws::serialize_compact(&payload, &header, &self.current)
            .map(SecretString::from)
            .map_err(|error| failed(&error))
    }
}

/// The cause as text, for whoever logs it.
fn failed(error: &dyn std::error::Error) -> SignError {
    SignError(error.to_string())
}

/// A new private key as a JWK. Takes a second or so: blocking threads only.
fn generate() -> Result<Jwk, JoseError> {
    Ok(RsaKeyPair::generate(KEY_BITS)?.to_jwk_private_key())
}

fn first_key(
    jwk: &Jwk,
    secret: Option<&SecretString>,
    now: DateTime<Utc>,
) -> Result<SigningKey, SignerError> {
    Ok(SigningKey {
        kid: thumbprint(jwk),
        alg: ALGORITHM.to_owned(),
        private: sealed::seal(jwk, secret)?,
        created_at: now,
        signs_from: now, // nobody can have cached an older document
        retired_at: None,
    })
}

/// The published form of a key: public members, `kid`, `alg`, `use`.
fn published(jwk: &Jwk, kid: &str) -> Result<Jwk, JoseError> {
    let mut shown = Jwk::new("RSA");
    for member in ["n", "e"] {
        shown.set_parameter(member, jwk.parameter(member).cloned())?;
    }
    shown.set_key_id(kid);
    shown.set_algorithm(ALGORITHM);
    shown.set_key_use("sig");
    Ok(shown)
}

/// The JWK thumbprint of an RSA key (RFC 7638 §3): SHA-256 over its required members in order.
fn thumbprint(jwk: &Jwk) -> String {
    let member = |name| {
        jwk.parameter(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    // The members hold base64url only, so nothing needs escaping.
    let text = format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        member("e"),
        member("n")
    );
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The header of a compact JWS, unverified.
fn jws_header(token: &str) -> Option<serde_json::Map<String, Value>> {
    let encoded = token.split('.').next()?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
