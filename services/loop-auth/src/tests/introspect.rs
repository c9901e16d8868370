//! `POST /introspect` (RFC 7662) and `POST /revoke` (RFC 7009) together, over HTTP.

use loop_oauth::register::{self, ByOperator};

use super::*;

/// A confidential client that an operator added: its identifier and secret.
async fn trusted(server: &Server) -> (String, String) {
    let metadata = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let added = register::add_by_operator(&server.app.cx(), metadata, ByOperator::default())
        .await
        .unwrap();
    let secret = added.secret.unwrap().expose().to_owned();
    (added.client.id.0, secret)
}

/// Tokens of `client`, a public one.
async fn tokens(server: &Server, client: &str) -> Value {
    let browser = Browser::new();
    let code = server.code(&browser, client, "kim@example.com").await;
    let (status, tokens) = server.exchange(client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

async fn ask(server: &Server, who: &(String, String), form: &[(&str, &str)]) -> (u16, Value) {
    let asked = server
        .http
        .post(server.at("/introspect"))
        .basic_auth(&who.0, Some(&who.1))
        .form(form);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    let basic = answer.headers().contains_key("www-authenticate");
    assert_eq!(basic, status == 401);
    (status, answer.json().await.unwrap())
}

#[actix_web::test]
async fn nobody_but_a_confidential_client_of_the_operator_is_answered() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let tokens = tokens(&server, &client).await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let dynamic = server.http.post(server.at("/register")).json(&body);
    let dynamic: Value = dynamic.send().await.unwrap().json().await.unwrap();
    let (trusted, secret) = trusted(&server).await;
    for token in [text(&tokens, "access_token"), "unknown"] {
        for credentials in [
            &[("client_id", &*client)][..],
            &[
                ("client_id", text(&dynamic, "client_id")),
                ("client_secret", text(&dynamic, "client_secret")),
            ],
            &[("client_id", &*trusted)],
            &[("client_id", &*trusted), ("client_secret", "wrong")],
            &[("client_id", "nobody"), ("client_secret", &*secret)],
        ] {
            let form = [&[("token", token)][..], credentials].concat();
            let asked = server.http.post(server.at("/introspect")).form(&form);
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{credentials:?}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(text(&body, "error"), "invalid_client");
            assert!(body.get("active").is_none(), "{body}");
        }
    }
    let by_token = server
        .http
        .post(server.at("/introspect"))
        .bearer_auth(text(&tokens, "access_token"))
        .form(&[("token", text(&tokens, "access_token"))]);
    assert_eq!(by_token.send().await.unwrap().status(), 401);
    let who = (trusted, secret);
    for (form, error) in [
        (&[][..], "invalid_request"),
        (&[("token", "")], "invalid_request"),
        (&[("token", "a"), ("token", "b")], "invalid_request"),
    ] {
        let (status, body) = ask(&server, &who, form).await;
        assert_eq!((status, text(&body, "error")), (400, error), "{form:?}");
    }
    let got = server.http.get(server.at("/introspect?token=x"));
    let got = got.send().await.unwrap();
    assert_eq!(
        (got.status().as_u16(), &got.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[actix_web::test]
async fn an_access_token_is_described_without_an_address_until_it_expires() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let who = trusted(&server).await;
    let tokens = tokens(&server, &client).await;
    let token = text(&tokens, "access_token");
    let claims = claims(token);
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let form = [("token", token), ("token_type_hint", hint)];
        let (status, body) = ask(&server, &who, &form).await;
        assert_eq!(status, 200);
        assert_eq!(body["active"], true, "{body}");
        assert_eq!(body["token_type"], "Bearer");
        for name in [
            "scope",
            "client_id",
            "sub",
            "aud",
            "iss",
            "exp",
            "iat",
            "jti",
            "sid",
        ] {
            assert_eq!(body[name], claims[name], "{name}");
        }
        assert!(!body.to_string().contains("kim@"), "{body}");
    }
    let forged = format!("{}AAAAAAAAAA", &token[..token.len() - 10]);
    for token in [&*forged, "a.b.c", "unknown", "\0", &"x".repeat(9000)] {
        let (status, body) = ask(&server, &who, &[("token", token)]).await;
        assert_eq!((status, body), (200, json!({"active": false})), "{token:?}");
    }
    server.clock.advance(3599);
    let (_, body) = ask(&server, &who, &[("token", token)]).await;
    assert_eq!(body["active"], true);
    server.clock.advance(1);
    let (_, body) = ask(&server, &who, &[("token", token)]).await;
    assert_eq!(body, json!({"active": false}));
}

#[actix_web::test]
async fn revoking_either_kind_makes_both_inactive_at_once() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let (id, secret) = trusted(&server).await;
    let who = (id.clone(), secret.clone());
    for kind in ["access_token", "refresh_token"] {
        let code = server.code(&Browser::new(), &id, "kim@example.com").await;
        let exchange = [
            ("grant_type", "authorization_code"),
            ("client_id", &*id),
            ("client_secret", &*secret),
            ("code", &*code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let (_, tokens) = server.token(&exchange).await;
        let both = [
            text(&tokens, "access_token"),
            text(&tokens, "refresh_token"),
        ];
        for token in both {
            let (_, body) = ask(&server, &who, &[("token", token)]).await;
            assert_eq!(body["active"], true, "{body}");
            let bearer = token == both[0];
            assert_eq!(body.get("token_type").is_some(), bearer, "{body}");
        }
        let revoked = server
            .http
            .post(server.at("/oauth/revoke"))
            .basic_auth(&id, Some(&secret))
            .form(&[
                ("token", text(&tokens, kind)),
                ("token_type_hint", "nonsense"),
            ]);
        assert_eq!(revoked.send().await.unwrap().status(), 200);
        for token in both {
            let (_, body) = ask(&server, &who, &[("token", token)]).await;
            assert_eq!(body, json!({"active": false}), "{kind} was revoked");
        }
    }
}

#[actix_web::test]
async fn metadata_names_the_endpoint_and_how_to_authenticate_there() {
    let server = Server::start().await;
    let at = server.at("/.well-known/oauth-authorization-server");
    let document: Value = server
        .http
        .get(at)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let endpoint = text(&document, "introspection_endpoint");
    assert_eq!(endpoint, format!("{}/introspect", server.url));
    assert_eq!(
        document["introspection_endpoint_auth_methods_supported"],
        json!([
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt"
        ])
    );
}
