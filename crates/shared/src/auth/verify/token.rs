//! Takes a compact JWS apart (RFC 7515 §7.1) and refuses what could never be an access token of ours.
//!
//! In: text. Out: parts, not yet to be believed. Never: panics, whatever the text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::VerifyError;
use crate::auth::algorithm::SigningAlgorithm;
use crate::auth::claims::AccessClaims;

/// A token whose form is right and whose signature was not looked at.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    signed_part: &'a str,
    signature: Vec<u8>,
    algorithm: SigningAlgorithm,
    kid: String,
    claims: AccessClaims,
}

/// The members of the header that matter; `jwk`, `jku` and `x5u` do not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Unverified<'a> {
    /// # Errors
    /// [`VerifyError`] for whatever can be told from the token's form.
    pub(super) fn parse(token: &'a str) -> Result<Self, VerifyError> {
        let (signed_part, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signed_part.split_once('.').ok_or(VerifyError::Malformed)?;
        let header: Header = json(header).ok_or(VerifyError::Malformed)?;
        // What no key of ours verifies (`none`, HMAC) ends here; which of the others it may be, its key says.
        let algorithm = SigningAlgorithm::parse(&header.alg).map_err(|_| VerifyError::Algorithm)?;
        if !header.typ.is_some_and(|typ| is_access_token_type(&typ)) {
            return Err(VerifyError::Type);
        }
        if header.crit.is_some() {
            return Err(VerifyError::Critical);
        }
        let kid = header
            .kid
            .filter(|kid| !kid.is_empty())
            .ok_or(VerifyError::NoKid)?;
        let payload = decode(payload).ok_or(VerifyError::Malformed)?;
        let claims = serde_json::from_slice(&payload).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => VerifyError::Claims,
            _ => VerifyError::Malformed,
        })?;
        let signature = decode(signature).ok_or(VerifyError::Malformed)?;
        Ok(Self {
            signed_part,
            signature,
            algorithm,
            kid,
            claims,
        })
    }

    pub(super) const fn signed_part(&self) -> &[u8] {
        self.signed_part.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) const fn claims(&self) -> &AccessClaims {
        &self.claims
    }

    pub(super) fn into_claims(self) -> AccessClaims {
        self.claims
    }
}

/// RFC 9068 §4: `at+jwt` or `application/at+jwt`; media types ignore case.
fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

/// Strict: no padding, no line breaks, no stray bits; a second dot is no base64url either.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&decode(part)?).ok()
}
