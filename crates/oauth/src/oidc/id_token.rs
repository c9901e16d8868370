//! The `id_token` (`OpenID` Connect Core §2, §3.1.3.6, §12.2).
//!
//! In: a grant with an identity, its user, the access token beside it. Out: a signed JWT. Never: an access
//! token; its `typ` is `JWT` and its audience the client.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::auth::algorithm::SigningAlgorithm;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::{IdentityScopes, about};
use crate::{
    config::Context,
    grant::Grant,
    grants::{SignError, TokenSigner},
    user::User,
};

/// Media type of an `id_token` (RFC 7519 §5.1).
pub const ID_TOKEN_TYPE: &str = "JWT";

/// What a token answer says about the person, beside the access token.
#[derive(Clone, Debug, Default)]
pub struct Issued {
    /// The identity scopes that were granted.
    pub scopes: IdentityScopes,
    /// The `id_token`, exactly with `openid`.
    pub id_token: Option<SecretString>,
}

/// Whether the client's nonce is repeated: "it SHOULD NOT have a nonce Claim, even when the ID Token
/// issued at the time of the original authentication contained nonce" (Core §12.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nonce {
    /// At the exchange of the code.
    Repeated,
    /// At a refresh, and where the client never had one to send.
    LeftOut,
}

/// Signs an `id_token` for `scopes` of the grant's identity; none without `openid`.
pub(crate) fn issue(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    (grant, user): (&Grant, &User),
    scopes: IdentityScopes,
    (access_token, nonce): (&SecretString, Nonce),
) -> Result<Issued, SignError> {
    let identity = grant.identity.as_ref().filter(|_| !scopes.is_empty());
    let Some(identity) = identity else {
        return Ok(Issued::default());
    };
    let now = cx.now.timestamp();
    let make = |alg| {
        let mut claims = about(user, scopes);
        for (name, value) in [
            ("iss", json!(cx.rules.issuer.as_str())),
            ("aud", json!(grant.client.0)),
            (
                "exp",
                json!(now.saturating_add(cx.rules.access_ttl.num_seconds())),
            ),
            ("iat", json!(now)),
            ("auth_time", json!(identity.auth_time.timestamp())),
            ("amr", json!(identity.how.amr())),
            ("sid", json!(identity.sid.to_string())),
            ("at_hash", json!(at_hash(alg, access_token.expose_secret()))),
        ] {
            claims.insert(name.to_owned(), value);
        }
        if let (Some(value), Nonce::Repeated) = (&identity.nonce, nonce) {
            claims.insert("nonce".to_owned(), json!(value));
        }
        Value::Object(claims)
    };
    Ok(Issued {
        scopes,
        id_token: Some(signer.sign_typed(ID_TOKEN_TYPE, cx.now, &make)?),
    })
}

/// "The base64url encoding of the left-most half of the hash of the octets of the ASCII representation of
/// the `access_token` value, where the hash algorithm used is the hash algorithm used in the alg Header
/// Parameter" (Core §3.1.3.6); Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
#[must_use]
pub fn at_hash(alg: SigningAlgorithm, access_token: &str) -> String {
    match alg {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 => half(&Sha256::digest(access_token)),
        SigningAlgorithm::EdDsa => half(&Sha512::digest(access_token)),
    }
}

fn half(digest: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest.split_at(digest.len() / 2).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_hash_is_that_of_the_specification() {
        // OpenID Connect Core appendix A.3 (RS256).
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(
            at_hash(SigningAlgorithm::Rs256, token),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        // python3: b64url(sha512(token)[:32])
        assert_eq!(at_hash(SigningAlgorithm::EdDsa, token).len(), 43);
    }
}
