//! Takes a client assertion apart (RFC 7515 §7.1, RFC 7523 §3).
//!
//! In: text. Out: parts, not yet to be believed, or why they could never be. Never: panics, whatever the text.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::auth::SigningAlgorithm;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;

use crate::client_auth::MAX_CLIENT_ID_BYTES;

/// The longest assertion that is read, in bytes.
pub const MAX_ASSERTION_BYTES: usize = 8_192;

/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// An assertion whose signature was not looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    pub(super) signed_part: &'a str,
    pub(super) signature: Vec<u8>,
    pub(super) alg: SigningAlgorithm,
    pub(super) kid: Option<String>,
    pub(super) claims: Claims,
}

/// The claims that matter.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) jti: String,
    pub(super) exp: i64,
    pub(super) nbf: Option<i64>,
    pub(super) iat: Option<i64>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Value,
    jti: String,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
}

impl<'a> Unverified<'a> {
    /// Takes an assertion apart.
    ///
    /// # Errors
    /// A sentence for the log.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_ASSERTION_BYTES {
            return Err("the assertion is too long");
        }
        let (signed_part, signature) = text.rsplit_once('.').ok_or("the assertion is no JWT")?;
        let (header, payload) = signed_part
            .split_once('.')
            .ok_or("the assertion is no JWT")?;
        let header: Header = json(header).ok_or("the assertion's header cannot be read")?;
        // What no key of a client verifies (`none`, HMAC) ends here; which of the others it may be, its key says.
        let alg = SigningAlgorithm::parse(&header.alg)
            .map_err(|_| "the assertion's algorithm is not supported")?;
        if header.crit.is_some() {
            return Err("the assertion has critical extensions");
        }
        if !header.typ.is_none_or(|typ| is_assertion_type(&typ)) {
            return Err("the JWT is of another type");
        }
        let payload: Payload = json(payload).ok_or("the assertion's claims cannot be read")?;
        Ok(Self {
            signed_part,
            signature: decode(signature).ok_or("the assertion's signature cannot be read")?,
            alg,
            kid: header.kid.filter(|kid| !kid.is_empty()),
            claims: claims(payload)?,
        })
    }

    /// The client that it names.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.claims.sub
    }
}

fn claims(payload: Payload) -> Result<Claims, &'static str> {
    if payload.sub.is_empty() || payload.sub.len() > MAX_CLIENT_ID_BYTES {
        return Err("sub of the assertion is no client");
    }
    if payload.jti.is_empty() || payload.jti.len() > MAX_JTI_BYTES {
        return Err("jti of the assertion must have 1 to 256 characters");
    }
    // One audience: with several, one of the others could present it here.
    let aud = match payload.aud {
        Value::String(aud) => aud,
        Value::Array(all) => match <[Value; 1]>::try_from(all) {
            Ok([Value::String(aud)]) => aud,
            _ => return Err("the assertion must have one audience"),
        },
        _ => return Err("the assertion must have one audience"),
    };
    Ok(Claims {
        iss: payload.iss,
        sub: payload.sub,
        aud,
        jti: payload.jti,
        exp: seconds(payload.exp),
        nbf: payload.nbf.map(seconds),
        iat: payload.iat.map(seconds),
    })
}

/// Whole seconds of a `NumericDate`, "an integer or floating-point number" (RFC 7519 §2).
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float becomes the nearest integer there is, and one out of range no time at all"
)]
const fn seconds(date: f64) -> i64 {
    date as i64
}

/// None (RFC 7523 asks for none), `JWT`, or the explicit type of draft-ietf-oauth-rfc7523bis; never another kind of
/// JWT that the same key may sign.
fn is_assertion_type(typ: &str) -> bool {
    let bare = match typ.get(..12) {
        Some(prefix) if prefix.eq_ignore_ascii_case("application/") => &typ[12..],
        _ => typ,
    };
    ["jwt", "client-authentication+jwt"]
        .iter()
        .any(|known| bare.eq_ignore_ascii_case(known))
}

/// Strict: no padding, no line breaks, no stray bits; a second dot is no base64url either.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&decode(part)?).ok()
}
