//! Forged tokens first; then the cache.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use loop_testkit::keys::base64url;
use loop_testkit::tokens::tampered;
use loop_testkit::{TestIssuer, TokenSpec, fixed_now, key};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::token::Unverified;
use super::*;
use crate::auth::jwks::JwksSettings;

const RESOURCE: &str = "http://localhost:8082/mcp";

fn source(issuer: &TestIssuer) -> JwksSource {
    JwksSource::http(
        Url::parse(&issuer.jwks_url()).unwrap(),
        JwksSettings::default(),
    )
    .unwrap()
}

fn verifier(issuer: &TestIssuer) -> Verifier {
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    Verifier::new(config, source(issuer))
}

fn seconds(count: i64) -> TimeDelta {
    TimeDelta::seconds(count)
}

#[tokio::test]
async fn a_good_token_tells_who_calls() {
    let issuer = TestIssuer::start();
    let token = issuer.mint(RESOURCE, "mcp:read kpi:read mcp:future", fixed_now());
    let principal = verifier(&issuer).verify(&token, fixed_now()).await.unwrap();
    assert_eq!(principal.subject.as_str(), "user-1");
    assert_eq!(principal.client_id.as_str(), "client-1");
    assert_eq!(principal.scopes.to_string(), "mcp:read kpi:read");
    assert_eq!(principal.roles.to_string(), "member");
    assert_eq!(principal.expires_at, fixed_now() + seconds(3600));
}

/// Tokens that must never be accepted, each with the reason it is refused for.
#[expect(clippy::too_many_lines, reason = "a table may be longer")]
fn forged(issuer: &TestIssuer, now: DateTime<Utc>) -> Vec<(&'static str, String, VerifyError)> {
    let good = issuer.signing_key();
    let foreign = key(9);
    let token = || issuer.token(RESOURCE, now);
    let pem = good.public_pem();
    let embedded = foreign.public_jwk();
    let signed = token().sign(good);
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let payload = head.split_once('.').unwrap().1;
    let none_cased = token()
        .header("alg", "nOnE")
        .header("kid", good.kid.as_str())
        .sign_as_is(good);
    let richer = base64url(token().scope("mcp:exec").claims.to_string());
    vec![
        (
            "alg none",
            token().unsigned(&good.kid),
            VerifyError::Algorithm,
        ),
        ("alg nOnE", none_cased, VerifyError::Algorithm),
        (
            "HS256 with the public PEM",
            token().hs256(&good.kid, &pem),
            VerifyError::Algorithm,
        ),
        (
            "a key of a stranger",
            token().sign(foreign),
            VerifyError::UnknownKey,
        ),
        (
            "RS512",
            token().header("alg", "RS512").sign(good),
            VerifyError::Algorithm,
        ),
        (
            "alg absent",
            token().without_header("alg").sign(good),
            VerifyError::Malformed,
        ),
        (
            "typ JWT",
            token().header("typ", "JWT").sign(good),
            VerifyError::Type,
        ),
        (
            "typ absent",
            token().without_header("typ").sign(good),
            VerifyError::Type,
        ),
        (
            "typ of an ID token",
            token().header("typ", "id+jwt").sign(good),
            VerifyError::Type,
        ),
        (
            "crit",
            token().header("crit", json!(["x"])).sign(good),
            VerifyError::Critical,
        ),
        ("kid absent", token().sign_as_is(good), VerifyError::NoKid),
        (
            "kid empty",
            token().header("kid", "").sign(good),
            VerifyError::NoKid,
        ),
        (
            "kid of a path",
            token().header("kid", "../../dev/null").sign(foreign),
            VerifyError::UnknownKey,
        ),
        (
            "own key in jwk",
            token().header("jwk", embedded).sign(foreign),
            VerifyError::UnknownKey,
        ),
        (
            "own key in jku",
            token().header("jku", "http://evil/").sign(foreign),
            VerifyError::UnknownKey,
        ),
        (
            "foreign key, known kid",
            token().header("kid", good.kid.as_str()).sign(foreign),
            VerifyError::Signature,
        ),
        (
            "signature tampered",
            tampered(&signed),
            VerifyError::Signature,
        ),
        (
            "signature absent",
            format!("{head}."),
            VerifyError::Signature,
        ),
        (
            "payload swapped",
            format!("{}.{richer}.{signature}", head.split_once('.').unwrap().0),
            VerifyError::Signature,
        ),
        ("two parts", head.to_owned(), VerifyError::Malformed),
        ("four parts", format!("{signed}.x"), VerifyError::Malformed),
        ("padded", format!("{signed}="), VerifyError::Malformed),
        (
            "header not JSON",
            format!("{}.{payload}.{signature}", base64url("x")),
            VerifyError::Malformed,
        ),
        (
            "other issuer",
            token().claim("iss", "https://evil.example").sign(good),
            VerifyError::Issuer,
        ),
        (
            "issuer with a slash",
            token()
                .claim("iss", format!("{}/", issuer.url()))
                .sign(good),
            VerifyError::Issuer,
        ),
        (
            "other audience",
            token()
                .claim("aud", "http://localhost:8082/exec/mcp")
                .sign(good),
            VerifyError::Audience,
        ),
        (
            "audience prefix",
            token().claim("aud", "http://localhost:8082").sign(good),
            VerifyError::Audience,
        ),
        (
            "audience list",
            token().claim("aud", json!(["a", "b"])).sign(good),
            VerifyError::Audience,
        ),
        (
            "audience empty",
            token().claim("aud", json!([])).sign(good),
            VerifyError::Audience,
        ),
        (
            "audience absent",
            token().without("aud").sign(good),
            VerifyError::Claims,
        ),
        (
            "expired",
            token().claim("exp", now.timestamp() - 31).sign(good),
            VerifyError::Expired,
        ),
        (
            "exp a string",
            token().claim("exp", "9999999999").sign(good),
            VerifyError::Claims,
        ),
        (
            "exp absent",
            token().without("exp").sign(good),
            VerifyError::Claims,
        ),
        (
            "exp beyond time",
            token().claim("exp", i64::MAX).sign(good),
            VerifyError::Claims,
        ),
        (
            "not yet",
            token().claim("nbf", now.timestamp() + 31).sign(good),
            VerifyError::TooEarly,
        ),
        (
            "sub absent",
            token().without("sub").sign(good),
            VerifyError::Claims,
        ),
        (
            "sub empty",
            token().claim("sub", "").sign(good),
            VerifyError::Claims,
        ),
        (
            "sub a number",
            token().claim("sub", 1).sign(good),
            VerifyError::Claims,
        ),
        (
            "client_id absent",
            token().without("client_id").sign(good),
            VerifyError::Claims,
        ),
        (
            "jti absent",
            token().without("jti").sign(good),
            VerifyError::Claims,
        ),
        (
            "too long",
            token().claim("x", "x".repeat(9000)).sign(good),
            VerifyError::TooLong,
        ),
        ("empty", String::new(), VerifyError::Malformed),
        ("dots", "..".to_owned(), VerifyError::Malformed),
    ]
}

#[tokio::test]
async fn every_forged_token_is_refused_for_its_reason() {
    let issuer = TestIssuer::start();
    let verifier = verifier(&issuer);
    for (attack, token, expected) in forged(&issuer, fixed_now()) {
        let got = verifier.verify(&token, fixed_now()).await;
        assert_eq!(got, Err(expected), "{attack}");
    }
}

#[tokio::test]
async fn a_claim_repeated_to_confuse_readers_is_refused() {
    let issuer = TestIssuer::start();
    let good = issuer.signing_key();
    let mut claims = issuer.token(RESOURCE, fixed_now()).claims.to_string();
    claims.insert_str(1, r#""sub":"admin","#);
    let head = base64url(json!({"alg": "RS256", "typ": "at+jwt", "kid": good.kid}).to_string());
    let signed = format!("{head}.{}", base64url(claims));
    let token = format!("{signed}.{}", base64url(good.sign(signed.as_bytes())));
    assert_eq!(
        verifier(&issuer).verify(&token, fixed_now()).await,
        Err(VerifyError::Claims)
    );
}

#[tokio::test]
async fn a_token_that_is_wrong_anyway_never_reaches_the_issuer() {
    let issuer = TestIssuer::start();
    let verifier = verifier(&issuer);
    for (_, token, expected) in forged(&issuer, fixed_now()) {
        if !matches!(expected, VerifyError::UnknownKey | VerifyError::Signature) {
            // An `exp` beyond all time shows only once the token is believed.
            let _ = verifier.verify(&token, fixed_now()).await;
        }
    }
    assert!(issuer.requests() <= 1, "{} requests", issuer.requests());
}

#[tokio::test]
async fn spellings_of_the_type_and_the_audience_are_understood() {
    let issuer = TestIssuer::start();
    let verifier = verifier(&issuer);
    let token = || issuer.token(RESOURCE, fixed_now());
    for spec in [
        token().header("typ", "AT+JWT"),
        token().header("typ", "application/at+jwt"),
        token().claim("aud", json!(["http://localhost:8082/exec/mcp", RESOURCE])),
        token().claim("nbf", fixed_now().timestamp() + 30),
        token().without("sid").without("scope").without("roles"),
    ] {
        let shown = format!("{spec:?}");
        let got = verifier
            .verify(&spec.sign(issuer.signing_key()), fixed_now())
            .await;
        assert!(got.is_ok(), "{got:?} for {shown}");
    }
}

#[test]
fn the_time_window_is_exact_on_both_sides() {
    let leeway = Duration::from_secs(30);
    for (exp, nbf, now, expected) in [
        (100, None, 129, Ok(())),
        (100, None, 130, Err(VerifyError::Expired)),
        (100, Some(50), 20, Ok(())),
        (100, Some(50), 19, Err(VerifyError::TooEarly)),
        (i64::MAX, Some(i64::MIN), 0, Ok(())),
        (i64::MIN, None, 0, Err(VerifyError::Expired)),
    ] {
        assert_eq!(
            check_window(exp, nbf, now, leeway),
            expected,
            "{exp} {nbf:?} {now}"
        );
    }
}

#[tokio::test]
async fn leeway_is_never_more_than_a_minute() {
    let issuer = TestIssuer::start();
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: Duration::from_hours(1),
    };
    let verifier = Verifier::new(config, source(&issuer));
    let token = issuer.mint(RESOURCE, "mcp:read", fixed_now());
    assert!(
        verifier
            .verify(&token, fixed_now() + seconds(3659))
            .await
            .is_ok()
    );
    assert_eq!(
        verifier.verify(&token, fixed_now() + seconds(3660)).await,
        Err(VerifyError::Expired)
    );
}

#[tokio::test]
async fn a_remembered_token_is_the_same_principal_until_it_expires() {
    let issuer = TestIssuer::start();
    let verifier = verifier(&issuer);
    let token = issuer.mint(RESOURCE, "mcp:read", fixed_now());
    let first = verifier.verify(&token, fixed_now()).await.unwrap();
    let again = verifier
        .verify(&token, fixed_now() + seconds(3599))
        .await
        .unwrap();
    assert!(
        Arc::ptr_eq(&first, &again),
        "the signature was checked again"
    );
    let late = verifier
        .verify(&token, fixed_now() + seconds(3600))
        .await
        .unwrap();
    assert!(!Arc::ptr_eq(&first, &late), "remembered at its exp");
    assert_eq!(
        verifier.verify(&token, fixed_now() + seconds(3630)).await,
        Err(VerifyError::Expired)
    );
}

#[tokio::test]
async fn a_remembered_token_is_forgotten_when_its_key_is_withdrawn() {
    let issuer = TestIssuer::start();
    let settings = JwksSettings {
        cache: Duration::from_millis(50),
        ..JwksSettings::default()
    };
    let keys = JwksSource::http(Url::parse(&issuer.jwks_url()).unwrap(), settings).unwrap();
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    let verifier = Verifier::new(config, keys);
    let token = issuer.mint(RESOURCE, "mcp:read", fixed_now());
    assert!(verifier.verify(&token, fixed_now()).await.is_ok());
    issuer.publish(&[key(2)]);
    let mut last = Ok(());
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        last = verifier.verify(&token, fixed_now()).await.map(drop);
        if last.is_err() {
            break;
        }
    }
    assert_eq!(last, Err(VerifyError::UnknownKey));
}

#[tokio::test]
async fn without_any_key_a_token_is_neither_good_nor_bad() {
    let mut issuer = TestIssuer::stopped();
    let verifier = verifier(&issuer);
    let token = issuer.mint(RESOURCE, "mcp:read", fixed_now());
    assert_eq!(
        verifier.verify(&token, fixed_now()).await,
        Err(VerifyError::KeysUnavailable)
    );
    issuer.restart();
    assert!(
        verifier
            .verify(&token, fixed_now() + seconds(2))
            .await
            .is_ok()
    );
}

proptest! {
    #[test]
    fn no_text_panics_the_token_parser(text in ".{0,200}") {
        prop_assert!(Unverified::parse(&text).is_err());
    }

    #[test]
    fn no_json_panics_the_token_parser(head in json_text(), payload in json_text(), rest in "[A-Za-z0-9_.-]{0,20}") {
        let token = format!("{}.{}.{rest}", base64url(head), base64url(payload));
        let _ = Unverified::parse(&token);
    }

    #[test]
    fn no_value_in_place_of_a_claim_panics(name in "iss|sub|aud|exp|iat|nbf|jti|client_id|scope|roles|sid", value in json_value()) {
        let spec = TokenSpec::new("i", "a", fixed_now()).header("kid", "k").claim(&name, value);
        let token = format!("{}.{}.AAAA", base64url(spec.header.to_string()), base64url(spec.claims.to_string()));
        if let Ok(parsed) = Unverified::parse(&token) {
            let config = VerifierConfig { issuer: "i".into(), audience: "a".into(), leeway: DEFAULT_LEEWAY };
            let _ = check_claims(&config, parsed.claims(), fixed_now());
            let _ = Principal::from_claims(parsed.into_claims());
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("(alg|typ|kid|crit|x)", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn json_text() -> impl Strategy<Value = String> {
    prop_oneof![json_value().prop_map(|value| value.to_string()), ".{0,40}"]
}
