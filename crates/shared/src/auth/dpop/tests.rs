//! Proofs, forged ones first.

use loop_testkit::dpop::ProofSpec;
use loop_testkit::{TestKey, fixed_now, key as rsa};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const URL: &str = "https://loop.example/token";

fn now() -> i64 {
    fixed_now().timestamp()
}

fn judge(text: &str, token: Option<&str>) -> Result<Proof, DpopError> {
    let target = Target::parse(URL).unwrap();
    let expected = Expected {
        method: "POST",
        target: &target,
        now: now(),
        token,
    };
    verify(text, &expected)
}

fn spec() -> ProofSpec {
    ProofSpec::new("POST", URL, fixed_now())
}

#[test]
fn a_proof_of_every_pinned_algorithm_holds_and_names_its_key() {
    let mut seen = std::collections::BTreeSet::new();
    for key in [rsa(1), &TestKey::p256("a"), &TestKey::ed25519("b")] {
        let proof = judge(&spec().sign(key), None).unwrap();
        assert_eq!(proof.expires_at, now() + MAX_AGE_SECONDS);
        assert_eq!(proof.key.as_str(), loop_testkit::dpop::thumbprint(key));
        seen.insert(proof.key.as_str().to_owned());
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn every_forged_proof_is_refused_for_its_reason() {
    let (key, other) = (TestKey::p256("mine"), TestKey::p256("other"));
    let ed = TestKey::ed25519("ed");
    let jwk = |member: &str, value: &str| {
        let mut jwk = key.public_jwk();
        jwk[member] = json!(value);
        spec().header("jwk", jwk).sign_as_is(&key)
    };
    let good = || spec().sign(&key);
    for (text, expected) in [
        (spec().header("typ", "JWT").sign(&key), DpopError::Type),
        (spec().header("typ", "at+jwt").sign(&key), DpopError::Type),
        (spec().without_header("typ").sign(&key), DpopError::Type),
        (spec().unsigned(&key), DpopError::Algorithm),
        (spec().hs256(&key), DpopError::Algorithm),
        (
            spec().header("alg", "ES384").sign_as_is(&key),
            DpopError::Algorithm,
        ),
        (
            spec()
                .header("alg", "RS256")
                .header("jwk", key.public_jwk())
                .sign_as_is(&key),
            DpopError::Algorithm,
        ),
        (
            spec()
                .header("alg", "EdDSA")
                .header("jwk", key.public_jwk())
                .sign_as_is(&ed),
            DpopError::Algorithm,
        ),
        (
            spec().header("crit", json!(["x"])).sign(&key),
            DpopError::Critical,
        ),
        (jwk("d", "secret"), DpopError::PrivateKey),
        (jwk("k", "secret"), DpopError::PrivateKey),
        (jwk("x", "AAAA"), DpopError::Key),
        (jwk("crv", "P-384"), DpopError::Key),
        (jwk("kty", "oct"), DpopError::Key),
        (
            spec().header("alg", "ES256").sign_as_is(&key),
            DpopError::Key,
        ),
        (
            spec()
                .header("jwk", other.public_jwk())
                .header("alg", "ES256")
                .sign_as_is(&key),
            DpopError::Signature,
        ),
        (
            loop_testkit::tokens::tampered(&good()),
            DpopError::Signature,
        ),
        (spec().claim("htm", "GET").sign(&key), DpopError::Method),
        (spec().claim("htm", "post").sign(&key), DpopError::Method),
        (
            spec().claim("htu", "https://evil.example/token").sign(&key),
            DpopError::Target,
        ),
        (
            spec()
                .claim("htu", "https://loop.example/token/")
                .sign(&key),
            DpopError::Target,
        ),
        (spec().claim("jti", "").sign(&key), DpopError::Claims),
        (
            spec().claim("jti", "x".repeat(513)).sign(&key),
            DpopError::Claims,
        ),
        (spec().claim("iat", "now").sign(&key), DpopError::Claims),
        (spec().without("jti").sign(&key), DpopError::Claims),
        (spec().without("htm").sign(&key), DpopError::Claims),
        (spec().without("htu").sign(&key), DpopError::Claims),
        (spec().without("iat").sign(&key), DpopError::Claims),
        (format!("{}.x", good()), DpopError::Malformed),
        (format!("{}=", good()), DpopError::Malformed),
        (String::new(), DpopError::Malformed),
        ("a.b.c".to_owned(), DpopError::Malformed),
        ("x".repeat(MAX_PROOF_BYTES + 1), DpopError::TooLong),
    ] {
        assert_eq!(judge(&text, None), Err(expected), "{text}");
    }
    assert!(judge(&good(), None).is_ok());
}

#[test]
fn the_time_window_of_a_proof_is_exact_on_both_sides() {
    let key = TestKey::p256("mine");
    for (iat, expected) in [
        (json!(now() - MAX_AGE_SECONDS), false),
        (json!(now() - MAX_AGE_SECONDS + 1), true),
        (json!(now() + MAX_AHEAD_SECONDS), true),
        (json!(now() + MAX_AHEAD_SECONDS + 1), false),
        #[expect(clippy::cast_precision_loss, reason = "a date")]
        (json!(now() as f64 + 0.5), true),
        (json!(i64::MAX), false),
        (json!(i64::MIN), false),
        (json!(1e300), false),
    ] {
        let got = judge(&spec().claim("iat", iat.clone()).sign(&key), None);
        assert_eq!(got.is_ok(), expected, "{iat}");
    }
}

#[test]
fn a_proof_for_one_token_is_none_for_another() {
    let key = TestKey::p256("mine");
    let bound = spec().token("token-1").sign(&key);
    assert!(judge(&bound, Some("token-1")).is_ok());
    assert_eq!(judge(&bound, Some("token-2")), Err(DpopError::TokenHash));
    let unbound = spec().sign(&key);
    assert_eq!(judge(&unbound, Some("token-1")), Err(DpopError::TokenHash));
}

#[test]
fn a_proof_is_new_once_and_its_id_is_its_keys_and_its_own() {
    let (one, two) = (TestKey::p256("one"), TestKey::p256("two"));
    let id = |key: &TestKey, jti: &str| {
        judge(&spec().claim("jti", jti).sign(key), None)
            .unwrap()
            .id()
    };
    let replays = Replays::default();
    assert!(replays.is_new(id(&one, "a")));
    assert!(!replays.is_new(id(&one, "a")));
    assert!(!replays.clone().is_new(id(&one, "a")));
    assert!(replays.is_new(id(&one, "b")));
    assert!(replays.is_new(id(&two, "a")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics_the_reader(text in "[ -~]{0,200}", parts in proptest::collection::vec("[ -~]{0,60}", 0..4)) {
        prop_assert!(judge(&text, None).is_err());
        let encoded: Vec<_> = parts.iter().map(loop_testkit::keys::base64url).collect();
        prop_assert!(judge(&encoded.join("."), None).is_err());
    }

    #[test]
    fn whatever_is_changed_in_a_proof_makes_it_worthless(at in 0_usize..10_000, to in "[A-Za-z0-9_.-]") {
        let key = loop_testkit::dpop::shared_key();
        let good = spec().sign(key);
        let at = at % good.len();
        prop_assume!(good[at..=at] != to);
        let changed = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        prop_assert!(judge(&changed, None).is_err(), "{}", changed);
    }
}
