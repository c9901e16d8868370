//! Attacks on the list first; then freshness; then what a verifier does with it.

use std::time::Instant;

use loop_testkit::tokens::tampered;
use loop_testkit::{TestIssuer, TokenSpec, fixed_now, key};

use super::*;
use crate::auth::jwks::JwksSettings;
use crate::auth::verify::{DEFAULT_LEEWAY, Verifier, VerifierConfig};

const RESOURCE: &str = "http://localhost:8082/mcp";

fn keys(issuer: &TestIssuer) -> JwksSource {
    let url = Url::parse(&issuer.jwks_url()).unwrap();
    JwksSource::http(url, JwksSettings::default()).unwrap()
}

fn list_with(issuer: &TestIssuer, on_stale: OnStale) -> Arc<Revocations> {
    let settings = RevocationSettings {
        url: Url::parse(&issuer.revocation_url()).unwrap(),
        poll: Duration::from_millis(20),
        timeout: Duration::from_secs(2),
        max_stale: Duration::from_mins(5),
        on_stale,
    };
    Arc::new(Revocations::new(settings, issuer.url(), keys(issuer)).unwrap())
}

fn list(issuer: &TestIssuer) -> Arc<Revocations> {
    list_with(issuer, OnStale::Open)
}

fn verifier(issuer: &TestIssuer, list: &Arc<Revocations>) -> Verifier {
    let config = VerifierConfig {
        issuer: issuer.url(),
        audience: RESOURCE.to_owned(),
        leeway: DEFAULT_LEEWAY,
    };
    Verifier::new(config, keys(issuer)).with_revocations(Arc::clone(list))
}

fn after(seconds: i64) -> DateTime<Utc> {
    fixed_now() + TimeDelta::seconds(seconds)
}

fn judge(list: &Revocations, sid: &str, now: DateTime<Utc>) -> Result<(), VerifyError> {
    list.check(Some(&sid.into()), fixed_now().timestamp(), now)
}

/// Documents that must never become the list, each with what is wrong with it.
fn forged(issuer: &TestIssuer) -> Vec<(&'static str, String)> {
    let (now, signing) = (fixed_now(), issuer.signing_key());
    let good = || issuer.revocations(&["innocent"], now);
    let claim = |name: &str, value: i64| good().claim(name, now.timestamp() + value).sign(signing);
    let signed = good().sign(signing);
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let header = head.split_once('.').unwrap().0;
    let other = good().claim("sids", "x").sign(signing);
    let payload = other.split('.').nth(1).unwrap();
    let typ = |typ: &str| good().header("typ", typ).sign(signing);
    let elsewhere = good().claim("iss", "https://evil.example");
    vec![
        ("alg none", good().unsigned(&signing.kid)),
        ("HS256", good().hs256(&signing.kid, &signing.public_pem())),
        ("an unknown key", good().sign(key(9))),
        (
            "our kid, another key",
            good().header("kid", &*signing.kid).sign(key(9)),
        ),
        ("no kid", good().sign_as_is(signing)),
        ("tampered", tampered(&signed)),
        ("another payload", format!("{header}.{payload}.{signature}")),
        ("an access token's type", typ("at+jwt")),
        ("the type JWT", typ("JWT")),
        ("no type", good().without_header("typ").sign(signing)),
        ("crit", good().header("crit", vec!["x"]).sign(signing)),
        ("an access token", issuer.mint(RESOURCE, "mcp:read", now)),
        ("another issuer", elsewhere.sign(signing)),
        ("expired", claim("exp", -30)),
        ("from the future", claim("iat", 31)),
        ("no expiry", good().without("exp").sign(signing)),
        ("sids that are no list", other),
        ("nothing", String::new()),
        ("a page", "<html>".to_owned()),
    ]
}

#[tokio::test]
async fn a_forged_list_revokes_nobody_and_frees_nobody() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    issuer.revoke(&["guilty"], fixed_now());
    assert!(list.refresh(fixed_now()).await);
    for (name, document) in forged(&issuer) {
        issuer.answer_revocations_with(200, document, None);
        assert!(!list.refresh(fixed_now()).await, "{name}");
        assert_eq!(judge(&list, "innocent", fixed_now()), Ok(()), "{name}");
        let guilty = judge(&list, "guilty", fixed_now());
        assert_eq!(guilty, Err(VerifyError::Revoked), "{name}");
    }
    assert_eq!(list.failures(), forged(&issuer).len() as u64);
}

#[tokio::test]
async fn answers_that_are_no_list_change_nothing() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    let long = "x".repeat(fetch::MAX_BYTES + 1);
    for (status, body) in [
        (404, ""),
        (500, "oops"),
        (302, ""),
        (304, ""), // nobody asked conditionally
        (200, &*long),
    ] {
        issuer.answer_revocations_with(status, body, None);
        assert!(!list.refresh(fixed_now()).await, "{status}");
    }
    assert_eq!((list.listed(), list.failures()), (0, 5));
}

#[tokio::test]
async fn an_old_copy_neither_replaces_a_newer_list_nor_counts_as_news() {
    let issuer = TestIssuer::start();
    let list = list_with(&issuer, OnStale::Closed);
    issuer.revoke(&["guilty"], fixed_now());
    assert!(list.refresh(fixed_now()).await);
    issuer.revoke(&[], after(-60)); // signed by the issuer, captured before
    assert!(!list.refresh(after(1)).await);
    assert_eq!(judge(&list, "guilty", after(1)), Err(VerifyError::Revoked));
    let late = judge(&list, "innocent", after(301));
    assert_eq!(late, Err(VerifyError::RevocationsUnavailable));
}

#[tokio::test]
async fn a_list_is_asked_for_conditionally_until_half_its_time_is_over() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    issuer.revoke(&["a"], fixed_now());
    for later in [0, 5, 59, 60] {
        assert!(list.refresh(after(later)).await, "after {later} s");
    }
    assert_eq!(issuer.revocation_looks(), ["", "\"a\"", "\"a\"", ""]);
    issuer.revoke(&["a", "b"], after(61));
    assert!(list.refresh(after(61)).await);
    assert_eq!(judge(&list, "b", after(61)), Err(VerifyError::Revoked));
    issuer.revoke(&[], after(62));
    assert!(list.refresh(after(62)).await);
    assert_eq!(judge(&list, "b", after(62)), Ok(()), "left the list");
}

#[tokio::test]
async fn when_the_issuer_is_down_the_last_list_stands_and_the_setting_decides_about_the_rest() {
    for (on_stale, late) in [
        (OnStale::Open, Ok(())),
        (OnStale::Closed, Err(VerifyError::RevocationsUnavailable)),
    ] {
        let mut issuer = TestIssuer::start();
        let list = list_with(&issuer, on_stale);
        assert!(!list.is_ready(fixed_now()));
        assert_eq!(judge(&list, "innocent", fixed_now()), late, "no list yet");
        issuer.revoke(&["guilty"], fixed_now());
        assert!(list.refresh(fixed_now()).await);
        assert!(list.is_ready(fixed_now()));
        issuer.stop();
        for (later, innocent) in [(1, Ok(())), (300, Ok(())), (301, late), (9999, late)] {
            assert!(!list.refresh(after(later)).await);
            assert_eq!(
                judge(&list, "innocent", after(later)),
                innocent,
                "{later} s"
            );
            let guilty = judge(&list, "guilty", after(later));
            assert_eq!(guilty, Err(VerifyError::Revoked), "{later} s");
            let machine = list.check(None, 0, after(later));
            assert_eq!(machine, Ok(()), "a token without a grant");
        }
        issuer.restart();
        issuer.revoke(&[], after(10_000));
        assert!(list.refresh(after(10_000)).await);
        assert_eq!(judge(&list, "innocent", after(10_000)), Ok(()), "again");
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_refuses_old_tokens_and_lets_new_ones_in() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    let now = fixed_now().timestamp();
    let spec = issuer.revocations(&["a"], fixed_now());
    let spec = spec.claim("refuse_issued_before", now - 60);
    issuer.answer_revocations_with(200, spec.sign(issuer.signing_key()), None);
    assert!(list.refresh(fixed_now()).await);
    for (issued_at, expected) in [
        (now - 61, Err(VerifyError::Revoked)),
        (now - 60, Ok(())),
        (now, Ok(())),
    ] {
        let got = list.check(Some(&"b".into()), issued_at, fixed_now());
        assert_eq!(got, expected, "{}", issued_at - now);
    }
}

#[tokio::test]
async fn the_longest_list_that_an_issuer_makes_is_read() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    let spec: TokenSpec = issuer.revocations(&[], fixed_now()).with_many(100_000);
    issuer.answer_revocations_with(200, spec.sign(issuer.signing_key()), None);
    assert!(list.refresh(fixed_now()).await);
    assert_eq!(list.listed(), 100_000);
}

#[tokio::test]
async fn a_verified_token_is_refused_from_the_moment_its_grant_is_listed() {
    let issuer = TestIssuer::start();
    let list = list(&issuer);
    let verifier = verifier(&issuer, &list);
    let of = |sid: &str| {
        let spec = issuer.token(RESOURCE, fixed_now()).claim("sid", sid);
        spec.sign(issuer.signing_key())
    };
    let (guilty, innocent) = (of("guilty"), of("innocent"));
    for token in [&guilty, &innocent, &guilty] {
        assert!(verifier.verify(token, fixed_now()).await.is_ok());
    }
    issuer.revoke(&["guilty"], fixed_now());
    assert!(list.refresh(fixed_now()).await);
    let fresh = self::verifier(&issuer, &list); // has verified nothing yet
    for verifier in [&verifier, &fresh] {
        for _ in 0..2 {
            let got = verifier.verify(&guilty, fixed_now()).await;
            assert_eq!(got.unwrap_err(), VerifyError::Revoked);
            assert!(verifier.verify(&innocent, fixed_now()).await.is_ok());
        }
    }
    assert_eq!(
        VerifyError::Revoked.description(),
        "The access token has been revoked"
    );
}

#[tokio::test]
async fn the_poller_looks_again_and_again_and_ends_with_its_list() {
    let issuer = TestIssuer::start();
    issuer.revoke(&["a"], fixed_now());
    let list = list(&issuer);
    list.start(Arc::new(fixed_now), CancellationToken::new());
    let started = Instant::now();
    while list.listed() == 0 || issuer.revocation_looks().len() < 3 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(list);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let looks = issuer.revocation_looks().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(issuer.revocation_looks().len(), looks);
}
