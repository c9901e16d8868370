//! The signer against a store in memory.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{TimeDelta, TimeZone as _};
use loop_oauth::store::Inserted;
use loop_shared::auth::claims::{Audience, ClientId, GrantId, Subject, TokenId};
use loop_shared::auth::scope::{Role, Roles, Scope, Scopes};
use secrecy::ExposeSecret as _;

use super::*;

/// Signing keys in memory.
#[derive(Default)]
struct Keys(Mutex<Vec<SigningKey>>);

#[async_trait]
impl SigningKeys for Keys {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn add_first_key(&self, key: &SigningKey) -> Result<Inserted, StoreError> {
        let mut keys = self.0.lock().unwrap();
        if !keys.is_empty() {
            return Ok(Inserted::AlreadyThere);
        }
        keys.push(key.clone());
        Ok(Inserted::Now)
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
        exp: 2,
        iat: 1,
        nbf: None,
        jti: TokenId::from("j"),
        client_id: ClientId::from("c"),
        scope: Scopes::of(&[Scope::McpRead]),
        roles: [Role::Member].into_iter().collect::<Roles>(),
        sid: Some(GrantId::from("g")),
    }
}

#[tokio::test]
async fn the_key_is_made_once_and_signs_at_jwt_tokens_after_a_restart() {
    let keys = Keys::default();
    let first = Signer::open(&keys, None, now()).await.unwrap();
    let later = Signer::open(&keys, None, now() + TimeDelta::days(1))
        .await
        .unwrap();
    assert_eq!(first.jwks(), later.jwks());
    let token = first.sign(&claims()).unwrap();
    let token = token.expose_secret();
    assert_eq!(later.read_own(token), Some(claims()));
    let header = jws_header(token).unwrap();
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["typ"], "at+jwt");
    let jwks: Value = serde_json::from_str(first.jwks()).unwrap();
    assert_eq!(header["kid"], jwks["keys"][0]["kid"]);
}

#[tokio::test]
async fn the_published_document_holds_public_members_alone() {
    let signer = Signer::open(&Keys::default(), None, now()).await.unwrap();
    let jwks: Value = serde_json::from_str(signer.jwks()).unwrap();
    let key = jwks["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    assert!(modulus.len() * 8 >= 2048);
}

#[tokio::test]
async fn with_a_secret_the_stored_key_is_unreadable_and_a_wrong_secret_says_so() {
    let keys = Keys::default();
    let secret = SecretString::from("0123456789abcdef0123456789abcdef");
    let signer = Signer::open(&keys, Some(&secret), now()).await.unwrap();
    let stored = keys.0.lock().unwrap()[0].private.clone();
    assert!(stored.expose_secret().starts_with("ey"));
    assert!(!format!("{signer:?}").contains("PRIVATE"));
    let again = Signer::open(&keys, Some(&secret), now()).await.unwrap();
    assert_eq!(signer.jwks(), again.jwks());
    for (wrong, says) in [
        (None, "set AUTH_ENCRYPTION_SECRET"),
        (
            Some(SecretString::from("ffffffffffffffffffffffffffffffff")),
            "do not open with this AUTH_ENCRYPTION_SECRET",
        ),
    ] {
        let error = Signer::open(&keys, wrong.as_ref(), now())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn only_tokens_of_this_server_are_read() {
    let signer = Signer::open(&Keys::default(), None, now()).await.unwrap();
    let other = Signer::open(&Keys::default(), None, now()).await.unwrap();
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
async fn a_retired_key_verifies_but_never_signs() {
    let keys = Keys::default();
    Signer::open(&keys, None, now()).await.unwrap();
    keys.0.lock().unwrap()[0].retired_at = Some(now());
    let error = Signer::open(&keys, None, now()).await.unwrap_err();
    assert!(matches!(error, SignerError::NoneLeft), "{error}");
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    let jwk = Jwk::from_bytes(
        r#"{"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    )
    .unwrap();
    assert_eq!(
        thumbprint(&jwk),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}
