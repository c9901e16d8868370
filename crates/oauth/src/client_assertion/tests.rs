//! Client assertions, attacks first.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_testkit::keys::{TestKey, key};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::{ClientAuthMethod, ClientId},
    client_auth::{PresentedClient, authenticate as authenticate_client},
    client_metadata_document::{ClientDocuments, Document, NoDocument},
    store::Clients as _,
    testing::{World, client},
};

const ISSUER: &str = "http://localhost:8082";
const URI: &str = "https://keys.example/jwks.json";
const NOW: i64 = 1_800_000_000;

fn keys(signers: &[&TestKey]) -> PublicKeys {
    PublicKeys::read(&loop_testkit::keys::jwks(signers)).unwrap()
}

fn signing(id: &str, source: KeySource) -> Client {
    Client {
        auth_method: ClientAuthMethod::PrivateKeyJwt,
        keys: Some(ClientKeys {
            source,
            alg: None,
            optional: false,
        }),
        ..client(id, "https://a.example/cb")
    }
}

/// `app` has key 0 with its metadata; `remote` has its keys behind [`URI`].
async fn world() -> World {
    let world = World::default();
    let inline = KeySource::Inline(keys(&[key(0)]));
    let optional = Client {
        keys: Some(ClientKeys {
            source: inline.clone(),
            alg: None,
            optional: true,
        }),
        ..signing("either", inline.clone())
    };
    let pinned = Client {
        keys: Some(ClientKeys {
            source: inline.clone(),
            alg: Some(SigningAlgorithm::Es256),
            optional: false,
        }),
        ..signing("pinned", inline.clone())
    };
    for client in [
        signing("app", inline.clone()),
        optional,
        pinned,
        signing("other", inline),
        signing("remote", KeySource::Uri(URI.into(), None)),
        client("public", "https://a.example/cb"),
    ] {
        world.store.add_client(&client).await.unwrap();
    }
    world
}

fn claims(client: &str) -> Value {
    json!({"iss": client, "sub": client, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "once"})
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn sign(key: &TestKey, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header(key: &TestKey) -> Value {
    json!({"alg": key.alg(), "kid": key.kid})
}

/// The usual assertion of `app` with some claims replaced; `null` leaves one out.
fn assertion(changes: &[(&str, Value)]) -> String {
    let mut claims = claims("app");
    for (name, value) in changes {
        claims[*name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        }
    }
    sign(key(0), &header(key(0)), &claims)
}

async fn present(world: &World, params: &[(&str, &str)]) -> Result<String, &'static str> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let params: Vec<_> = params.iter().map(own).collect();
    let code = |error: TokenError| error.oauth().1;
    let presented = PresentedClient::read(None, &params).map_err(code)?;
    let client = authenticate_client(&world.cx(), presented).await;
    client.map(|client| client.id.0).map_err(code)
}

async fn try_with(world: &World, assertion: &str) -> Result<String, &'static str> {
    let type_is = ("client_assertion_type", ASSERTION_TYPE);
    present(world, &[type_is, ("client_assertion", assertion)]).await
}

const REFUSED: Result<&str, &str> = Err("invalid_client");

#[tokio::test]
async fn the_claims_of_an_assertion_name_its_client_this_server_and_this_moment() {
    let endpoint = format!("{ISSUER}/token");
    for (changes, expected) in [
        (vec![], Ok("app")),
        (vec![("aud", json!([ISSUER]))], Ok("app")),
        (vec![("aud", json!(format!("{ISSUER}/")))], Ok("app")),
        (vec![("aud", json!(endpoint))], Ok("app")),
        (vec![("aud", json!(format!("{ISSUER}/par")))], Ok("app")),
        (vec![("iat", Value::Null)], Ok("app")),
        (
            vec![("exp", json!(f64::from(1_800_000_060_i32) + 0.5))],
            Ok("app"),
        ),
        // who
        (vec![("iss", json!("other"))], REFUSED),
        (vec![("sub", json!("other"))], REFUSED),
        (vec![("iss", Value::Null)], REFUSED),
        (vec![("sub", Value::Null)], REFUSED),
        (
            vec![("iss", json!("nobody")), ("sub", json!("nobody"))],
            REFUSED,
        ),
        (
            vec![("iss", json!("public")), ("sub", json!("public"))],
            REFUSED,
        ),
        // for whom
        (vec![("aud", json!("https://evil.example"))], REFUSED),
        (
            vec![("aud", json!(format!("{ISSUER}/introspect")))],
            REFUSED,
        ),
        (
            vec![("aud", json!(format!("{ISSUER}.evil.example")))],
            REFUSED,
        ),
        (
            vec![("aud", json!([ISSUER, "https://evil.example"]))],
            REFUSED,
        ),
        (vec![("aud", json!([ISSUER, ISSUER]))], REFUSED),
        (vec![("aud", json!([]))], REFUSED),
        (vec![("aud", Value::Null)], REFUSED),
        // when
        (vec![("exp", json!(NOW - 59))], Ok("app")),
        (vec![("exp", json!(NOW - 60))], REFUSED),
        (vec![("exp", json!(NOW + 660))], Ok("app")),
        (vec![("exp", json!(NOW + 661))], REFUSED),
        (vec![("exp", Value::Null)], REFUSED),
        (vec![("exp", json!("soon"))], REFUSED),
        (vec![("exp", json!(1e300))], REFUSED),
        (vec![("iat", json!(NOW + 60))], Ok("app")),
        (vec![("iat", json!(NOW + 61))], REFUSED),
        (vec![("nbf", json!(NOW + 61))], REFUSED),
        // once
        (vec![("jti", Value::Null)], REFUSED),
        (vec![("jti", json!(""))], REFUSED),
        (vec![("jti", json!(7))], REFUSED),
        (vec![("jti", json!("x".repeat(257)))], REFUSED),
    ] {
        let got = try_with(&world().await, &assertion(&changes)).await;
        let got = got.as_deref().map_err(|code| *code);
        assert_eq!(got, expected, "{changes:?}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn no_other_algorithm_than_the_keys_own_verifies_an_assertion() {
    let world = world().await;
    let rsa = key(0);
    let usual = claims("app");
    let hmac = {
        use hmac::{Hmac, Mac as _};
        let signed = format!(
            "{}.{}",
            part(&json!({"alg": "HS256", "kid": rsa.kid})),
            part(&usual)
        );
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&rsa.public_pem()).unwrap();
        mac.update(signed.as_bytes());
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    };
    let brought = json!({"alg": "RS256", "jwk": key(1).public_jwk()});
    let mut tampered = sign(rsa, &header(rsa), &usual);
    tampered.replace_range(..0, "");
    let (head, rest) = tampered.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let tampered = format!("{head}.{}.{signature}", part(&claims("other")));
    for (name, assertion) in [
        (
            "none",
            format!("{}.{}.", part(&json!({"alg": "none"})), part(&usual)),
        ),
        ("the public key as a secret", hmac),
        ("another key", sign(key(1), &header(rsa), &usual)),
        (
            "another key by its own name",
            sign(key(1), &header(key(1)), &usual),
        ),
        ("a key that it brings along", sign(key(1), &brought, &usual)),
        (
            "another algorithm's name",
            sign(rsa, &json!({"alg": "ES256", "kid": rsa.kid}), &usual),
        ),
        (
            "PS256",
            sign(rsa, &json!({"alg": "PS256", "kid": rsa.kid}), &usual),
        ),
        (
            "an access token",
            sign(
                rsa,
                &json!({"alg": "RS256", "kid": rsa.kid, "typ": "at+jwt"}),
                &usual,
            ),
        ),
        (
            "a DPoP proof",
            sign(
                rsa,
                &json!({"alg": "RS256", "kid": rsa.kid, "typ": "dpop+jwt"}),
                &usual,
            ),
        ),
        (
            "critical",
            sign(
                rsa,
                &json!({"alg": "RS256", "kid": rsa.kid, "crit": ["x"]}),
                &usual,
            ),
        ),
        ("other claims", tampered),
        (
            "no signature",
            format!("{}.{}.", part(&header(rsa)), part(&usual)),
        ),
        ("not a JWT", "x".to_owned()),
        ("long", "x".repeat(MAX_ASSERTION_BYTES + 1)),
    ] {
        let got = try_with(&world, &assertion).await;
        assert_eq!(got, Err("invalid_client"), "{name}");
    }
    let pinned = sign(rsa, &header(rsa), &claims("pinned"));
    assert_eq!(try_with(&world, &pinned).await, Err("invalid_client"));
    for typ in [
        "JWT",
        "client-authentication+jwt",
        "application/client-authentication+jwt",
    ] {
        let world = self::world().await;
        let head = json!({"alg": "RS256", "kid": rsa.kid, "typ": typ});
        let got = try_with(&world, &sign(rsa, &head, &usual)).await;
        assert_eq!(got.as_deref(), Ok("app"), "{typ}");
    }
}

#[tokio::test]
async fn every_kind_of_key_signs_with_its_own_algorithm() {
    for signer in [
        TestKey::p256("p"),
        TestKey::ed25519("e"),
        TestKey::generate("r", 2048),
    ] {
        let world = World::default();
        let source = KeySource::Inline(keys(&[&signer]));
        world
            .store
            .add_client(&signing("app", source))
            .await
            .unwrap();
        let got = try_with(&world, &sign(&signer, &header(&signer), &claims("app"))).await;
        assert_eq!(got.as_deref(), Ok("app"), "{}", signer.alg());
    }
}

#[tokio::test]
async fn an_assertion_is_taken_once() {
    let world = world().await;
    let once = assertion(&[]);
    assert_eq!(try_with(&world, &once).await.as_deref(), Ok("app"));
    assert_eq!(try_with(&world, &once).await, Err("invalid_client"));
    // Another one with the same identifier is the same; another client's is not.
    let same = assertion(&[("exp", json!(NOW + 61))]);
    assert_eq!(try_with(&world, &same).await, Err("invalid_client"));
    let others = sign(key(0), &header(key(0)), &claims("other"));
    assert_eq!(try_with(&world, &others).await.as_deref(), Ok("other"));
    // A forged one takes nobody's identifier away.
    let world = self::world().await;
    let forged = sign(key(1), &header(key(0)), &claims("app"));
    assert_eq!(try_with(&world, &forged).await, Err("invalid_client"));
    assert_eq!(try_with(&world, &once).await.as_deref(), Ok("app"));
}

#[tokio::test]
async fn of_many_that_present_one_assertion_at_once_one_is_let_in() {
    let world = world().await;
    let once = assertion(&[]);
    let calls = (0..16).map(|_| try_with(&world, &once));
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_client_authenticates_once_and_as_itself() {
    let world = world().await;
    let (jwt, kind) = (assertion(&[]), ("client_assertion_type", ASSERTION_TYPE));
    let given = ("client_assertion", jwt.as_str());
    let other_kind = (
        "client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    );
    for (params, expected) in [
        (vec![given], Err("invalid_request")),
        (vec![kind], Err("invalid_request")),
        (vec![kind, given, given], Err("invalid_request")),
        (vec![other_kind, given], REFUSED),
        (
            vec![kind, given, ("client_id", "other")],
            Err("invalid_request"),
        ),
        (
            vec![kind, given, ("client_secret", "x")],
            Err("invalid_request"),
        ),
        (vec![("client_id", "app")], REFUSED),
        (vec![("client_id", "app"), ("client_secret", "x")], REFUSED),
        (
            vec![("client_id", "either"), ("client_secret", "x")],
            REFUSED,
        ),
        (vec![("client_id", "either")], Ok("either")),
        (vec![kind, given, ("client_id", "app")], Ok("app")),
    ] {
        let got = present(&world, &params).await;
        assert_eq!(got.as_deref().map_err(|code| *code), expected, "{params:?}");
    }
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let both = PresentedClient::read(Some("Basic YTpi"), &[own(kind), own(given)]);
    assert_eq!(both.unwrap_err().oauth().1, "invalid_request");
}

/// A host of keys that rotates them, and may be down.
struct Host {
    old: Mutex<Result<PublicKeys, ()>>,
    new: Mutex<Option<PublicKeys>>,
    newer_asked: AtomicUsize,
}

#[async_trait]
impl ClientDocuments for Host {
    async fn document(&self, _: &DocumentUrl, _: Want) -> Result<Arc<Document>, NoDocument> {
        Err(NoDocument::Unreachable("down".into()))
    }

    fn at_hand(&self, _: &DocumentUrl) -> Option<Arc<Document>> {
        None
    }

    async fn keys(&self, url: &DocumentUrl, want: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        assert_eq!(url.as_str(), URI);
        let down = || NoDocument::Unreachable("down".into());
        if want == Want::Newer {
            self.newer_asked.fetch_add(1, Ordering::Relaxed);
            let new = self.new.lock().unwrap().clone();
            return new.map(Arc::new).ok_or_else(down);
        }
        let old = self.old.lock().unwrap().clone();
        old.map(Arc::new).map_err(|()| down())
    }
}

fn host(old: Result<PublicKeys, ()>, new: Option<PublicKeys>) -> Arc<Host> {
    Arc::new(Host {
        old: Mutex::new(old),
        new: Mutex::new(new),
        newer_asked: AtomicUsize::new(0),
    })
}

#[tokio::test]
async fn a_key_that_is_not_there_yet_is_looked_for_once_more() {
    let keys_host = host(Ok(keys(&[key(0)])), Some(keys(&[key(1)])));
    let world = World {
        documents: Arc::clone(&keys_host) as _,
        ..world().await
    };
    let by = |signer: &TestKey, header: &Value| sign(signer, header, &claims("remote"));
    // A bad signature of a known key is no reason to ask.
    let got = try_with(&world, &by(key(1), &header(key(0)))).await;
    assert_eq!(got, Err("invalid_client"));
    assert_eq!(keys_host.newer_asked.load(Ordering::Relaxed), 0);
    let got = try_with(&world, &by(key(1), &header(key(1)))).await;
    assert_eq!(got.as_deref(), Ok("remote"));
    assert_eq!(keys_host.newer_asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_keys_that_served_last_serve_while_their_host_is_down() {
    let keys_host = host(Ok(keys(&[key(0)])), None);
    let world = World {
        documents: Arc::clone(&keys_host) as _,
        ..world().await
    };
    let mut claims = claims("remote");
    let first = sign(key(0), &header(key(0)), &claims);
    assert_eq!(try_with(&world, &first).await.as_deref(), Ok("remote"));
    *keys_host.old.lock().unwrap() = Err(());
    claims["jti"] = json!("twice");
    let second = sign(key(0), &header(key(0)), &claims);
    assert_eq!(try_with(&world, &second).await.as_deref(), Ok("remote"));
    let stored = world.store.client(&ClientId("remote".into())).await;
    let stored = stored.unwrap().unwrap().keys.unwrap();
    assert_eq!(stored.at_hand(), Some(&keys(&[key(0)])));
    // A key that was taken back is not honoured for being stored.
    *keys_host.old.lock().unwrap() = Ok(keys(&[key(1)]));
    claims["jti"] = json!("thrice");
    let third = sign(key(0), &header(key(0)), &claims);
    assert_eq!(try_with(&world, &third).await, Err("invalid_client"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,200}", head in ".{0,40}", body in ".{0,80}") {
        prop_assert!(Unverified::parse(&text).is_err());
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let _ = Unverified::parse(&format!("{}.{}.AA", encoded(&head), encoded(&body)));
    }
}
