//! Who signed in: checks an identity token (`OpenID` Connect Core §3.1.3.7).
//!
//! In: the token, the client, the nonce of the attempt, the access token beside it, the issuer's keys. Out: [`Identity`].
//! Never: a token for another client or another attempt, claims that are not signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::auth::SigningAlgorithm;
use crate::auth::claims::Audience;
use crate::auth::jwks::JwksSource;
use crate::auth::signed::{self, SignedError};

/// `typ` of an identity token.
const TYPE: &str = "JWT";
/// Clock difference that is forgiven, in seconds.
const LEEWAY: i64 = 30;
/// Longest name that is kept, in characters.
const MAX_NAME: usize = 120;

/// Why an identity token says nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("the identity token is not the issuer's: {0}")]
    Signed(#[from] SignedError),
    #[error("the identity token lacks claims")]
    Claims,
    #[error("the identity token is from another issuer")]
    Issuer,
    #[error("the identity token is for another client")]
    Audience,
    #[error("the identity token is of another time")]
    Time,
    #[error("the identity token is of another attempt")]
    Nonce,
    #[error("the identity token is of another access token")]
    AccessToken,
}

/// What is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The person.
    pub(crate) subject: String,
    /// What to call them.
    pub(crate) name: String,
    /// The browser session at the issuer.
    pub(crate) sid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    at_hash: Option<String>,
    sid: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// What the token is held against.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) access_token: &'a str,
}

/// Checks `token`.
///
/// # Errors
/// [`IdentityError`].
pub(crate) async fn check(
    token: &str,
    expected: &Expected<'_>,
    keys: &JwksSource,
    now: DateTime<Utc>,
) -> Result<Identity, IdentityError> {
    let signed = signed::open(token, TYPE, keys, now).await?;
    let claims: Claims =
        serde_json::from_slice(&signed.payload).map_err(|_| IdentityError::Claims)?;
    if claims.iss != expected.issuer {
        return Err(IdentityError::Issuer);
    }
    // §3.1.3.7 3–5: for this client, and for no further party.
    let others = claims
        .aud
        .as_slice()
        .iter()
        .any(|aud| aud != expected.client);
    let party = claims.azp.as_deref().unwrap_or(expected.client);
    if !claims.aud.contains(expected.client) || others || party != expected.client {
        return Err(IdentityError::Audience);
    }
    let second = now.timestamp();
    if second >= claims.exp.saturating_add(LEEWAY) || second < claims.iat.saturating_sub(LEEWAY) {
        return Err(IdentityError::Time);
    }
    let same = |one: &str, other: &str| bool::from(one.as_bytes().ct_eq(other.as_bytes()));
    if !claims
        .nonce
        .is_some_and(|nonce| same(&nonce, expected.nonce))
    {
        return Err(IdentityError::Nonce);
    }
    let hash = at_hash(signed.algorithm, expected.access_token);
    if !claims.at_hash.is_some_and(|told| same(&told, &hash)) {
        return Err(IdentityError::AccessToken);
    }
    if claims.sub.is_empty() {
        return Err(IdentityError::Claims);
    }
    let called = claims.name.or(claims.email).filter(|name| !name.is_empty());
    let name = called.unwrap_or_else(|| claims.sub.clone());
    Ok(Identity {
        name: name.chars().take(MAX_NAME).collect(),
        subject: claims.sub,
        sid: claims.sid,
    })
}

/// `at_hash` (§3.1.3.6): the left half of the hash that belongs to the algorithm.
fn at_hash(algorithm: SigningAlgorithm, access_token: &str) -> String {
    let half = |digest: &[u8]| URL_SAFE_NO_PAD.encode(digest.split_at(digest.len() / 2).0);
    match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => half(&Sha256::digest(access_token)),
        SigningAlgorithm::EdDsa => half(&Sha512::digest(access_token)),
    }
}
