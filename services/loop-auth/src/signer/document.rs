//! Signs what is no access token: other documents of this issuer, each with a `typ` of its own.

use chrono::{DateTime, Utc};
use josekit::jws::{self, JwsHeader};
use loop_oauth::grants::SignError;
use serde::Serialize;

use super::{Signer, SignerError, failed};

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
        let payload = serde_json::to_vec(claims).map_err(|error| failed(&error))?;
        let ring = self.ring.load();
        let key = ring
            .signing(now)
            .ok_or_else(|| failed(&SignerError::NoneLeft))?;
        let mut header = JwsHeader::new();
        header.set_token_type(typ);
        header.set_key_id(&key.kid);
        jws::serialize_compact(&payload, &header, &*key.signer).map_err(|error| failed(&error))
    }
}
