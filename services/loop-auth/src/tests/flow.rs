//! From registration to revocation, through the real pages.

use super::*;

#[actix_web::test]
async fn a_client_registers_logs_somebody_in_and_gets_tokens_that_last() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let browser = Browser::new();
    let url = server.authorize_url(&client, &[]);
    let answer = browser
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    assert_eq!(answer.clone().parameter("state").unwrap(), "st&te=1");
    assert_eq!(answer.clone().parameter("iss").unwrap(), server.url);
    let code = answer.parameter("code").unwrap();

    let (status, tokens) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(text(&tokens, "token_type"), "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(text(&tokens, "scope"), "mcp:read");
    let claims = claims(text(&tokens, "access_token"));
    assert_eq!(text(&claims, "iss"), server.url);
    assert_eq!(text(&claims, "aud"), format!("{}/mcp", server.url));
    assert_eq!(text(&claims, "client_id"), client);
    assert_eq!(claims["roles"], json!(["member"]));
    assert!(claims["sid"].is_string() && claims["jti"].is_string());

    let first = text(&tokens, "refresh_token");
    let (status, again) = server.refresh(&client, first).await;
    assert_eq!(status, 200, "{again}");
    assert_ne!(text(&again, "refresh_token"), first);
}

#[actix_web::test]
async fn the_older_paths_do_the_same() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let mut url = server.authorize_url(&client, &[]);
    url.set_path("/oauth/authorize");
    let code = Browser::new()
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await
        .parameter("code")
        .unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &client),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let answer = server.http.post(server.at("/oauth/token")).form(&form);
    assert_eq!(answer.send().await.unwrap().status(), 200);
    let body = json!({"redirect_uris": [REDIRECT]});
    let answer = server.http.post(server.at("/oauth/register")).json(&body);
    assert_eq!(answer.send().await.unwrap().status(), 201);
}

#[actix_web::test]
async fn denying_tells_the_client_so() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[]);
    let answer = Browser::new()
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Deny)
        .await;
    assert_eq!(answer.clone().parameter("error").unwrap(), "access_denied");
    assert_eq!(answer.clone().parameter("iss").unwrap(), server.url);
    assert_eq!(answer.parameter("state").unwrap(), "st&te=1");
}

#[actix_web::test]
async fn any_loopback_port_and_a_private_scheme_are_answered() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    for (registered, asked) in [
        (
            "http://localhost/callback",
            "http://localhost:43117/callback",
        ),
        ("http://127.0.0.1:33418/", "http://127.0.0.1:5000/"),
        ("http://[::1]/cb", "http://[::1]:7000/cb"),
        (
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
        ),
    ] {
        let client = server.client_at(registered).await;
        let url = server.authorize_url(&client, &[("redirect_uri", asked)]);
        let to = Browser::new()
            .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
            .await
            .redirect();
        assert!(to.as_str().starts_with(asked), "{to}");
    }
}

#[actix_web::test]
async fn prompt_login_asks_for_the_password_once_more_and_then_goes_on() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let browser = Browser::new();
    server.code(&browser, &client, "kim@example.com").await;
    server.clock.advance(10);
    let url = server.authorize_url(&client, &[("prompt", "login")]);
    let asked = browser.get(&url).await;
    let location = asked.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/oauth/login?"), "{location}");
    let login = server.at(&location);
    let back = login
        .query_pairs()
        .find(|(name, _)| name == "return_to")
        .map(|(_, to)| server.at(&to))
        .unwrap();
    server.clock.advance(10); // the time it takes to type
    let answer = browser
        .authorize(&back, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    assert!(answer.parameter("code").is_some());
}

#[actix_web::test]
async fn revoking_either_token_ends_the_grant_and_only_ones_own() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let other = server.client_at("https://other.example/cb").await;
    for kind in ["access_token", "refresh_token"] {
        let browser = Browser::new();
        let code = server.code(&browser, &client, "kim@example.com").await;
        let (_, tokens) = server.exchange(&client, &code).await;
        let refresh = text(&tokens, "refresh_token");
        for (who, ends) in [(&other, false), (&client, true)] {
            let form = [("token", text(&tokens, kind)), ("client_id", who)];
            let answer = server.http.post(server.at("/revoke")).form(&form);
            assert_eq!(answer.send().await.unwrap().status(), 200);
            let (status, body) = server.refresh(&client, refresh).await;
            assert_eq!(status == 400, ends, "{kind}: {body}");
        }
        let (_, body) = server.refresh(&client, refresh).await;
        assert_eq!(text(&body, "error"), "invalid_grant");
    }
}

#[actix_web::test]
async fn a_grant_outlives_the_server_and_a_disabled_user_loses_it() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let again = Signer::open(&*server.store, &super::key_settings(), server.clock.now())
        .await
        .unwrap();
    assert_eq!(again.jwks(), server.app.signer.jwks());
    let refresh = text(&tokens, "refresh_token");
    user_admin::disable(&server.app.cx(), "kim@example.com")
        .await
        .unwrap();
    let (status, body) = server.refresh(&client, refresh).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
}
