//! Private keys of each algorithm: made, opened, shown in public (RFC 7517, RFC 7518 §6, RFC 8037 §2).
//!
//! In: an algorithm, or a private JWK. Out: a JWK, a signer, a verifier. Never: a private member in a public form.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jwk::{
        Jwk, KeyPair as _,
        alg::{
            ec::{EcCurve, EcKeyPair},
            ed::{EdCurve, EdKeyPair},
            rsa::RsaKeyPair,
        },
    },
    jws::{ES256, EdDSA, JwsSigner, JwsVerifier, RS256},
};
use loop_shared::auth::SigningAlgorithm;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Length of a new RSA key, in bits (RFC 7518 §3.3: "2048 bits or larger").
const RSA_BITS: u32 = 2048;

/// A new private key as a JWK. RSA takes a second or so: blocking threads only.
pub(super) fn generate(alg: SigningAlgorithm) -> Result<Jwk, JoseError> {
    Ok(match alg {
        SigningAlgorithm::Rs256 => RsaKeyPair::generate(RSA_BITS)?.to_jwk_private_key(),
        SigningAlgorithm::Es256 => EcKeyPair::generate(EcCurve::P256)?.to_jwk_key_pair(),
        SigningAlgorithm::EdDsa => EdKeyPair::generate(EdCurve::Ed25519)?.to_jwk_key_pair(),
    })
}

pub(super) fn signer(alg: SigningAlgorithm, key: &Jwk) -> Result<Box<dyn JwsSigner>, JoseError> {
    Ok(match alg {
        SigningAlgorithm::Rs256 => Box::new(RS256.signer_from_jwk(key)?),
        SigningAlgorithm::Es256 => Box::new(ES256.signer_from_jwk(key)?),
        SigningAlgorithm::EdDsa => Box::new(EdDSA.signer_from_jwk(key)?),
    })
}

pub(super) fn verifier(
    alg: SigningAlgorithm,
    key: &Jwk,
) -> Result<Box<dyn JwsVerifier>, JoseError> {
    Ok(match alg {
        SigningAlgorithm::Rs256 => Box::new(RS256.verifier_from_jwk(key)?),
        SigningAlgorithm::Es256 => Box::new(ES256.verifier_from_jwk(key)?),
        SigningAlgorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(key)?),
    })
}

/// The published form of a key: public members, `kid`, `alg`, `use`.
pub(super) fn published(alg: SigningAlgorithm, key: &Jwk, kid: &str) -> Result<Jwk, JoseError> {
    let mut shown = Jwk::new(key.key_type());
    for member in members(alg).iter().filter(|name| **name != "kty") {
        shown.set_parameter(member, key.parameter(member).cloned())?;
    }
    shown.set_key_id(kid);
    shown.set_algorithm(alg.as_str());
    shown.set_key_use("sig");
    Ok(shown)
}

/// The JWK thumbprint (RFC 7638 §3): SHA-256 over a key's required members, in order.
pub(super) fn thumbprint(alg: SigningAlgorithm, key: &Jwk) -> String {
    let member = |name: &&str| {
        let value = key.parameter(name).and_then(Value::as_str);
        // The values are base64url and registered names only, so nothing needs escaping.
        format!(r#""{name}":"{}""#, value.unwrap_or_default())
    };
    let members: Vec<_> = members(alg).iter().map(member).collect();
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", members.join(","))))
}

/// The required public members (RFC 7638 §3.2, RFC 8037 §2), in the order of their names.
const fn members(alg: SigningAlgorithm) -> &'static [&'static str] {
    match alg {
        SigningAlgorithm::Rs256 => &["e", "kty", "n"],
        SigningAlgorithm::Es256 => &["crv", "kty", "x", "y"],
        SigningAlgorithm::EdDsa => &["crv", "kty", "x"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_rfcs() {
        for (alg, key, expected) in [
            // RFC 7638 §3.1
            (
                SigningAlgorithm::Rs256,
                r#"{"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
                "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            ),
            // RFC 8037 appendix A.3
            (
                SigningAlgorithm::EdDsa,
                r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
                "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            ),
        ] {
            let key = Jwk::from_bytes(key).unwrap();
            assert_eq!(thumbprint(alg, &key), expected, "{alg}");
        }
    }

    #[test]
    fn the_published_form_holds_public_members_alone() {
        for alg in SigningAlgorithm::ALL {
            let shown = published(alg, &generate(alg).unwrap(), "k").unwrap();
            let shown: serde_json::Map<String, Value> = shown.into();
            let mut names: Vec<_> = shown.keys().map(String::as_str).collect();
            names.sort_unstable();
            let mut expected = [members(alg), &["alg", "kid", "use"]].concat();
            expected.sort_unstable();
            assert_eq!(names, expected, "{alg}");
        }
    }
}
