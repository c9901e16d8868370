//! Signs what is no access token: other documents of this issuer, each with a `typ` of its own. Reads them back.

use chrono::{DateTime, Utc};
use josekit::jws::{self, JwsHeader};
use loop_oauth::{
    grants::SignError,
    oidc::{HintClaims, ID_TOKEN_TYPE, Sid},
    user::UserId,
};
use loop_shared::auth::SigningAlgorithm;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::{Signer, SignerError, failed, jws_header};

/// What is read of an `id_token` that comes back as a hint.
#[derive(Deserialize)]
struct IdTokenHint {
    iss: String,
    sub: Uuid,
    aud: String,
    sid: Option<Uuid>,
}

impl Signer {
    /// The compact JWS of `claims`, signed with the key whose turn it is at `now`.
    ///
    /// # Errors
    /// [`SignError`] when no key can sign.
    pub(crate) fn sign_document(
        &self,
        typ: &'static str,
        claims: &impl Serialize,
        now: DateTime<Utc>,
    ) -> Result<String, SignError> {
        let claims = serde_json::to_value(claims).map_err(|error| failed(&error))?;
        self.sign_made(typ, now, &|_| claims.clone())
    }

    /// As [`Signer::sign_document`], with claims that depend on the algorithm.
    pub(super) fn sign_made(
        &self,
        typ: &'static str,
        now: DateTime<Utc>,
        claims: &dyn Fn(SigningAlgorithm) -> Value,
    ) -> Result<String, SignError> {
        let ring = self.ring.load();
        let key = ring
            .signing(now)
            .ok_or_else(|| failed(&SignerError::NoneLeft))?;
        let payload = serde_json::to_vec(&claims(key.alg)).map_err(|error| failed(&error))?;
        let mut header = JwsHeader::new();
        header.set_token_type(typ);
        header.set_key_id(&key.kid);
        jws::serialize_compact(&payload, &header, &*key.signer).map_err(|error| failed(&error))
    }

    /// The claims of a document of type `typ` that this server signed, whether or not it has expired;
    /// `None` for anything else.
    #[must_use]
    pub(crate) fn read_typed<T: DeserializeOwned>(&self, token: &str, typ: &str) -> Option<T> {
        let header = jws_header(token)?;
        let ring = self.ring.load();
        let key = ring.key(header.get("kid")?.as_str()?)?;
        // RFC 8725 §3.1: the key says which algorithm, the header only gets to agree.
        let agrees = header.get("alg")?.as_str()? == key.alg.as_str();
        if !agrees || header.get("typ")?.as_str()? != typ {
            return None;
        }
        let (payload, _) = jws::deserialize_compact(token, &*key.verifier).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// What an `id_token` of `issuer` says about its origin; it may have expired.
    pub(crate) fn read_hint(&self, token: &str, issuer: &str) -> Option<HintClaims> {
        let read: IdTokenHint = self.read_typed(token, ID_TOKEN_TYPE)?;
        (read.iss == issuer).then(|| HintClaims {
            user: UserId(read.sub),
            client: read.aud,
            sid: read.sid.map(Sid),
        })
    }
}
