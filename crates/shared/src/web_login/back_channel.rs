//! The issuer says that somebody logged out (`OpenID` Connect Back-Channel Logout 1.0 §2.6).
//!
//! In: a logout token. Out: whose sessions end. Never: an identity token taken for one.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::auth::claims::Audience;
use crate::auth::jwks::JwksSource;
use crate::auth::signed::{self, SignedError};

/// `typ` of a logout token (§2.4).
const TYPE: &str = "logout+jwt";
/// The event that it must name.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Clock difference that is forgiven, in seconds.
const LEEWAY: i64 = 30;

/// Why a logout token ends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogoutError {
    #[error("the logout token is not the issuer's: {0}")]
    Signed(#[from] SignedError),
    #[error("the logout token is not for this client, this moment or this purpose")]
    Unfit,
}

/// Whose sessions end: those of one login, or all of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Those of one browser session at the issuer.
    Session(String),
    /// All of a person.
    Subject(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: i64,
    sub: Option<String>,
    sid: Option<String>,
    events: Value,
    nonce: Option<Value>,
}

/// Checks a logout token. A repeated one ends nothing that is not ended, so `jti` is not kept.
///
/// # Errors
/// [`LogoutError`].
pub(crate) async fn check(
    token: &str,
    (issuer, client): (&str, &str),
    keys: &JwksSource,
    now: DateTime<Utc>,
) -> Result<Ends, LogoutError> {
    let signed = signed::open(token, TYPE, keys, now).await?;
    let claims: Claims = serde_json::from_slice(&signed.payload).map_err(|_| LogoutError::Unfit)?;
    let second = now.timestamp();
    let timely =
        second < claims.exp.saturating_add(LEEWAY) && second >= claims.iat.saturating_sub(LEEWAY);
    let fits = claims.iss == issuer
        && claims.aud.contains(client)
        && timely
        && claims.events.get(EVENT).is_some_and(Value::is_object)
        && claims.nonce.is_none();
    match (claims.sid, claims.sub) {
        _ if !fits => Err(LogoutError::Unfit),
        (Some(sid), _) => Ok(Ends::Session(sid)),
        (None, Some(subject)) => Ok(Ends::Subject(subject)),
        (None, None) => Err(LogoutError::Unfit),
    }
}
