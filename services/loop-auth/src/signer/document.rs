//! Signs what is no access token: other documents of this issuer, each with a `typ` of its own.

use josekit::jws::{self, JwsHeader};
use loop_oauth::grants::SignError;
use serde::Serialize;

use super::{Signer, failed};

impl Signer {
    /// The compact JWS of `claims`, signed with the current key.
    ///
    /// # Errors
    /// [`SignError`] when no key can sign.
    pub(crate) fn sign_document(
        &self,
        typ: &'static str,
        claims: &impl Serialize,
    ) -> Result<String, SignError> {
        let payload = serde_json::to_vec(claims).map_err(|error| failed(&error))?;
        let mut header = JwsHeader::new();
        header.set_token_type(typ);
        header.set_key_id(&self.kid);
        jws::serialize_compact(&payload, &header, &self.current).map_err(|error| failed(&error))
    }
}
