//! The signer against a store in memory.

use chrono::{TimeDelta, TimeZone as _};
use loop_oauth::{store::SigningKeys as _, testing::MemoryStore};
use loop_shared::auth::claims::{Audience, ClientId, GrantId, Subject, TokenId};
use loop_shared::auth::scope::{Role, Roles, Scope, Scopes};
use secrecy::ExposeSecret as _;

use super::*;

fn settings(secret: Option<&SecretString>) -> KeySettings {
    KeySettings {
        policy: Policy {
            alg: SigningAlgorithm::Rs256,
            publish_ahead: TimeDelta::seconds(4_200),
            keep_after: TimeDelta::seconds(4_260),
            rotate_every: Some(TimeDelta::days(90)),
        },
        secret: secret.cloned(),
        former: Vec::new(),
    }
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        iss: "http://localhost:8082".to_owned(),
        sub: Subject::from("s"),
        aud: Audience::one("http://localhost:8082/mcp"),
        exp: now().timestamp() + 3_600,
        iat: now().timestamp(),
        nbf: None,
        jti: TokenId::from("j"),
        client_id: ClientId::from("c"),
        scope: Scopes::of(&[Scope::McpRead]),
        roles: [Role::Member].into_iter().collect::<Roles>(),
        sid: Some(GrantId::from("g")),
        cnf: None,
    }
}

#[tokio::test]
async fn the_key_is_made_once_and_signs_at_jwt_tokens_after_a_restart() {
    let keys = MemoryStore::default();
    let first = Signer::open(&keys, &settings(None), now()).await.unwrap();
    let later = Signer::open(&keys, &settings(None), now() + TimeDelta::days(1))
        .await
        .unwrap();
    assert_eq!(first.jwks(), later.jwks());
    let token = first.sign(&claims()).unwrap();
    let token = token.expose_secret();
    assert_eq!(later.read_own(token), Some(claims()));
    let header = jws_header(token).unwrap();
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["typ"], "at+jwt");
    let jwks: Value = serde_json::from_str(&first.jwks()).unwrap();
    assert_eq!(header["kid"], jwks["keys"][0]["kid"]);
}

#[tokio::test]
async fn keys_that_a_secret_of_before_encrypted_still_sign() {
    let keys = MemoryStore::default();
    let (old, new) = (
        SecretString::from("the old secret of at least 32 bytes"),
        SecretString::from("the new secret of at least 32 bytes"),
    );
    let before = Signer::open(&keys, &settings(Some(&old)), now()).await;
    let token = before.unwrap().sign(&claims()).unwrap();
    let both = KeySettings {
        former: vec![old],
        ..settings(Some(&new))
    };
    let after = Signer::open(&keys, &both, now()).await.unwrap();
    assert_eq!(after.read_own(token.expose_secret()), Some(claims()));
    let alone = Signer::open(&keys, &settings(Some(&new)), now()).await;
    assert!(alone.is_err());
}

#[tokio::test]
async fn the_published_document_holds_public_members_alone() {
    let signer = Signer::open(&MemoryStore::default(), &settings(None), now())
        .await
        .unwrap();
    let jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
    let key = jwks["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    assert!(modulus.len() * 8 >= 2048);
}

#[tokio::test]
async fn with_a_secret_the_stored_key_is_unreadable_and_a_wrong_secret_says_so() {
    let keys = MemoryStore::default();
    let secret = SecretString::from("0123456789abcdef0123456789abcdef");
    let signer = Signer::open(&keys, &settings(Some(&secret)), now())
        .await
        .unwrap();
    let stored = keys.signing_keys().await.unwrap()[0].private.clone();
    assert!(stored.expose_secret().starts_with("ey"));
    assert!(!format!("{signer:?}").contains("PRIVATE"));
    let again = Signer::open(&keys, &settings(Some(&secret)), now())
        .await
        .unwrap();
    assert_eq!(signer.jwks(), again.jwks());
    for (wrong, says) in [
        (None, "set AUTH_ENCRYPTION_SECRET"),
        (
            Some(SecretString::from("ffffffffffffffffffffffffffffffff")),
            "do not open with this AUTH_ENCRYPTION_SECRET",
        ),
    ] {
        let error = Signer::open(&keys, &settings(wrong.as_ref()), now())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn only_tokens_of_this_server_are_read() {
    let signer = Signer::open(&MemoryStore::default(), &settings(None), now())
        .await
        .unwrap();
    let other = Signer::open(&MemoryStore::default(), &settings(None), now())
        .await
        .unwrap();
    let token = signer.sign(&claims()).unwrap();
    let token = token.expose_secret();
    let (head, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    for bad in [
        "",
        "...",
        "abc",
        &format!("{head}.{payload}."),
        &format!("{none}.{payload}."),
        &format!("{none}.{payload}.{signature}"),
        &format!("{head}.{head}.{signature}"),
    ] {
        assert_eq!(signer.read_own(bad), None, "{bad}");
    }
    assert_eq!(other.read_own(token), None);
}

#[tokio::test]
async fn a_retired_key_verifies_but_never_signs_and_another_takes_its_place() {
    let keys = MemoryStore::default();
    let old = Signer::open(&keys, &settings(None), now()).await.unwrap();
    let token = old.sign(&claims()).unwrap();
    let kid = keys.signing_keys().await.unwrap()[0].kid.clone();
    keys.retire_key(&kid, now()).await.unwrap();
    let new = Signer::open(&keys, &settings(None), now()).await.unwrap();
    assert_eq!(new.read_own(token.expose_secret()), Some(claims()));
    let token = new.sign(&claims()).unwrap();
    assert_ne!(jws_header(token.expose_secret()).unwrap()["kid"], kid);
}

#[tokio::test]
async fn every_algorithm_signs_and_is_published_as_itself() {
    for alg in SigningAlgorithm::ALL {
        let mut settings = settings(None);
        settings.policy.alg = alg;
        let signer = Signer::open(&MemoryStore::default(), &settings, now())
            .await
            .unwrap();
        let token = signer.sign(&claims()).unwrap();
        let header = jws_header(token.expose_secret()).unwrap();
        assert_eq!(header["alg"], alg.as_str());
        let jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
        assert_eq!(jwks["keys"][0]["alg"], alg.as_str());
        assert_eq!(signer.read_own(token.expose_secret()), Some(claims()));
        assert_eq!(signer.algorithms(), [alg]);
    }
}
