//! Signs access tokens (RFC 7515, RFC 9068) and publishes the public keys.
//!
//! In: claims. Out: a compact JWS, and the JWKS document (RFC 7517 §5). Keys are made at the first start and by
//! the schedule, and kept in the store; the running server exchanges them whole. Never: gives a private key out.

mod document;
pub(crate) mod keeper;
mod keys;
mod publish;
mod ring;
mod sealed;

use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{self, JwsHeader},
};
use loop_oauth::{
    grants::{ACCESS_TOKEN_TYPE, SignError, TokenSigner},
    key::{self, Due, Policy, SigningKey},
    store::{Inserted, SigningKeys, StoreError},
};
use loop_shared::auth::{SigningAlgorithm, claims::AccessClaims};
use secrecy::SecretString;
use serde_json::Value;

pub use keeper::Keeper;
pub use publish::write_jwks_file;
use ring::Ring;
pub use sealed::SealError;

/// What keys are made and kept by.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// Algorithm and times.
    pub policy: Policy,
    /// Encrypts the stored keys.
    pub secret: Option<SecretString>,
    /// Did so before, and still opens what it encrypted.
    pub former: Vec<SecretString>,
}

impl KeySettings {
    /// The key behind its stored form, by whichever secret fits.
    fn open(&self, private: &SecretString) -> Result<Jwk, SealError> {
        let opened = sealed::open(private, self.secret.as_ref());
        if !matches!(opened, Err(SealError::WrongSecret)) {
            return opened;
        }
        let mut former = self.former.iter();
        let found = former.find_map(|secret| sealed::open(private, Some(secret)).ok());
        found.map_or(opened, Ok)
    }

    /// The same key sealed with the secret of today; `None`: it is.
    ///
    /// # Errors
    /// [`SealError`].
    pub(crate) fn renewed(
        &self,
        private: &SecretString,
    ) -> Result<Option<SecretString>, SealError> {
        let secret = self.secret.as_ref();
        let is_plain = sealed::open(private, None).is_ok();
        if sealed::open(private, secret).is_ok() && is_plain == secret.is_none() {
            return Ok(None);
        }
        sealed::seal(&self.open(private)?, secret).map(Some)
    }
}

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

/// Whether a stored key opens with these settings.
///
/// # Errors
/// [`SealError`] says why not, and what to do.
pub fn opens(key: &SigningKey, settings: &KeySettings) -> Result<(), SealError> {
    settings.open(&key.private).map(drop)
}

/// Whether a key was stored readably, before there was a secret.
#[must_use]
pub fn is_plain(key: &SigningKey) -> bool {
    sealed::open(&key.private, None).is_ok()
}

/// The key that signs and every key that may still verify. Clones share everything.
#[derive(Clone, Debug)]
pub struct Signer {
    ring: Arc<ArcSwap<Ring>>,
}

impl Signer {
    /// Opens the stored keys, making one when there is none to sign with.
    ///
    /// Of several replicas starting at once one stores its key; the others use that one.
    ///
    /// # Errors
    /// [`SignerError`]; each says what to do where something can be done.
    #[tracing::instrument(name = "signer.open", skip_all, fields(key_count))]
    pub async fn open(
        store: &dyn SigningKeys,
        settings: &KeySettings,
        now: DateTime<Utc>,
    ) -> Result<Self, SignerError> {
        let mut stored = store.signing_keys().await?;
        if key::due(&stored, now, &settings.policy) == Some(Due::First) {
            let made = make(settings).await?;
            add(store, &made, &stored, now, now).await?;
            stored = store.signing_keys().await?;
        }
        tracing::Span::current().record("key_count", stored.len());
        let ring = Ring::open(&stored, settings, now)?;
        Ok(Self {
            ring: Arc::new(ArcSwap::from_pointee(ring)),
        })
    }

    /// Takes the stored keys over, in one step for signatures and document. Whether anything changed.
    ///
    /// # Errors
    /// [`SignerError`]; the keys stay as they were.
    pub fn take(
        &self,
        stored: &[SigningKey],
        settings: &KeySettings,
        now: DateTime<Utc>,
    ) -> Result<bool, SignerError> {
        let published: Vec<_> = key::published(stored, now, &settings.policy).collect();
        if self.ring.load().is_of(&published) {
            return Ok(false);
        }
        let ring = Ring::open(stored, settings, now)?;
        self.ring.store(Arc::new(ring));
        Ok(true)
    }

    /// The JWKS document (RFC 7517 §5) with the public keys alone.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.ring.load().jwks.clone()
    }

    /// The algorithms of the published keys, each once.
    #[must_use]
    pub fn algorithms(&self) -> Vec<SigningAlgorithm> {
        self.ring.load().algorithms()
    }

    /// The claims of an access token that this server signed, whether or not it has expired;
    /// `None` for anything else.
    #[must_use]
    pub fn read_own(&self, token: &str) -> Option<AccessClaims> {
        self.read_typed(token, ACCESS_TOKEN_TYPE)
    }
}

impl TokenSigner for Signer {
    /// Signs with the key whose turn it is when the token is issued (`iat`).
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError> {
        let payload = serde_json::to_vec(claims).map_err(|error| failed(&error))?;
        let ring = self.ring.load();
        let issued_at = DateTime::from_timestamp(claims.iat, 0).unwrap_or_default();
        let key = ring
            .signing(issued_at)
            .ok_or_else(|| failed(&SignerError::NoneLeft))?;
        let mut header = JwsHeader::new();
        header.set_token_type(ACCESS_TOKEN_TYPE);
        header.set_key_id(&key.kid);
        jws::serialize_compact(&payload, &header, &*key.signer)
            .map(SecretString::from)
            .map_err(|error| failed(&error))
    }

    fn sign_typed(
        &self,
        typ: &'static str,
        at: DateTime<Utc>,
        claims: &dyn Fn(SigningAlgorithm) -> Value,
    ) -> Result<SecretString, SignError> {
        self.sign_made(typ, at, claims).map(SecretString::from)
    }
}

/// The cause as text, for whoever logs it.
fn failed(error: &dyn std::error::Error) -> SignError {
    SignError(error.to_string())
}

/// A new key in its stored form.
struct Made {
    kid: String,
    alg: SigningAlgorithm,
    private: SecretString,
}

async fn make(settings: &KeySettings) -> Result<Made, SignerError> {
    let alg = settings.policy.alg;
    let jwk = tokio::task::spawn_blocking(move || keys::generate(alg))
        .await
        .map_err(|_| SignerError::Interrupted)??;
    Ok(Made {
        kid: keys::thumbprint(alg, &jwk),
        alg,
        private: sealed::seal(&jwk, settings.secret.as_ref())?,
    })
}

/// Stores a key after the newest of `stored`, unless somebody else was first.
async fn add(
    store: &dyn SigningKeys,
    made: &Made,
    stored: &[SigningKey],
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<Inserted, StoreError> {
    let key = SigningKey {
        kid: made.kid.clone(),
        alg: made.alg,
        private: made.private.clone(),
        created_at: now,
        signs_from: key::turn_of(&made.kid, stored, signs_from),
        retired_at: None,
    };
    match key::newest(stored) {
        None => store.add_first_key(&key).await,
        Some(newest) => store.add_next_key(&key, &newest.kid).await,
    }
}

/// The header of a compact JWS, unverified.
fn jws_header(token: &str) -> Option<serde_json::Map<String, Value>> {
    let encoded = token.split('.').next()?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
