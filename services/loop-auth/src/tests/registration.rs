//! Who may register, how often, and how a client manages its registration (RFC 7592).

use chrono::TimeDelta;
use loop_oauth::{budget::Rate, register::Access, secret::SecretHash};
use reqwest::{Method, Response};

use super::*;

async fn register(server: &Server, metadata: &Value, token: Option<&str>, from: &str) -> Response {
    let request = server.http.post(server.at("/register")).json(metadata);
    let request = request.header("X-Forwarded-For", from);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap()
}

fn confidential() -> Value {
    json!({"client_name": "App", "redirect_uris": [REDIRECT]})
}

async fn own(server: &Server) -> Value {
    let answer = register(server, &confidential(), None, "").await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

async fn manage(
    server: &Server,
    method: Method,
    client: &Value,
    token: &str,
    body: Option<&Value>,
) -> Response {
    let url = text(client, "registration_client_uri");
    let request = server.http.request(method, url).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    request.send().await.unwrap()
}

#[actix_web::test]
async fn a_client_reads_replaces_and_deletes_its_own_registration() {
    let server = Server::start().await;
    let client = own(&server).await;
    let token = text(&client, "registration_access_token");
    let address = format!("{}/register/{}", server.url, text(&client, "client_id"));
    assert_eq!(text(&client, "registration_client_uri"), address);

    let answer = manage(&server, Method::GET, &client, token, None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let shown: Value = answer.json().await.unwrap();
    assert_eq!(shown["client_id"], client["client_id"]);
    assert!(shown.get("client_secret").is_none() && !shown.to_string().contains("null"));

    let mut update = confidential();
    update["client_id"] = client["client_id"].clone();
    update["client_secret"] = client["client_secret"].clone();
    update["client_name"] = json!("Renamed");
    update["redirect_uris"] = json!(["https://client.example/new"]);
    let answer = manage(&server, Method::PUT, &client, token, Some(&update)).await;
    assert_eq!(answer.status(), 200);
    let done: Value = answer.json().await.unwrap();
    assert_eq!(text(&done, "client_name"), "Renamed");
    let id = text(&client, "client_id");
    let old = server
        .http
        .get(server.authorize_url(id, &[]))
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 400, "the old redirect is gone");
    let new = [("redirect_uri", "https://client.example/new")];
    let new = server
        .http
        .get(server.authorize_url(id, &new))
        .send()
        .await
        .unwrap();
    assert_eq!(new.status(), 302);

    let answer = manage(&server, Method::DELETE, &client, token, None).await;
    assert_eq!(answer.status(), 204);
    let gone = manage(&server, Method::GET, &client, token, None).await;
    assert_eq!(gone.status(), 401);
    let code = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", id),
        ("client_secret", text(&client, "client_secret")),
    ];
    let (status, body) = server.token(&code).await;
    assert_eq!((status, text(&body, "error")), (401, "invalid_client"));
}

#[actix_web::test]
async fn deleting_a_registration_ends_what_was_granted_to_it() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = own(&server).await;
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let code = server.code(&Browser::new(), id, "kim@example.com").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", secret),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let (status, tokens) = server.token(&form).await;
    assert_eq!(status, 200, "{tokens}");
    let token = text(&client, "registration_access_token");
    let answer = manage(&server, Method::DELETE, &client, token, None).await;
    assert_eq!(answer.status(), 204);
    server.clock.advance(1);
    let list = server
        .http
        .get(server.at("/oauth/revocations"))
        .send()
        .await
        .unwrap();
    let listed = claims(&list.text().await.unwrap());
    let sid = claims(text(&tokens, "access_token"))["sid"].clone();
    assert_eq!(listed["sids"], json!([sid]));
}

#[actix_web::test]
async fn nobody_manages_a_registration_without_its_token() {
    let server = Server::start().await;
    let (one, two) = (own(&server).await, own(&server).await);
    let foreign = text(&two, "registration_access_token");
    let body = confidential();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for token in ["", "wrong", foreign, text(&one, "client_secret")] {
            let body = (method == Method::PUT).then_some(&body);
            let answer = manage(&server, method.clone(), &one, token, body).await;
            assert_eq!(answer.status(), 401, "{method} {token}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer "), "{challenge}");
            let said: Value = answer.json().await.unwrap();
            assert_eq!(text(&said, "error"), "invalid_token");
        }
    }
    let wrong = manage(&server, Method::POST, &one, "x", None).await;
    assert_eq!(
        (wrong.status().as_u16(), &wrong.headers()["allow"]),
        (405, &"GET, PUT, DELETE".parse().unwrap())
    );
    let shared = server.client().await;
    let url = server.at(&format!("/oauth/register/{shared}"));
    let answer = server.http.get(url).bearer_auth("x").send().await.unwrap();
    assert_eq!(answer.status(), 401, "a shared client has no manager");
}

#[actix_web::test]
async fn a_guarded_registration_takes_its_token_and_a_closed_one_is_not_advertised() {
    let token = "0123456789abcdef0123";
    let rules = RegistrationRules::from;
    let guarded = Setup {
        registration: rules(Access::Token(SecretHash::of(token))),
        ..Setup::default()
    };
    let server = Server::start_with(guarded).await;
    for (presented, status) in [(None, 401), (Some("wrong"), 401), (Some(token), 201)] {
        let answer = register(&server, &confidential(), presented, "").await;
        assert_eq!(answer.status(), status, "{presented:?}");
        assert_eq!(
            answer.headers().contains_key("www-authenticate"),
            status == 401
        );
    }
    for (access, advertised) in [(Access::Open, true), (Access::Closed, false)] {
        let setup = Setup {
            registration: rules(access),
            ..Setup::default()
        };
        let server = Server::start_with(setup).await;
        let url = server.at("/.well-known/oauth-authorization-server");
        let document: Value = server
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(document.get("registration_endpoint").is_some(), advertised);
        if !advertised {
            let answer = register(&server, &confidential(), Some(token), "").await;
            assert_eq!(answer.status(), 403);
            let said: Value = answer.json().await.unwrap();
            assert_eq!(text(&said, "error"), "access_denied");
        }
    }
}

#[actix_web::test]
async fn an_address_has_a_budget_for_new_clients_and_known_ones_cost_nothing() {
    let rate = |burst| Rate {
        burst,
        every: TimeDelta::seconds(30),
    };
    let setup = Setup {
        registration: RegistrationRules::new(Access::Open, 100, rate(100), rate(2)),
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    let public = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"});
    for _ in 0..10 {
        assert_eq!(
            register(&server, &public, None, "192.0.2.1").await.status(),
            201
        );
    }
    assert_eq!(
        register(&server, &confidential(), None, "192.0.2.1")
            .await
            .status(),
        201
    );
    let refused = register(&server, &confidential(), None, "9.9.9.9, 192.0.2.1").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    let said: Value = refused.json().await.unwrap();
    assert_eq!(text(&said, "error"), "temporarily_unavailable");
    assert_eq!(
        register(&server, &public, None, "192.0.2.1").await.status(),
        201
    );
    assert_eq!(
        register(&server, &confidential(), None, "192.0.2.2")
            .await
            .status(),
        201
    );
    server.clock.advance(30);
    assert_eq!(
        register(&server, &confidential(), None, "192.0.2.1")
            .await
            .status(),
        201
    );
}
