//! `private_key_jwt` over HTTP: at the token, revocation and introspection endpoints.

use loop_oauth::{
    client_assertion,
    config::Context,
    register::{self, ByOperator},
};
use loop_oauth_store::StoreOptions;
use loop_testkit::{
    keys::{TestKey, jwks, key},
    web_host::Answer,
};

use super::{cimd::Described, *};

const KIM: &str = "kim@example.com";

/// An assertion of `client` for this server, which nobody has used yet.
pub(super) fn assertion(server: &Server, client: &str, signer: &TestKey) -> String {
    assertion_at(&server.url, server.clock.now(), client, signer)
}

/// An assertion of `client` for the server at `url` at this moment.
pub(super) fn assertion_at(
    url: &str,
    now: chrono::DateTime<chrono::Utc>,
    client: &str,
    signer: &TestKey,
) -> String {
    let now = now.timestamp();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({"alg": signer.alg(), "kid": signer.kid}));
    let claims = part(&json!({
        "iss": client, "sub": client, "aud": url, "exp": now + 60, "iat": now,
        "jti": uuid::Uuid::new_v4().to_string(),
    }));
    let signature = signer.sign(format!("{header}.{claims}").as_bytes());
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A client of the operator that signs with key 0.
async fn added_by_operator(server: &Server) -> String {
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(&[key(0)]),
    });
    let cx = server.app.cx();
    let added = register::add_by_operator(&cx, metadata, ByOperator::default());
    added.await.unwrap().client.id.0
}

/// A form with an assertion at its end.
pub(super) fn signed<'a>(
    form: &[(&'a str, &'a str)],
    assertion: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut form = form.to_vec();
    form.push(("client_assertion_type", client_assertion::ASSERTION_TYPE));
    form.push(("client_assertion", assertion));
    form
}

fn exchange(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

/// Logs in as a client that signs, and gives its tokens.
async fn tokens(server: &Server, client: &str, signer: &TestKey) -> Value {
    let code = server.code(&Browser::new(), client, KIM).await;
    let proof = assertion(server, client, signer);
    let (status, tokens) = server.token(&signed(&exchange(&code), &proof)).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

async fn post(server: &Server, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = server
        .http
        .post(server.at(path))
        .form(form)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[actix_web::test]
async fn a_registered_client_proves_itself_by_signing() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(&[key(0)]),
    });
    let registered = server.http.post(server.at("/register")).json(&metadata);
    let registered: Value = registered.send().await.unwrap().json().await.unwrap();
    assert_eq!(registered["token_endpoint_auth_method"], "private_key_jwt");
    assert!(registered["client_secret"].is_null() && registered["jwks"].is_object());
    let client = text(&registered, "client_id");

    let code = server.code(&Browser::new(), client, KIM).await;
    let mut bare = exchange(&code);
    bare.push(("client_id", client));
    let (status, refused) = server.token(&bare).await;
    assert_eq!((status, text(&refused, "error")), (401, "invalid_client"));
    let forged = assertion(&server, client, key(1));
    let (status, refused) = server.token(&signed(&exchange(&code), &forged)).await;
    assert_eq!((status, text(&refused, "error")), (401, "invalid_client"));

    let proof = assertion(&server, client, key(0));
    let (status, tokens) = server.token(&signed(&exchange(&code), &proof)).await;
    assert_eq!(status, 200, "{tokens}");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let (status, refused) = server.token(&signed(&refresh, &proof)).await;
    assert_eq!(
        (status, text(&refused, "error")),
        (401, "invalid_client"),
        "used twice"
    );
    let proof = assertion(&server, client, key(0));
    let (status, tokens) = server.token(&signed(&refresh, &proof)).await;
    assert_eq!(status, 200, "{tokens}");

    let revoke = [("token", text(&tokens, "refresh_token"))];
    let (status, _) = post(&server, "/revoke", &signed(&revoke, &proof)).await;
    assert_eq!(status, 401, "used twice");
    let proof = assertion(&server, client, key(0));
    let (status, _) = post(&server, "/revoke", &signed(&revoke, &proof)).await;
    assert_eq!(status, 200);
    // It registered itself, so it may not introspect.
    let proof = assertion(&server, client, key(0));
    let (status, _) = post(&server, "/introspect", &signed(&revoke, &proof)).await;
    assert_eq!(status, 401);
}

#[actix_web::test]
async fn a_client_of_the_operator_that_signs_may_introspect() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let client = added_by_operator(&server).await;
    let tokens = tokens(&server, &client, key(0)).await;
    let proof = assertion(&server, &client, key(0));
    let form = [("token", text(&tokens, "access_token"))];
    let (status, answer) = post(&server, "/introspect", &signed(&form, &proof)).await;
    assert_eq!((status, answer["active"].as_bool()), (200, Some(true)));
}

/// What `ChatGPT` publishes: it likes to sign, and can do without.
fn either(described: &Described) -> Value {
    json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks_uri": described.host.at("app.example", "/jwks"),
    })
}

#[actix_web::test]
async fn a_described_client_may_sign_or_not_as_its_document_lists() {
    let described = Described::start(&json!({})).await;
    described
        .host
        .answer("/jwks", Answer::json(&jwks(&[key(0)])));
    described.describe(&either(&described));
    let (server, id) = (&described.server, described.id.as_str());
    let signed_in = tokens(server, id, key(0)).await;
    assert!(signed_in["access_token"].is_string());
    described.tokens().await;
    // A signature that does not fit is not "without".
    let code = server.code(&Browser::new(), id, KIM).await;
    let forged = assertion(server, id, key(1));
    let (status, _) = server.token(&signed(&exchange(&code), &forged)).await;
    assert_eq!(status, 401);
}

#[actix_web::test]
async fn a_described_client_that_only_signs_is_never_let_in_without() {
    let described = Described::start(&json!({})).await;
    described
        .host
        .answer("/jwks", Answer::json(&jwks(&[key(0)])));
    let mut members = either(&described);
    members["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
    described.describe(&members);
    let (server, id) = (&described.server, described.id.as_str());
    let code = server.code(&Browser::new(), id, KIM).await;
    let (status, refused) = server.exchange(id, &code).await;
    assert_eq!((status, text(&refused, "error")), (401, "invalid_client"));
    let tokens = tokens(server, id, key(0)).await;
    let (status, _) = server.refresh(id, text(&tokens, "refresh_token")).await;
    assert_eq!(status, 401);
}

#[actix_web::test]
async fn a_new_key_signs_as_soon_as_it_is_published() {
    let described = Described::start(&json!({})).await;
    described.host.answer(
        "/jwks",
        Answer::json(&jwks(&[key(0)])).with("Cache-Control", "max-age=86400"),
    );
    described.describe(&either(&described));
    tokens(&described.server, &described.id, key(0)).await;
    described
        .host
        .answer("/jwks", Answer::json(&jwks(&[key(1)])));
    tokens(&described.server, &described.id, key(1)).await;
}

#[actix_web::test]
async fn an_assertion_is_used_once_on_all_replicas() {
    let server = Server::start().await;
    let client = added_by_operator(&server).await;
    let second = match &server.schema {
        Some(schema) => engine::at(&schema.url(), StoreOptions::default()).await,
        None => SqlStore::open(server.folder.path().join("auth.db"))
            .await
            .unwrap(),
    };
    for first_asked in [true, false] {
        let proof = assertion(&server, &client, key(0));
        let here = server.app.cx();
        let there = Context {
            store: &second,
            ..here
        };
        let (one, two) = if first_asked {
            (here, there)
        } else {
            (there, here)
        };
        let first = client_assertion::authenticate(&one, None, &proof).await;
        assert_eq!(first.unwrap().id.0, client);
        let replayed = client_assertion::authenticate(&two, None, &proof).await;
        assert_eq!(replayed.unwrap_err().oauth(), (401, "invalid_client"));
    }
    second.close().await.unwrap();
}
