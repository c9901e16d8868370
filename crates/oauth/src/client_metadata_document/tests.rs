//! Metadata documents, attacks first.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use loop_testkit::keys::key;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    authorize::{AuthorizeRefusal, PageRefusal},
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    client_keys::{KeySource, PublicKeys},
    redirect_uri::check_registrable,
    store::{Clients as _, KeptClients as _},
    testing::{World, client},
};

const URL: &str = "https://app.example/oauth/client.json";

fn rules() -> DocumentRules {
    DocumentRules::default()
}

fn url() -> DocumentUrl {
    DocumentUrl::parse(URL, &rules()).unwrap()
}

fn usual() -> Value {
    json!({
        "client_id": URL,
        "client_name": "App",
        "redirect_uris": ["https://app.example/cb", "http://localhost/callback"],
    })
}

fn with(members: &[(&str, Value)]) -> Value {
    let mut document = usual();
    for (name, value) in members {
        document[*name] = value.clone();
    }
    document
}

fn parse(document: &Value) -> Result<Document, BadDocument> {
    Document::parse(&url(), document.to_string().as_bytes(), &rules())
}

fn described(document: &Value) -> Client {
    parse(document)
        .unwrap()
        .client(None, chrono::DateTime::UNIX_EPOCH)
}

fn jwks() -> Value {
    json!({"keys": [key(0).public_jwk()]})
}

#[test]
fn a_document_describes_a_public_client_without_more_words() {
    let client = described(&usual());
    assert_eq!(client.id.0, URL);
    assert_eq!(client.name, "App");
    assert_eq!(client.origin, ClientOrigin::Document);
    assert_eq!(client.auth_method, ClientAuthMethod::None);
    assert!(client.is_public() && client.secret_hash.is_none());
    assert_eq!(client.grant_types.len(), 2);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_document_that_lies_or_leaks_is_not_believed() {
    let private = json!({"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "d": "x"}]});
    let shared = json!({"keys": [{"kty": "oct", "kid": "1", "k": "c2VjcmV0"}]});
    for (document, expected) in [
        (
            with(&[("client_id", json!("https://app.example/other"))]),
            BadDocument::WrongId,
        ),
        (
            with(&[(
                "client_id",
                json!("https://app.example:443/oauth/client.json"),
            )]),
            BadDocument::WrongId,
        ),
        (
            with(&[("client_id", json!("HTTPS://app.example/oauth/client.json"))]),
            BadDocument::WrongId,
        ),
        (with(&[("client_id", json!([URL]))]), BadDocument::WrongId),
        (with(&[("client_id", Value::Null)]), BadDocument::WrongId),
        (json!([usual()]), BadDocument::Json),
        (json!("x"), BadDocument::Json),
        (
            with(&[("client_secret", json!("s3cret"))]),
            BadDocument::Secret,
        ),
        (with(&[("client_secret", Value::Null)]), BadDocument::Secret),
        (
            with(&[("client_secret_expires_at", json!(0))]),
            BadDocument::Secret,
        ),
        (
            with(&[("token_endpoint_auth_method", json!("client_secret_basic"))]),
            BadDocument::Secret,
        ),
        (
            with(&[("token_endpoint_auth_method", json!("client_secret_post"))]),
            BadDocument::Secret,
        ),
        (
            with(&[("token_endpoint_auth_method", json!("client_secret_jwt"))]),
            BadDocument::Secret,
        ),
        (with(&[("jwks", private.clone())]), BadDocument::PrivateKey),
        (
            with(&[
                ("jwks", shared),
                ("token_endpoint_auth_method", json!("private_key_jwt")),
            ]),
            BadDocument::PrivateKey,
        ),
        (
            with(&[("client_name", json!("App\u{202e}elgooG"))]),
            BadDocument::Name,
        ),
        (
            with(&[("client_name", json!("App\u{0}"))]),
            BadDocument::Name,
        ),
        (
            with(&[("client_name", json!("\u{2066}App"))]),
            BadDocument::Name,
        ),
        (
            with(&[("x", json!("y".repeat(MAX_DOCUMENT_BYTES)))]),
            BadDocument::Length,
        ),
    ] {
        assert_eq!(parse(&document).map(drop), Err(expected), "{document}");
    }
    for (name, value) in [
        ("redirect_uris", json!([])),
        ("redirect_uris", Value::Null),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        ("redirect_uris", json!(["http://app.example/cb"])),
        ("redirect_uris", json!(["https://app.example/cb#x"])),
        ("grant_types", json!(["implicit"])),
        ("response_types", json!(["token"])),
        ("client_name", json!(7)),
    ] {
        let got = parse(&with(&[(name, value.clone())]));
        assert!(
            matches!(got, Err(BadDocument::Metadata(_))),
            "{name} {value}: {got:?}"
        );
    }
    assert_eq!(
        Document::parse(&url(), b"\xff", &rules()),
        Err(BadDocument::Json)
    );
    assert_eq!(
        Document::parse(&url(), b"", &rules()),
        Err(BadDocument::Json)
    );
}

#[test]
fn methods_are_negotiated_with_what_a_document_lists() {
    use ClientAuthMethod::{None as Public, PrivateKeyJwt as Signs};
    let (no, jwt, secret) = ("none", "private_key_jwt", "client_secret_basic");
    for (singular, plural, has_keys, expected) in [
        (None, None, true, Some((Public, true))),
        (Some(no), None, true, Some((Public, true))),
        (Some(jwt), None, true, Some((Signs, false))),
        (Some(jwt), None, false, None),
        // ChatGPT
        (Some(jwt), Some(vec![no, jwt]), true, Some((Signs, true))),
        (Some(jwt), Some(vec![no, jwt]), false, Some((Public, true))),
        (Some(jwt), Some(vec![jwt]), true, Some((Signs, false))),
        (Some(jwt), Some(vec![no]), true, Some((Public, true))),
        (Some(no), Some(vec![jwt]), true, Some((Signs, false))),
        (None, Some(vec![jwt, secret]), true, Some((Signs, false))),
        (None, Some(vec![secret]), true, None),
        (None, Some(vec![secret]), false, None),
        (Some("tls_client_auth"), None, true, None),
        (
            Some("tls_client_auth"),
            Some(vec![no]),
            true,
            Some((Public, true)),
        ),
    ] {
        let mut document = usual();
        if let Some(singular) = singular {
            document["token_endpoint_auth_method"] = json!(singular);
        }
        if let Some(plural) = &plural {
            document["token_endpoint_auth_methods_supported"] = json!(plural);
        }
        if has_keys {
            document["jwks_uri"] = json!("https://app.example/jwks.json");
        }
        let got = parse(&document).ok().map(|found| {
            let client = found.client(None, chrono::DateTime::UNIX_EPOCH);
            (client.auth_method, client.is_public())
        });
        assert_eq!(got, expected, "{singular:?} {plural:?} {has_keys}");
    }
}

#[test]
fn keys_are_inline_or_behind_a_public_url_and_never_both() {
    let jwt = ("token_endpoint_auth_method", json!("private_key_jwt"));
    let uri = |uri: &str| ("jwks_uri", json!(uri));
    for (members, fine) in [
        (vec![jwt.clone(), ("jwks", jwks())], true),
        (
            vec![jwt.clone(), uri("https://keys.example/jwks?x=1")],
            true,
        ),
        (
            vec![
                jwt.clone(),
                ("jwks", jwks()),
                uri("https://app.example/jwks"),
            ],
            false,
        ),
        (vec![jwt.clone(), uri("http://app.example/jwks")], false),
        (vec![jwt.clone(), uri("https://127.0.0.1/jwks")], false),
        (vec![jwt.clone(), uri("https://0x7f.1/jwks")], false),
        (vec![jwt.clone(), uri("file:///etc/passwd")], false),
        (vec![jwt.clone(), ("jwks", json!({"keys": []}))], false),
        (vec![jwt.clone(), ("jwks", json!([]))], false),
        (
            vec![
                jwt.clone(),
                ("jwks", jwks()),
                ("token_endpoint_auth_signing_alg", json!("RS256")),
            ],
            true,
        ),
        (
            vec![
                jwt.clone(),
                ("jwks", jwks()),
                ("token_endpoint_auth_signing_alg", json!("HS256")),
            ],
            false,
        ),
        (
            vec![
                jwt,
                ("jwks", jwks()),
                ("token_endpoint_auth_signing_alg", json!("none")),
            ],
            false,
        ),
    ] {
        let document = with(&members);
        assert_eq!(parse(&document).is_ok(), fine, "{document}");
    }
}

#[test]
fn a_home_page_elsewhere_is_not_shown() {
    for (uri, shown) in [
        ("https://app.example/", true),
        ("https://app.example:8443/about", true),
        ("https://evil.example/", false),
        ("https://www.app.example/", false),
        ("https://app.example.evil.example/", false),
    ] {
        let client = described(&with(&[("client_uri", json!(uri))]));
        assert_eq!(client.client_uri.is_some(), shown, "{uri}");
    }
}

#[test]
fn identity_is_proven_at_home_or_by_a_signature_and_never_at_loopback() {
    let public = described(&usual());
    let both = described(&with(&[
        (
            "token_endpoint_auth_methods_supported",
            json!(["none", "private_key_jwt"]),
        ),
        ("jwks", jwks()),
    ]));
    let signs = described(&with(&[
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("jwks", jwks()),
    ]));
    for (client, redirect, expected) in [
        (&public, "https://app.example/cb", true),
        (&public, "https://app.example:8443/cb", false),
        (&public, "https://evil.example/cb", false),
        (&public, "https://app.example.evil.example/cb", false),
        (&public, "http://localhost/callback", false),
        (&public, "http://127.0.0.1:1234/callback", false),
        (&public, "app.example:/cb", false),
        (&both, "https://elsewhere.example/cb", false),
        (&both, "https://app.example/cb", true),
        (&signs, "https://elsewhere.example/cb", true),
        (&signs, "http://localhost/callback", false),
        (&signs, "http://[::1]:7/callback", false),
    ] {
        let got = client.identity_is_proven_at(redirect);
        assert_eq!(got, expected, "{:?} at {redirect}", client.auth_method);
    }
    let dynamic = client("client-x", "https://app.example/cb");
    assert!(!dynamic.identity_is_proven_at("https://app.example/cb"));
}

/// Answers with what it was told last, as a host that may be down.
#[derive(Default)]
struct Host {
    document: Mutex<Option<Value>>,
    fetches: Mutex<usize>,
}

#[async_trait]
impl ClientDocuments for Host {
    async fn document(&self, url: &DocumentUrl, _: Want) -> Result<Arc<Document>, NoDocument> {
        *self.fetches.lock().unwrap() += 1;
        let found = self.document.lock().unwrap().clone();
        let found = found.ok_or(NoDocument::Unreachable("down".to_owned()))?;
        let parsed = Document::parse(url, found.to_string().as_bytes(), &rules())?;
        Ok(Arc::new(parsed))
    }

    fn at_hand(&self, _: &DocumentUrl) -> Option<Arc<Document>> {
        None
    }

    async fn keys(&self, _: &DocumentUrl, _: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        Err(NoDocument::Unreachable("down".to_owned()))
    }
}

fn world(document: Option<Value>) -> (World, Arc<Host>) {
    let host = Arc::new(Host {
        document: Mutex::new(document),
        ..Host::default()
    });
    let world = World {
        documents: Arc::clone(&host) as _,
        ..World::default()
    };
    (world, host)
}

#[tokio::test]
async fn a_client_is_its_document_and_nothing_is_written_for_asking() {
    let (world, _) = world(Some(usual()));
    let found = find(&world.cx(), URL).await.unwrap();
    assert_eq!(found.name, "App");
    assert!(world.store.clients(10).await.unwrap().is_empty());
    let (wrong, _) = self::world(Some(with(&[("client_id", json!("x"))])));
    let refused = find(&wrong.cx(), URL).await.unwrap_err();
    assert!(matches!(
        refused,
        AuthorizeRefusal::Document(NoDocument::Document(BadDocument::WrongId))
    ));
}

#[tokio::test]
async fn the_last_good_copy_serves_while_the_host_is_down_or_talks_rubbish() {
    for rubbish in [None, Some(json!({"client_id": "x"}))] {
        let (world, host) = world(Some(usual()));
        let found = find(&world.cx(), URL).await.unwrap();
        world.store.keep_client(&found).await.unwrap();
        *host.document.lock().unwrap() = rubbish;
        assert_eq!(find(&world.cx(), URL).await.unwrap(), found);
        let known = known(&world.cx(), URL).await.unwrap();
        assert_eq!(known, Some(found));
    }
}

#[tokio::test]
async fn only_a_url_is_fetched_and_only_for_who_is_not_registered() {
    let (world, host) = world(Some(usual()));
    let vanity = Client {
        origin: ClientOrigin::Operator,
        ..client(URL, "https://a.example/cb")
    };
    for (id, expected) in [
        ("client-1", "unknown"),
        ("", "unknown"),
        ("http://app.example/c", "document"),
        ("https://localhost/c", "document"),
        ("https://2130706433/c", "document"),
    ] {
        let got = match find(&world.cx(), id).await {
            Err(AuthorizeRefusal::Page(PageRefusal::ClientUnknown)) => "unknown",
            Err(AuthorizeRefusal::Document(NoDocument::Url(_))) => "document",
            other => panic!("{id}: {other:?}"),
        };
        assert_eq!(got, expected, "{id}");
    }
    world.store.add_client(&vanity).await.unwrap();
    assert_eq!(find(&world.cx(), URL).await.unwrap(), vanity);
    assert_eq!(*host.fetches.lock().unwrap(), 0);
    // The back channel asks nobody about strangers.
    assert_eq!(
        known(&world.cx(), "https://stranger.example/c")
            .await
            .unwrap(),
        None
    );
    assert_eq!(*host.fetches.lock().unwrap(), 0);
}

#[tokio::test]
async fn what_an_operator_decided_outlives_a_new_document() {
    let (world, host) = world(Some(usual()));
    let decided = Client {
        pkce: Some(crate::pkce_phase::Enforcement::Optional),
        ..find(&world.cx(), URL).await.unwrap()
    };
    world.store.keep_client(&decided).await.unwrap();
    *host.document.lock().unwrap() = Some(with(&[("client_name", json!("App 2"))]));
    let found = find(&world.cx(), URL).await.unwrap();
    assert_eq!((found.name.as_str(), found.pkce), ("App 2", decided.pkce));
    world
        .store
        .keep_client(&Client {
            pkce: None,
            ..found
        })
        .await
        .unwrap();
    let stored = world
        .store
        .client(&ClientId(URL.into()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.name.as_str(), stored.pkce), ("App 2", decided.pkce));
}

#[test]
fn a_key_set_keeps_public_members_of_usable_keys_only() {
    let mut named = key(0).public_jwk();
    named["x5c"] = json!(["MIIB"]);
    let mut unnamed = key(1).public_jwk();
    unnamed.as_object_mut().unwrap().remove("kid");
    let weak = json!({"kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQAB"});
    let set = json!({"keys": [named, unnamed, weak, {"kty": "EC", "crv": "P-521"}]});
    let keys = PublicKeys::read(&set).unwrap();
    assert!(!keys.json().contains("x5c") && !keys.json().contains("weak"));
    let message = b"message";
    for (signer, kid, expected) in [
        (0, Some(key(0).kid.as_str()), true),
        (0, None, true),
        (1, None, true),
        (1, Some(key(0).kid.as_str()), false),
        (0, Some("weak"), false),
        (2, None, false),
    ] {
        let signature = key(signer).sign(message);
        let alg = loop_shared::auth::SigningAlgorithm::Rs256;
        let got = keys.verify(alg, kid, message, &signature);
        assert_eq!(got, expected, "{signer} {kid:?}");
    }
    let again = PublicKeys::parse(keys.json().as_bytes()).unwrap();
    assert_eq!(again, keys);
}

#[test]
fn keys_read_back_as_they_were_stored() {
    let jwt = ("token_endpoint_auth_method", json!("private_key_jwt"));
    let inline = described(&with(&[jwt.clone(), ("jwks", jwks())]))
        .keys
        .unwrap();
    let uri = ("jwks_uri", json!("https://app.example/jwks"));
    let remote = described(&with(&[jwt, uri])).keys.unwrap();
    let kept = crate::client_keys::ClientKeys {
        source: KeySource::Uri("https://a.example/j".into(), inline.at_hand().cloned()),
        alg: Some(loop_shared::auth::SigningAlgorithm::Es256),
        optional: true,
    };
    for keys in [inline, remote, kept] {
        let read = crate::client_keys::ClientKeys::from_json(&keys.to_json());
        assert_eq!(read, Some(keys));
    }
    for text in [
        "",
        "{}",
        "[]",
        r#"{"uri":null,"jwks":null,"optional":false}"#,
        r#"{"uri":"x"}"#,
    ] {
        assert_eq!(
            crate::client_keys::ClientKeys::from_json(text),
            None,
            "{text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn any_document_is_refused_or_makes_a_client_without_a_secret(
        members in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "client_id", "client_name", "client_uri", "redirect_uris", "grant_types", "jwks",
                    "response_types", "token_endpoint_auth_method", "jwks_uri", "client_secret",
                    "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg", "x",
                ]),
                prop_oneof![
                    Just(Value::Null),
                    any::<i32>().prop_map(Value::from),
                    any::<String>().prop_map(Value::from),
                    prop::collection::vec(prop_oneof![any::<String>(), Just("none".to_owned())], 0..3)
                        .prop_map(Value::from),
                    prop::sample::select(vec![URL, "none", "private_key_jwt", "client_secret_post", "RS256"])
                        .prop_map(Value::from),
                    Just(json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]})),
                ],
            ),
            0..6,
        ),
    ) {
        let mut document = usual();
        for (name, value) in members {
            document[name] = value;
        }
        if let Ok(found) = parse(&document) {
            let client = found.client(None, chrono::DateTime::UNIX_EPOCH);
            prop_assert_eq!(client.id.0.as_str(), URL);
            prop_assert!(client.secret_hash.is_none());
            prop_assert!(!client.redirect_uris.is_empty());
            prop_assert!(client.redirect_uris.iter().all(|uri| check_registrable(uri).is_ok()));
            prop_assert_eq!(
                client.auth_method == ClientAuthMethod::PrivateKeyJwt,
                client.keys.is_some()
            );
        }
    }

    #[test]
    fn any_bytes_are_no_document(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Document::parse(&url(), &bytes, &rules()).is_err());
        let _ = PublicKeys::parse(&bytes);
    }
}
