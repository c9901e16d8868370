use loop_shared::auth::jwks::KeySet;
use loop_testkit::{TestKey, TokenSpec, key, keys::jwks, tokens::tampered};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const ACCESS: &str = "the access token beside it";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn spec() -> TokenSpec {
    TokenSpec {
        header: json!({ "alg": "RS256", "typ": "JWT" }),
        claims: json!({
            "iss": "https://accounts.example", "aud": "loop", "sub": "1001",
            "iat": NOW, "exp": NOW + 3600, "nonce": "n-1",
            "at_hash": at_hash(ACCESS, SigningAlgorithm::Rs256),
            "email": "kim@example.com",
        }),
    }
}

fn check(token: &str, published: &TestKey) -> Result<Claims, IdTokenError> {
    let set = KeySet::parse(jwks(&[published]).to_string().as_bytes()).unwrap();
    let unverified = Unverified::parse(token)?;
    let key = set.get(unverified.kid()?).ok_or(IdTokenError::Signature)?;
    let expected = Expected {
        issuer: "https://accounts.example",
        client_id: "loop",
        nonce: Some("n-1"),
        access_token: ACCESS,
    };
    unverified.verify(&key, &expected, now())
}

#[test]
fn a_good_token_says_who_it_is() {
    for signing in [key(1), &TestKey::p256("ec")] {
        let token = spec().header("alg", signing.alg()).sign(signing);
        let claims = check(&token, signing).unwrap();
        assert_eq!(claims.subject, "1001");
        assert_eq!(claims.others["email"], "kim@example.com");
    }
    let ed = TestKey::ed25519("ed");
    let hash = at_hash(ACCESS, SigningAlgorithm::EdDsa);
    let token = spec()
        .header("alg", "EdDSA")
        .claim("at_hash", hash)
        .sign(&ed);
    assert!(check(&token, &ed).is_ok());
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_forged_or_misdirected_id_token_is_refused_for_its_reason() {
    use IdTokenError as E;
    let signing = key(1);
    let two = json!(["loop", "other"]);
    for (token, expected) in [
        (spec().unsigned("key-1"), E::Algorithm),
        (spec().hs256("key-1", &signing.public_pem()), E::Algorithm),
        (
            spec().header("alg", "RS512").sign_as_is(signing),
            E::Algorithm,
        ),
        (spec().header("alg", "ES256").sign(signing), E::Algorithm),
        (
            spec().header("crit", json!(["x"])).sign(signing),
            E::Critical,
        ),
        (tampered(&spec().sign(signing)), E::Signature),
        (spec().header("kid", "key-1").sign(key(2)), E::Signature),
        (spec().sign_as_is(signing), E::Lacks("kid")),
        (
            spec().claim("iss", "https://evil.example").sign(signing),
            E::Issuer,
        ),
        (
            spec()
                .claim("iss", "https://accounts.example/")
                .sign(signing),
            E::Issuer,
        ),
        (spec().without("iss").sign(signing), E::Lacks("iss")),
        (spec().claim("aud", "other").sign(signing), E::Audience),
        (
            spec().claim("aud", json!(["other"])).sign(signing),
            E::Audience,
        ),
        (spec().without("aud").sign(signing), E::Lacks("aud")),
        (spec().claim("aud", two.clone()).sign(signing), E::Party),
        (spec().claim("azp", "other").sign(signing), E::Party),
        (
            spec()
                .claim("aud", two.clone())
                .claim("azp", "other")
                .sign(signing),
            E::Party,
        ),
        (spec().claim("nonce", "n-2").sign(signing), E::Nonce),
        (spec().without("nonce").sign(signing), E::Lacks("nonce")),
        (
            spec()
                .claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")
                .sign(signing),
            E::AccessToken,
        ),
        (spec().without("sub").sign(signing), E::Lacks("sub")),
        (spec().claim("sub", "").sign(signing), E::Lacks("sub")),
        (
            spec().claim("sub", "x".repeat(256)).sign(signing),
            E::Lacks("sub"),
        ),
        (spec().without("exp").sign(signing), E::Lacks("exp")),
        (spec().without("iat").sign(signing), E::Lacks("iat")),
        ("a.b".to_owned(), E::Malformed),
        ("x".repeat(MAX_ID_TOKEN_BYTES + 1), E::Malformed),
    ] {
        assert_eq!(check(&token, signing).unwrap_err(), expected, "{token}");
    }
    let several = spec().claim("aud", two).claim("azp", "loop").sign(signing);
    assert!(check(&several, signing).is_ok());
    let alone = spec().without("at_hash").sign(signing);
    assert!(
        check(&alone, signing).is_ok(),
        "at_hash is optional in the code flow"
    );
}

#[test]
fn the_times_of_an_id_token_are_exact_on_both_sides() {
    let signing = key(1);
    for (name, value, good) in [
        ("exp", NOW - 59, true),
        ("exp", NOW - 60, false),
        ("iat", NOW + 60, true),
        ("iat", NOW + 61, false),
        ("iat", NOW - 660, true),
        ("iat", NOW - 661, false),
        ("nbf", NOW + 60, true),
        ("nbf", NOW + 61, false),
    ] {
        let token = spec().claim(name, value).sign(signing);
        let got = check(&token, signing);
        assert_eq!(got.is_ok(), good, "{name} {value}: {got:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_no_id_token_and_no_panic(text in ".{0,300}", dots in "[A-Za-z0-9_.-]{0,300}") {
        prop_assert!(Unverified::parse(&text).is_err());
        prop_assert!(Unverified::parse(&dots).is_err());
    }
}
