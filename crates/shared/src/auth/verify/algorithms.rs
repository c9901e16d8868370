//! Tests: every algorithm with its own key, and no algorithm with another's.

use loop_testkit::{TestIssuer, TestKey, TokenSpec, fixed_now, key};
use url::Url;

use super::*;
use crate::auth::jwks::JwksSettings;

const RESOURCE: &str = "http://localhost:8082/mcp";

fn verifier(issuer: &TestIssuer) -> Verifier {
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    let url = Url::parse(&issuer.jwks_url()).unwrap();
    Verifier::new(
        config,
        JwksSource::http(url, JwksSettings::default()).unwrap(),
    )
}

fn token(issuer: &TestIssuer, alg: &str) -> TokenSpec {
    issuer.token(RESOURCE, fixed_now()).header("alg", alg)
}

#[tokio::test]
async fn keys_of_several_algorithms_verify_side_by_side() {
    let issuer = TestIssuer::start();
    let keys = [key(1), &TestKey::p256("ec"), &TestKey::ed25519("ed")];
    issuer.publish(&keys);
    let verifier = verifier(&issuer);
    for key in keys {
        let good = token(&issuer, key.alg()).sign(key);
        let got = verifier.verify(&good, fixed_now()).await;
        assert!(got.is_ok(), "{}: {got:?}", key.alg());
    }
}

#[tokio::test]
async fn a_token_never_chooses_the_algorithm_of_a_key() {
    let issuer = TestIssuer::start();
    let keys = [key(1), &TestKey::p256("ec"), &TestKey::ed25519("ed")];
    issuer.publish(&keys);
    let verifier = verifier(&issuer);
    let algs = [
        "none", "HS256", "RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519",
    ];
    for key in keys {
        for alg in algs.into_iter().filter(|alg| *alg != key.alg()) {
            let forged = token(&issuer, alg).sign(key);
            let got = verifier.verify(&forged, fixed_now()).await;
            assert_eq!(
                got,
                Err(VerifyError::Algorithm),
                "{alg} with a key for {}",
                key.alg()
            );
        }
        let hmac = token(&issuer, "HS256").hs256(&key.kid, &key.public_pem());
        let got = verifier.verify(&hmac, fixed_now()).await;
        assert_eq!(
            got,
            Err(VerifyError::Algorithm),
            "HMAC by the PEM of {}",
            key.kid
        );
    }
}

#[tokio::test]
async fn a_signature_of_one_key_under_the_name_of_another_is_refused() {
    let issuer = TestIssuer::start();
    let keys = [key(1), &TestKey::p256("ec"), &TestKey::ed25519("ed")];
    issuer.publish(&keys);
    let verifier = verifier(&issuer);
    let strangers = [key(9), &TestKey::p256("ec 2"), &TestKey::ed25519("ed 2")];
    for named in keys {
        for signing in keys.into_iter().chain(strangers) {
            let forged = token(&issuer, named.alg()).header("kid", named.kid.as_str());
            let got = verifier.verify(&forged.sign(signing), fixed_now()).await;
            let expected = if std::ptr::eq(named, signing) {
                Ok(())
            } else {
                Err(VerifyError::Signature)
            };
            assert_eq!(got.map(drop), expected, "{} for {}", signing.kid, named.kid);
        }
    }
}

#[tokio::test]
async fn trivial_curve_signatures_are_refused() {
    let issuer = TestIssuer::start();
    let keys = [&TestKey::p256("ec"), &TestKey::ed25519("ed")];
    issuer.publish(&keys);
    let verifier = verifier(&issuer);
    for key in keys {
        let good = token(&issuer, key.alg()).sign(key);
        let head = good.rsplit_once('.').unwrap().0;
        // r = s = 0 passed as a signature of anything in some verifiers (CVE-2022-21449).
        for signature in [
            vec![],
            vec![0; 64],
            vec![0xff; 64],
            vec![0; 63],
            vec![0; 128],
        ] {
            let forged = format!("{head}.{}", loop_testkit::keys::base64url(&signature));
            let got = verifier.verify(&forged, fixed_now()).await;
            assert_eq!(
                got,
                Err(VerifyError::Signature),
                "{} {signature:?}",
                key.alg()
            );
        }
    }
}
