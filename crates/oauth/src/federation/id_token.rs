//! Believes an `id_token`, or does not (`OpenID` Connect Core §3.1.3.7, RFC 8725).
//!
//! In: text, the provider's key, what was asked for. Out: [`Claims`], or why not. Never: an algorithm or key that the token
//! names itself; claims before the signature was checked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use loop_shared::auth::{SigningAlgorithm, jwks::VerifyingKey};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

/// Longest token that is looked at, in bytes; groups make them long.
pub const MAX_ID_TOKEN_BYTES: usize = 64 * 1024;
/// Seconds of clock difference that are forgiven.
const LEEWAY: i64 = 60;
/// Seconds after which even a token that has not expired is no answer to this login.
const MAX_AGE: i64 = 600;

/// Why an `id_token` is not believed; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// No signed JWT of a plausible length.
    #[error("the id_token is no signed JWT")]
    Malformed,
    /// `none`, HMAC, or not the algorithm of the key.
    #[error("the id_token's algorithm is not that of a key of the provider")]
    Algorithm,
    /// Has extensions that must be understood.
    #[error("the id_token has critical extensions")]
    Critical,
    /// Forged or damaged.
    #[error("the id_token's signature is wrong")]
    Signature,
    /// A claim is missing or of the wrong shape.
    #[error("the id_token lacks {0}")]
    Lacks(&'static str),
    /// From somebody else.
    #[error("the id_token is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("the id_token is for another client")]
    Audience,
    /// Issued to another of its audiences.
    #[error("the id_token was issued to another client (azp)")]
    Party,
    /// Too old, or of the future.
    #[error("the id_token's times do not fit")]
    Time,
    /// Of another login.
    #[error("the id_token's nonce is of another login")]
    Nonce,
    /// The access token beside it is not the one it was issued with.
    #[error("the id_token's at_hash does not fit the access token")]
    AccessToken,
}

/// A token whose signature was not looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    signed_part: &'a str,
    signature: Vec<u8>,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    payload: Payload,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    azp: Option<Value>,
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The provider's issuer, to the letter.
    pub issuer: &'a str,
    /// This server's client id there.
    pub client_id: &'a str,
    /// Of this very login; `None` at a refresh, which has none.
    pub nonce: Option<&'a str>,
    /// What came beside it.
    pub access_token: &'a str,
}

/// What a believed token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who it is.
    pub subject: String,
    /// Everything else.
    pub others: Map<String, Value>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`IdTokenError`] for what no key could make good.
    pub fn parse(text: &'a str) -> Result<Self, IdTokenError> {
        if text.len() > MAX_ID_TOKEN_BYTES {
            return Err(IdTokenError::Malformed);
        }
        let (signed_part, signature) = text.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
        let (header, payload) = signed_part.split_once('.').ok_or(IdTokenError::Malformed)?;
        let header: Header = json(header)?;
        let algorithm =
            SigningAlgorithm::parse(&header.alg).map_err(|_| IdTokenError::Algorithm)?;
        if header.crit.is_some() {
            return Err(IdTokenError::Critical);
        }
        Ok(Self {
            signed_part,
            signature: URL_SAFE_NO_PAD
                .decode(signature)
                .map_err(|_| IdTokenError::Malformed)?,
            algorithm,
            kid: header.kid.filter(|kid| !kid.is_empty()),
            payload: json(payload)?,
        })
    }

    /// The key that it names.
    ///
    /// # Errors
    /// [`IdTokenError::Lacks`].
    pub fn kid(&self) -> Result<&str, IdTokenError> {
        self.kid.as_deref().ok_or(IdTokenError::Lacks("kid"))
    }

    /// Checks signature and claims.
    ///
    /// # Errors
    /// [`IdTokenError`].
    pub fn verify(
        self,
        key: &VerifyingKey,
        expected: &Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<Claims, IdTokenError> {
        // RFC 8725 §3.1: a key has one algorithm, and the header only gets to agree.
        if self.algorithm != key.algorithm() {
            return Err(IdTokenError::Algorithm);
        }
        if !key.verifies(self.signed_part.as_bytes(), &self.signature) {
            return Err(IdTokenError::Signature);
        }
        self.payload.check(expected, self.algorithm, now)?;
        let subject = self.payload.sub.filter(|sub| is_subject(sub));
        Ok(Claims {
            subject: subject.ok_or(IdTokenError::Lacks("sub"))?,
            others: self.payload.others,
        })
    }
}

impl Payload {
    fn check(
        &self,
        expected: &Expected<'_>,
        algorithm: SigningAlgorithm,
        now: DateTime<Utc>,
    ) -> Result<(), IdTokenError> {
        let iss = self.iss.as_deref().ok_or(IdTokenError::Lacks("iss"))?;
        if iss != expected.issuer {
            return Err(IdTokenError::Issuer);
        }
        self.check_audience(expected.client_id)?;
        self.check_time(now.timestamp())?;
        let nonce = self.nonce.as_deref();
        if let Some(expected) = expected.nonce {
            let said = nonce.ok_or(IdTokenError::Lacks("nonce"))?;
            if !bool::from(said.as_bytes().ct_eq(expected.as_bytes())) {
                return Err(IdTokenError::Nonce);
            }
        }
        match &self.at_hash {
            Some(said) if *said != at_hash(expected.access_token, algorithm) => {
                Err(IdTokenError::AccessToken)
            }
            _ => Ok(()),
        }
    }

    fn check_audience(&self, client_id: &str) -> Result<(), IdTokenError> {
        let many = match self.aud.as_ref().ok_or(IdTokenError::Lacks("aud"))? {
            Value::String(one) if one == client_id => false,
            Value::Array(all) if all.iter().any(|one| one == client_id) => all.len() > 1,
            _ => return Err(IdTokenError::Audience),
        };
        match &self.azp {
            // "If an azp Claim is present, the Client SHOULD verify that its client_id is the Claim Value."
            Some(azp) if azp != client_id => Err(IdTokenError::Party),
            // "If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present."
            None if many => Err(IdTokenError::Party),
            _ => Ok(()),
        }
    }

    fn check_time(&self, now: i64) -> Result<(), IdTokenError> {
        let exp = seconds(self.exp.ok_or(IdTokenError::Lacks("exp"))?);
        let iat = seconds(self.iat.ok_or(IdTokenError::Lacks("iat"))?);
        let early = self.nbf.is_some_and(|nbf| seconds(nbf) > now + LEEWAY);
        if now >= exp.saturating_add(LEEWAY)
            || iat > now + LEEWAY
            || iat < now - MAX_AGE - LEEWAY
            || early
        {
            return Err(IdTokenError::Time);
        }
        Ok(())
    }
}

/// A subject that can be stored: "It MUST NOT exceed 255 ASCII characters in length" (`OpenID` Connect Core §2).
#[must_use]
pub fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control)
}

/// "base64url encoding of the left-most half of the hash of the octets of the ASCII representation of the `access_token`".
fn at_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    let bytes = access_token.as_bytes();
    match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => {
            URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..16])
        }
        // Ed25519 is built on SHA-512, and that is what is used in practice.
        SigningAlgorithm::EdDsa => URL_SAFE_NO_PAD.encode(&Sha512::digest(bytes)[..32]),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float becomes the nearest integer there is, and one out of range no time at all"
)]
const fn seconds(date: f64) -> i64 {
    date as i64
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, IdTokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| IdTokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| IdTokenError::Malformed)
}

#[cfg(test)]
mod tests;
