//! Keys over real HTTP and from real files.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use loop_testkit::keys::jwks;
use loop_testkit::{TestIssuer, TestKey, fixed_now, key};
use serde_json::json;

use super::*;
use crate::auth::algorithm::SigningAlgorithm;

fn http(issuer: &TestIssuer, settings: JwksSettings) -> JwksSource {
    JwksSource::http(Url::parse(&issuer.jwks_url()).unwrap(), settings).unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    fixed_now() + TimeDelta::seconds(seconds)
}

async fn error(source: &JwksSource, kid: &str, now: DateTime<Utc>) -> Option<KeyError> {
    source.key(kid, now).await.err()
}

/// Waits (in real time) until the source has this key; the time it is asked with moves along.
async fn becomes_known(source: &JwksSource, kid: &str) -> bool {
    for step in 0..250 {
        if source
            .key(kid, fixed_now() + TimeDelta::milliseconds(step * 300))
            .await
            .is_ok()
        {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn a_down_issuer_keeps_its_keys_until_they_are_too_old() {
    let mut issuer = TestIssuer::start();
    let settings = JwksSettings {
        cache: Duration::from_millis(1),
        ..JwksSettings::default()
    };
    let source = http(&issuer, settings);
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    issuer.stop();
    for (later, expected) in [
        (1, None),
        (3600, None),
        (86_400, None),
        (86_401, Some(KeyError::Unavailable)),
    ] {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(
            error(&source, "key-1", after(later)).await,
            expected,
            "after {later} s"
        );
    }
    issuer.restart();
    assert_eq!(error(&source, "key-1", after(90_000)).await, None);
}

#[tokio::test]
async fn keys_past_their_cache_time_are_used_while_a_slow_issuer_is_asked_in_the_background() {
    let issuer = TestIssuer::start();
    let settings = JwksSettings {
        cache: Duration::from_millis(10),
        ..JwksSettings::default()
    };
    let source = http(&issuer, settings);
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    issuer.delay(Duration::from_secs(2));
    issuer.publish(&[key(1), key(2)]);
    tokio::time::sleep(Duration::from_millis(30)).await;
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(error(&source, "key-1", after(20)).await, None);
    }
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        issuer.requests(),
        2,
        "one fetch at first, one in the background"
    );
}

#[tokio::test]
async fn a_rotated_key_is_picked_up_by_its_unknown_id_without_waiting_for_the_cache() {
    let mut issuer = TestIssuer::start();
    let source = http(&issuer, JwksSettings::default());
    let (before, _) = source.key("key-1", fixed_now()).await.unwrap();
    issuer.rotate(key(2));
    let (set, _) = source.key("key-2", after(1)).await.unwrap();
    assert!(set.get("key-1").is_some(), "the old key is still there");
    assert_ne!(set.generation(), before.generation());
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn a_stampede_of_unknown_ids_makes_one_fetch_and_ten_seconds_of_peace() {
    let issuer = TestIssuer::start();
    let source = http(&issuer, JwksSettings::default());
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    issuer.delay(Duration::from_millis(200));
    let names: Vec<_> = (0..50).map(|n| format!("unknown-{n}")).collect();
    let asked = names.iter().map(|name| error(&source, name, after(1)));
    let answers = futures_util::future::join_all(asked).await;
    assert!(
        answers
            .iter()
            .all(|answer| *answer == Some(KeyError::Unknown))
    );
    assert_eq!(issuer.requests(), 2);
    for (later, requests) in [(2, 2), (10, 2), (11, 3), (12, 3)] {
        assert_eq!(
            error(&source, "again", after(later)).await,
            Some(KeyError::Unknown)
        );
        assert_eq!(issuer.requests(), requests, "after {later} s");
    }
}

#[tokio::test]
async fn a_stampede_at_the_first_contact_makes_one_fetch() {
    let issuer = TestIssuer::start();
    issuer.delay(Duration::from_millis(200));
    let source = http(&issuer, JwksSettings::default());
    let asked = (0..50).map(|n| {
        error(
            &source,
            if n % 2 == 0 { "key-1" } else { "unknown" },
            fixed_now(),
        )
    });
    let answers = futures_util::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 25);
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_cancel_the_fetch_of_the_others() {
    let issuer = TestIssuer::start();
    issuer.delay(Duration::from_millis(200));
    let source = http(&issuer, JwksSettings::default());
    let hasty =
        tokio::time::timeout(Duration::from_millis(50), source.key("key-1", fixed_now())).await;
    assert!(hasty.is_err());
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn an_unknown_id_is_not_called_unknown_while_the_issuer_is_down() {
    let mut issuer = TestIssuer::start();
    let source = http(&issuer, JwksSettings::default());
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    issuer.stop();
    assert_eq!(
        error(&source, "key-2", after(1)).await,
        Some(KeyError::Unavailable)
    );
    assert_eq!(
        error(&source, "key-2", after(2)).await,
        Some(KeyError::Unavailable)
    );
    assert_eq!(error(&source, "key-1", after(2)).await, None);
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_leaves_the_old_keys() {
    let issuer = TestIssuer::start();
    let source = http(&issuer, JwksSettings::default());
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    let short = TestKey::generate("short", 1024);
    for (at, (status, body)) in [
        (500, jwks(&[key(2)]).to_string()),
        (302, jwks(&[key(2)]).to_string()),
        (200, "<html>".to_owned()),
        (200, json!({"keys": []}).to_string()),
        (200, jwks(&[&short]).to_string()),
        (200, format!("{}{}", jwks(&[key(2)]), " ".repeat(300_000))),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.answer_with(status, body);
        let now = after(20 * (i64::try_from(at).unwrap() + 1));
        assert_eq!(
            error(&source, "key-2", now).await,
            Some(KeyError::Unavailable),
            "answer {at}"
        );
        assert_eq!(error(&source, "key-1", now).await, None, "answer {at}");
    }
}

#[tokio::test]
async fn a_fetch_ends_after_its_timeout() {
    let issuer = TestIssuer::start();
    issuer.delay(Duration::from_secs(30));
    let settings = JwksSettings {
        timeout: Duration::from_millis(200),
        ..JwksSettings::default()
    };
    let source = http(&issuer, settings);
    let started = Instant::now();
    assert_eq!(
        error(&source, "key-1", fixed_now()).await,
        Some(KeyError::Unavailable)
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn only_long_rsa_signing_keys_with_an_id_are_kept() {
    let good = key(1).public_jwk();
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    let without = |name: &str| {
        let mut jwk = good.clone();
        jwk.as_object_mut().unwrap().remove(name);
        jwk
    };
    for (what, jwk, kept) in [
        ("as it is", good.clone(), true),
        ("without use", without("use"), true),
        ("without alg", without("alg"), true),
        ("for encryption", with("use", json!("enc")), false),
        ("to sign with", with("key_ops", json!(["sign"])), false),
        ("to verify with", with("key_ops", json!(["verify"])), true),
        ("for RS512", with("alg", json!("RS512")), false),
        ("for PS256", with("alg", json!("PS256")), false),
        (
            "symmetric",
            json!({"kty": "oct", "kid": "k", "k": "AAAA"}),
            false,
        ),
        ("without kid", without("kid"), false),
        ("kid a number", with("kid", json!(1)), false),
        ("exponent 1", with("e", json!("AQ")), false),
        ("exponent even", with("e", json!("AQAA")), false),
        ("modulus garbage", with("n", json!("!!")), false),
        (
            "1024 bits",
            TestKey::generate("k", 1024).public_jwk(),
            false,
        ),
        (
            "2040 bits",
            TestKey::generate("k", 2040).public_jwk(),
            false,
        ),
    ] {
        let set = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes());
        assert_eq!(set.is_ok(), kept, "{what}: {:?}", set.err());
    }
}

#[test]
fn a_curve_key_is_kept_with_the_one_algorithm_of_its_curve() {
    let (ec, ed) = (TestKey::p256("ec"), TestKey::ed25519("ed"));
    let with = |key: &TestKey, name: &str, value: serde_json::Value| {
        let mut jwk = key.public_jwk();
        jwk[name] = value;
        jwk
    };
    let short = "A".repeat(42);
    let off_curve = "A".repeat(43);
    for (what, jwk, kept) in [
        ("P-256", ec.public_jwk(), Some(SigningAlgorithm::Es256)),
        ("Ed25519", ed.public_jwk(), Some(SigningAlgorithm::EdDsa)),
        ("RSA", key(1).public_jwk(), Some(SigningAlgorithm::Rs256)),
        ("P-256 for RS256", with(&ec, "alg", json!("RS256")), None),
        ("P-256 for ES384", with(&ec, "alg", json!("ES384")), None),
        ("P-256 called P-384", with(&ec, "crv", json!("P-384")), None),
        ("P-256 called OKP", with(&ec, "kty", json!("OKP")), None),
        ("P-256 to encrypt", with(&ec, "use", json!("enc")), None),
        ("a short coordinate", with(&ec, "y", json!(short)), None),
        ("not on the curve", with(&ec, "y", json!(off_curve)), None),
        ("Ed25519 for ES256", with(&ed, "alg", json!("ES256")), None),
        (
            "Ed25519 called Ed448",
            with(&ed, "crv", json!("Ed448")),
            None,
        ),
        ("Ed25519 called EC", with(&ed, "kty", json!("EC")), None),
        ("a short key", with(&ed, "x", json!(short)), None),
        ("RSA for ES256", with(key(1), "alg", json!("ES256")), None),
        (
            "RSA with a curve",
            with(key(1), "crv", json!("P-256")),
            None,
        ),
    ] {
        let kid = jwk["kid"].as_str().unwrap().to_owned();
        let set = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes());
        let got = set
            .ok()
            .and_then(|set| set.get(&kid))
            .map(|key| key.algorithm());
        assert_eq!(got, kept, "{what}");
    }
}

#[test]
fn bad_keys_do_not_spoil_good_ones_and_the_first_of_an_id_counts() {
    let impostor = TestKey::generate("key-1", 2048);
    let text =
        json!({"keys": [{"kty": "EC"}, key(1).public_jwk(), impostor.public_jwk()]}).to_string();
    let set = KeySet::parse(text.as_bytes()).unwrap();
    assert_eq!((set.len(), set.is_empty()), (1, false));
    let known = set.get("key-1").unwrap();
    assert!(known.verifies(b"text", &key(1).sign(b"text")));
    assert!(!known.verifies(b"text", &impostor.sign(b"text")));
}

fn write(path: &Path, keys: &[&TestKey]) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, jwks(keys).to_string()).unwrap();
    std::fs::rename(fresh, path).unwrap();
}

#[tokio::test]
async fn a_key_file_that_changes_needs_no_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwks.json");
    let source = JwksSource::file(&path, JwksSettings::default()).unwrap();
    assert_eq!(
        error(&source, "key-1", fixed_now()).await,
        Some(KeyError::Unavailable)
    );
    write(&path, &[key(1)]);
    assert!(becomes_known(&source, "key-1").await, "the file appeared");
    write(&path, &[key(1), key(2)]);
    assert!(
        becomes_known(&source, "key-2").await,
        "the file was replaced"
    );
}

#[tokio::test]
async fn a_key_withdrawn_from_the_file_is_gone_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwks.json");
    write(&path, &[key(1), key(2)]);
    let source = JwksSource::file(&path, JwksSettings::default()).unwrap();
    assert_eq!(error(&source, "key-2", fixed_now()).await, None);
    write(&path, &[key(1)]);
    let started = Instant::now();
    while error(&source, "key-2", fixed_now()).await.is_none() {
        assert!(started.elapsed() < Duration::from_secs(5), "still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_half_written_key_file_keeps_the_last_good_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwks.json");
    write(&path, &[key(1)]);
    let source = JwksSource::file(&path, JwksSettings::default()).unwrap();
    assert_eq!(error(&source, "key-1", fixed_now()).await, None);
    let whole = jwks(&[key(2)]).to_string();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    for step in 0..10 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(
            error(&source, "key-1", after(step)).await,
            None,
            "step {step}"
        );
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(becomes_known(&source, "key-2").await);
}
