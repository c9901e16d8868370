//! What the revocation list says: one fixed shape for the issuer and everybody who reads it.
//!
//! In and out: JSON. Never: signatures, time checks; those are [`super::document`].

use serde::{Deserialize, Serialize};

use crate::auth::claims::GrantId;

/// The `typ` of the list's JWS header: no other kind of JWT can pass for it (RFC 8725 §3.11).
pub const LIST_TYPE: &str = "revocations+jwt";
/// The path of the list below the issuer.
pub const LIST_PATH: &str = "/oauth/revocations";

/// The claims of a revocation list. Times are whole seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationClaims {
    /// The issuer string, to the letter.
    pub iss: String,
    /// When it was signed.
    pub iat: i64,
    /// First second at which the list is too old to be read: a captured one cannot hide much for long.
    pub exp: i64,
    /// The grants that ended and whose access tokens may still live.
    pub sids: Vec<GrantId>,
    /// Only when more grants ended than a list holds: tokens issued before this second cannot be judged
    /// by `sids` and are refused. Their clients refresh, and a refresh of an ended grant fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse_issued_before: Option<i64>,
}
