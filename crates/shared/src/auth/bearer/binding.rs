//! Whether a caller holds the key that its token is bound to (RFC 9449 §7).
//!
//! In: the token, how it was presented, the `DPoP` header, the configured address. Out: nothing, or the refusal.
//! Never: a bound token as a bearer token, the address of a `Host` header, a proof twice.

use super::credentials::{Credentials, Scheme};
use crate::auth::challenge::Refusal;
use crate::auth::dpop::{self, DpopError, Expected, Nonces, Replays, Target, Thumbprint};
use crate::auth::verify::VerifyError;

/// What checking needs to know. Clones share what was seen.
#[derive(Clone, Debug)]
pub struct Binding {
    external: String,
    nonces: Option<Nonces>,
    replays: Replays,
}

/// A request with a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented<'a> {
    pub(super) credentials: Credentials<'a>,
    /// The values of all `DPoP` headers: at most two are looked at.
    pub(super) proofs: [Option<&'a [u8]>; 2],
    pub(super) method: &'a str,
    pub(super) path: &'a str,
}

impl Binding {
    /// For a service that people reach at `external` (`EXTERNAL_URL`); with `nonces` every proof must answer one.
    pub fn new(external: impl Into<String>, nonces: Option<Nonces>) -> Self {
        Self {
            external: external.into(),
            nonces,
            replays: Replays::default(),
        }
    }

    /// The nonce of this moment, when proofs need one.
    pub(super) fn nonce(&self, now: i64) -> Option<String> {
        self.nonces.as_ref().map(|nonces| nonces.issue(now))
    }

    /// Checks the binding of a verified token to `key`.
    pub(super) fn check(
        &self,
        presented: &Presented<'_>,
        key: Option<&Thumbprint>,
        now: i64,
    ) -> Result<(), Refusal> {
        match (presented.credentials.scheme, key) {
            (Scheme::Bearer, None) => Ok(()),
            (Scheme::Bearer, Some(_)) => Err(Refusal::InvalidToken(VerifyError::Bound)),
            (Scheme::Dpop, None) => Err(Refusal::InvalidToken(VerifyError::NotBound)),
            (Scheme::Dpop, Some(key)) => self.prove(presented, key, now),
        }
    }

    fn prove(&self, presented: &Presented<'_>, key: &Thumbprint, now: i64) -> Result<(), Refusal> {
        let text = match presented.proofs {
            [Some(one), None] => std::str::from_utf8(one).map_err(|_| DpopError::Malformed),
            [None, _] => Err(DpopError::Missing),
            [Some(_), Some(_)] => Err(DpopError::Several),
        };
        let target = Target::of_request(&self.external, presented.path).ok_or(DpopError::Target);
        let proof = text.and_then(|text| {
            let target = target?;
            let expected = Expected {
                method: presented.method,
                target: &target,
                now,
                token: Some(presented.credentials.token),
            };
            dpop::verify(text, &expected)
        });
        let proof = proof.map_err(Refusal::InvalidProof)?;
        if proof.key != *key {
            return Err(Refusal::InvalidToken(VerifyError::NotBound));
        }
        if let Some(nonces) = &self.nonces {
            let told = proof.nonce.as_deref();
            if !told.is_some_and(|nonce| nonces.accepts(nonce, now)) {
                return Err(Refusal::NonceNeeded);
            }
        }
        // Last of all, so that only whoever holds a good token and its key makes this server remember.
        if self.replays.is_new(proof.id()) {
            Ok(())
        } else {
            Err(Refusal::InvalidProof(DpopError::Replayed))
        }
    }
}
