//! Every error code of the back-channel endpoints (RFC 6749 §5.2).

use super::*;

#[actix_web::test]
async fn a_wrong_exchange_is_refused_with_its_code() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let other = server.client_at("https://other.example/cb").await;
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", &*client),
        ("code", &*code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let wrong = "x".repeat(43);
    for (name, value, status, error) in [
        ("grant_type", "", 400, "invalid_request"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("client_id", "", 400, "invalid_request"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_id", &*other, 400, "invalid_grant"),
        ("code", "", 400, "invalid_request"),
        ("code", "unknown", 400, "invalid_grant"),
        (
            "redirect_uri",
            "https://client.example/x",
            400,
            "invalid_grant",
        ),
        ("code_verifier", "", 400, "invalid_request"),
        ("code_verifier", &*wrong, 400, "invalid_grant"),
        (
            "resource",
            "https://elsewhere.example",
            400,
            "invalid_target",
        ),
    ] {
        let mut form: Vec<_> = good
            .iter()
            .filter(|(key, _)| *key != name)
            .copied()
            .collect();
        form.push((name, value));
        let (got, body) = server.token(&form).await;
        assert_eq!(
            (got, text(&body, "error")),
            (status, error),
            "{name}={value:?}: {body}"
        );
        assert!(!body.to_string().contains("null"), "{body}");
    }
    let twice = [&good[..], &[("code", "again")]].concat();
    let (status, body) = server.token(&twice).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_request"));
    // None of that spent the code.
    let (status, body) = server.token(&good).await;
    assert_eq!(status, 200, "{body}");
}

#[actix_web::test]
async fn a_code_used_twice_revokes_what_it_gave() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let (status, body) = server.exchange(&client, &code).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let (status, _) = server
        .refresh(&client, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(status, 400);
}

#[actix_web::test]
async fn a_code_lives_sixty_seconds_to_the_second() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    for (age, status) in [(59, 200), (60, 400)] {
        let code = server
            .code(&Browser::new(), &client, "kim@example.com")
            .await;
        server.clock.advance(age);
        let (got, body) = server.exchange(&client, &code).await;
        assert_eq!(got, status, "after {age} s: {body}");
    }
}

#[actix_web::test]
async fn a_refresh_can_be_repeated_until_its_successor_is_used() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let first = text(&tokens, "refresh_token");
    let (_, once) = server.refresh(&client, first).await;
    let (_, twice) = server.refresh(&client, first).await;
    let second = text(&once, "refresh_token");
    assert_eq!(second, text(&twice, "refresh_token"));
    let (status, third) = server.refresh(&client, second).await;
    assert_eq!(status, 200);
    let (status, body) = server.refresh(&client, first).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let (status, _) = server.refresh(&client, text(&third, "refresh_token")).await;
    assert_eq!(status, 400, "the family is revoked");
}

#[actix_web::test]
async fn a_confidential_client_proves_itself_by_header_or_body() {
    let server = Server::start().await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let answer = server.http.post(server.at("/register")).json(&body);
    let client: Value = answer.send().await.unwrap().json().await.unwrap();
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
    ];
    for (user, password, status, error) in [
        (id, secret, 400, "invalid_grant"), // who it is, is settled
        (id, "wrong", 401, "invalid_client"),
        ("nobody", secret, 401, "invalid_client"),
    ] {
        let by_header = server
            .http
            .post(server.at("/token"))
            .basic_auth(user, Some(password))
            .form(&form);
        let answer = by_header.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let challenge = answer.headers().get("www-authenticate");
        let basic = challenge.is_some_and(|value| value.to_str().unwrap().starts_with("Basic "));
        assert_eq!(basic, status == 401);
        assert_eq!(text(&answer.json().await.unwrap(), "error"), error);

        let credentials = [("client_id", user), ("client_secret", password)];
        let (got, body) = server.token(&[&form[..], &credentials].concat()).await;
        assert_eq!((got, text(&body, "error")), (status, error));
    }
    for header in ["Basic", "Basic !!!", "Bearer abc", "Basic YWJj", ""] {
        let answer = server
            .http
            .post(server.at("/token"))
            .header("Authorization", header)
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{header:?}");
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    let both = server
        .http
        .post(server.at("/token"))
        .basic_auth(id, Some(secret))
        .form(&[
            form[0],
            form[1],
            ("client_id", id),
            ("client_secret", secret),
        ]);
    let answer = both.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(
        text(&answer.json().await.unwrap(), "error"),
        "invalid_request"
    );
}

#[actix_web::test]
async fn bodies_that_are_no_forms_are_refused_in_oauth_json() {
    let server = Server::start().await;
    let long = format!("grant_type={}", "x".repeat(70_000));
    for path in ["/token", "/revoke", "/introspect", "/oauth/token"] {
        for (kind, body, status) in [
            ("application/json", "{}", 400),
            ("text/plain", "grant_type=x", 400),
            ("multipart/form-data; boundary=x", "--x--", 400),
            ("application/x-www-form-urlencoded", "", 400),
            (
                "application/x-www-form-urlencoded; charset=utf-8",
                "%ff=%fe&&&=",
                400,
            ),
            ("application/x-www-form-urlencoded", "%", 400),
            ("application/x-www-form-urlencoded", &*long, 413),
        ] {
            let answer = server
                .http
                .post(server.at(path))
                .header("Content-Type", kind)
                .body(body.to_owned())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{path} {kind}");
            assert_eq!(answer.headers()["content-type"], "application/json");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(text(&body, "error"), "invalid_request", "{path} {kind}");
        }
        let answer = server.http.get(server.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "POST");
    }
}
