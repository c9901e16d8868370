//! What the authorization endpoint answers without anybody logged in, and to wrong requests.

use super::*;

#[actix_web::test]
async fn a_request_without_cookies_leads_to_the_login_and_changes_nothing() {
    let server = Server::start().await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("resource", &format!("{}/mcp/", server.url))]);
    let answer = server.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(answer.headers().get("set-cookie").is_none());
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(
        to.starts_with("/oauth/login?return_to=%2Fauthorize%3F"),
        "{to}"
    );
    let login = server.http.get(server.at(to)).send().await.unwrap();
    assert_eq!(login.status(), 200);
    let html = login.text().await.unwrap();
    assert!(html.contains("Test client") && html.contains("client.example"));
}

#[actix_web::test]
async fn a_posted_request_is_asked_again_by_get() {
    let server = Server::start().await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[]);
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for path in ["/authorize", "/oauth/authorize"] {
        let answer = server.http.post(server.at(path)).form(&form);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.starts_with(&format!("{path}?")), "{to}");
        let login = server.http.get(server.at(&to)).send().await.unwrap();
        assert_eq!(login.status(), 302);
    }
}

#[actix_web::test]
async fn a_wrong_client_or_redirect_gets_a_page_and_never_a_redirect() {
    let server = Server::start().await;
    let client = server.client().await;
    let evil = "https://evil.example/cb";
    for extra in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("redirect_uri", evil),
        ("redirect_uri", "https://client.example/cb/"),
        ("redirect_uri", "https://client.example/cb?x=1"),
        ("redirect_uri", "https://client.example/cb#x"),
        ("redirect_uri", "https://client.example@evil.example/cb"),
        ("redirect_uri", "https://client.example\\@evil.example/cb"),
        ("redirect_uri", "https://client.example.evil.example/cb"),
        ("redirect_uri", "http://client.example/cb"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "//client.example/cb"),
        ("redirect_uri", "https://client.example/%63b"),
    ] {
        let url = server.authorize_url(&client, &[extra]);
        for request in [server.http.get(url.clone()), {
            let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            server.http.post(server.at("/authorize")).form(&form)
        }] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 400, "{extra:?}");
            assert!(answer.headers().get("location").is_none(), "{extra:?}");
            let request_id = answer.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned();
            let html = answer.text().await.unwrap();
            assert!(
                html.contains("<h1>") && html.contains(&request_id),
                "{html}"
            );
            assert!(!html.contains("evil.example"), "{html}");
        }
    }
}

#[actix_web::test]
async fn any_other_mistake_goes_back_to_the_client() {
    let server = Server::start().await;
    let client = server.client().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "vault:write", "invalid_scope"),
        (
            "resource",
            "https://elsewhere.example/mcp",
            "invalid_target",
        ),
        ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"),
    ] {
        let url = server.authorize_url(&client, &[(name, value)]);
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 302, "{name}={value}");
        let to: Url = answer.headers()["location"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(to.as_str().starts_with(REDIRECT), "{to}");
        let query: std::collections::HashMap<_, _> = to.query_pairs().into_owned().collect();
        assert_eq!(query["error"], error, "{name}={value}");
        assert_eq!(query["state"], "st&te=1");
        assert_eq!(query["iss"], server.url);
        assert!(!query.contains_key("code"));
    }
}

#[actix_web::test]
async fn a_repeated_parameter_is_refused_and_an_unknown_one_ignored() {
    let server = Server::start().await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("made_up", "1"), ("ui_locales", "ko")]);
    let answer = server.http.get(url.clone()).send().await.unwrap();
    assert!(
        answer.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/oauth/login")
    );
    let mut twice = url;
    twice.query_pairs_mut().append_pair("scope", "mcp:read");
    let answer = server.http.get(twice).send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("error=invalid_request"), "{to}");
}

#[actix_web::test]
async fn a_role_that_allows_nothing_asked_for_is_denied_after_the_login() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("scope", "mcp:exec")]);
    let error = Browser::new()
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await
        .parameter("error");
    assert_eq!(error.as_deref(), Some("access_denied"));
}
