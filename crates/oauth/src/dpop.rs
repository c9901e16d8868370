//! Proof of possession at the authorization server (RFC 9449 §5).
//!
//! In: the proof of a request by an authenticated client. Out: the key that tokens are bound to. Never: a proof
//! twice (decided in the database, for all replicas), a token of a bound grant for another key.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use loop_shared::auth::{
    algorithm::SigningAlgorithm,
    claims::{AccessClaims, Confirmation},
    dpop::{self, DpopError, Expected, Nonces, Target, Thumbprint},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    config::Context,
    grant::GrantId,
    grants::{ACCESS_TOKEN_TYPE, GrantProblem, SignError, TokenError, TokenSigner},
    secret::SecretHash,
    store::{Inserted, JtiKind, StoreError},
};

/// What an operator decides about proofs.
#[derive(Clone, Debug, Default)]
pub struct DpopRules {
    /// Makes the nonces that every proof must answer; `None`: proofs need none.
    pub nonces: Option<Nonces>,
}

/// A request that comes with a proof.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The one value of the `DPoP` header.
    pub proof: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// The configured address of the endpoint.
    pub target: &'a Target,
    /// The access token that it comes with, where it opens something (RFC 9449 §7).
    pub token: Option<&'a str>,
}

/// Why a proof shows no key.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] DpopError),
    /// It must answer this nonce (RFC 9449 §8, §9).
    #[error("the proof lacks a current nonce")]
    Nonce(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unproven> for TokenError {
    fn from(why: Unproven) -> Self {
        match why {
            Unproven::Proof(why) => Self::InvalidDpopProof(why),
            Unproven::Nonce(nonce) => Self::UseDpopNonce(nonce),
            Unproven::Store(error) => Self::Store(error),
        }
    }
}

/// Checks a proof and spends it. Call it when the client is authenticated, or its access token found to be one.
///
/// # Errors
/// [`Unproven`].
#[tracing::instrument(name = "dpop.admit", skip_all)]
pub async fn admit(cx: &Context<'_>, presented: Presented<'_>) -> Result<Thumbprint, Unproven> {
    let now = cx.now.timestamp();
    let expected = Expected {
        method: presented.method,
        target: presented.target,
        now,
        token: presented.token,
    };
    let proof = dpop::verify(presented.proof, &expected)?;
    if let Some(nonces) = &cx.rules.dpop.nonces {
        let told = proof.nonce.as_deref();
        if !told.is_some_and(|nonce| nonces.accepts(nonce, now)) {
            return Err(Unproven::Nonce(nonces.issue(now)));
        }
    }
    let hash = SecretHash(proof.id());
    let until = DateTime::from_timestamp(proof.expires_at, 0).ok_or(DpopError::Time)?;
    match cx.store.claim_jti(JtiKind::DPOP, &hash, until).await? {
        Inserted::Now => Ok(proof.key),
        Inserted::AlreadyThere => Err(DpopError::Replayed.into()),
    }
}

/// Whether `shown` is the key that a code or refresh token is `bound` to. "The authorization server MUST
/// [...] verify that the proof [...] matches" (RFC 9449 §5, §10).
pub(crate) fn check_key(
    grant: GrantId,
    bound: Option<&Thumbprint>,
    shown: Option<&Thumbprint>,
) -> Result<(), TokenError> {
    match (bound, shown) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(TokenError::InvalidDpopProof(DpopError::Missing)),
        (Some(bound), Some(shown)) if bound == shown => Ok(()),
        (Some(_), Some(_)) => Err(GrantProblem::WrongKey(grant).into()),
    }
}

/// Signs tokens that are bound to `key`.
pub(crate) struct Bound<'a> {
    pub(crate) signer: &'a dyn TokenSigner,
    pub(crate) key: &'a Thumbprint,
}

impl TokenSigner for Bound<'_> {
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError> {
        let cnf = Some(Confirmation {
            jkt: Some(self.key.clone()),
        });
        self.signer.sign(&AccessClaims {
            cnf,
            ..claims.clone()
        })
    }

    /// An access token that also has identity scopes is one all the same.
    fn sign_typed(
        &self,
        typ: &'static str,
        at: DateTime<Utc>,
        claims: &dyn Fn(SigningAlgorithm) -> Value,
    ) -> Result<SecretString, SignError> {
        if typ != ACCESS_TOKEN_TYPE {
            return self.signer.sign_typed(typ, at, claims);
        }
        self.signer.sign_typed(typ, at, &|alg| {
            let mut bound = claims(alg);
            bound["cnf"] = json!({ "jkt": self.key.as_str() });
            bound
        })
    }
}
