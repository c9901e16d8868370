//! Pushed authorization requests over HTTP: `/par`, then a browser, then tokens.

use super::*;

impl Server {
    async fn push(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.http.post(self.at("/par")).form(form);
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (status, answer.json().await.unwrap())
    }

    /// The usual request of `client`, pushed; gives its `request_uri`.
    async fn pushed(&self, client: &str) -> String {
        let url = self.authorize_url(client, &[]);
        let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let (status, body) = self.push(&form).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(body["expires_in"], 90);
        let uri = text(&body, "request_uri");
        assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"));
        uri.to_owned()
    }

    fn brought(&self, client: &str, request_uri: &str) -> Url {
        let mut url = self.at("/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", client)
            .append_pair("request_uri", request_uri);
        url
    }
}

#[actix_web::test]
async fn a_pushed_request_survives_login_and_reload_and_gives_one_code() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let uri = server.pushed(&client).await;
    let url = server.brought(&client, &uri);
    // a reload before the login
    for _ in 0..2 {
        let answer = server.http.get(url.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let to = answer.headers()["location"].to_str().unwrap();
        assert!(to.starts_with("/oauth/login?"), "{to}");
        assert!(!to.contains("redirect_uri"), "{to}");
    }
    // the person takes longer than the client had
    server.clock.advance(300);
    let browser = Browser::new();
    // Nothing but the request_uri counts; this tells the test's browser where to stop.
    let mut shown = url.clone();
    shown
        .query_pairs_mut()
        .append_pair("redirect_uri", REDIRECT);
    let outcome = browser
        .authorize(&shown, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    assert_eq!(
        outcome.clone().parameter("state").as_deref(),
        Some("st&te=1")
    );
    let code = outcome.parameter("code").unwrap();
    let (status, body) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{body}");
    // used
    let answer = server.http.get(url).header("Accept", "text/html");
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.headers().get("location").is_none());
}

#[actix_web::test]
async fn the_browser_is_redirected_nowhere_for_a_request_uri_that_is_not_the_clients() {
    let server = Server::start().await;
    let client = server.client().await;
    let other = server.client_at("https://other.example/cb").await;
    let uri = server.pushed(&client).await;
    for url in [
        server.brought(&other, &uri),
        server.brought(&client, &format!("{uri}A")),
        server.brought("nobody", &uri),
    ] {
        let answer = server.http.get(url.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{url}");
        assert!(answer.headers().get("location").is_none(), "{url}");
    }
    let foreign = server.authorize_url(&client, &[("request_uri", "https://evil.example/r")]);
    let answer = server.http.get(foreign).send().await.unwrap();
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(to.contains("error=request_uri_not_supported"), "{to}");
}

#[actix_web::test]
async fn a_confidential_client_pushes_with_its_secret_and_nobody_pushes_without() {
    let server = Server::start().await;
    let body = json!({
        "client_name": "Dashboard", "redirect_uris": [REDIRECT],
        "require_pushed_authorization_requests": true,
    });
    let answer = server.http.post(server.at("/register")).json(&body);
    let registered: Value = answer.send().await.unwrap().json().await.unwrap();
    assert_eq!(registered["require_pushed_authorization_requests"], true);
    let (id, secret) = (
        text(&registered, "client_id"),
        text(&registered, "client_secret"),
    );
    let challenge = challenge();
    let form = [
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "mcp:read"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let push = |user: &str, secret: &str| {
        let request = server.http.post(server.at("/oauth/par")).form(&form);
        request.basic_auth(user, Some(secret)).send()
    };
    assert_eq!(push(id, secret).await.unwrap().status(), 201);
    let wrong = push(id, "wrong").await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert!(wrong.headers().contains_key("www-authenticate"));
    assert_eq!(
        text(&wrong.json().await.unwrap(), "error"),
        "invalid_client"
    );
    assert_eq!(server.push(&form).await.0, 400);
    // it must push
    let answer = server
        .http
        .get(server.authorize_url(id, &[]))
        .send()
        .await
        .unwrap();
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(
        to.starts_with(REDIRECT) && to.contains("error=invalid_request"),
        "{to}"
    );
}

#[actix_web::test]
async fn errors_are_json_with_the_codes_of_the_authorization_endpoint() {
    let server = Server::start().await;
    let client = server.client().await;
    for (name, value, expected) in [
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("scope", "nothing", "invalid_scope"),
        ("resource", "https://evil.example", "invalid_target"),
        (
            "request_uri",
            "urn:ietf:params:oauth:request_uri:x",
            "invalid_request",
        ),
    ] {
        let url = server.authorize_url(&client, &[(name, value)]);
        let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let (status, body) = server.push(&form).await;
        assert_eq!((status, text(&body, "error")), (400, expected), "{name}");
    }
    let answer = server.http.get(server.at("/par")).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    let document = server
        .http
        .get(server.at("/.well-known/oauth-authorization-server"));
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    let endpoint = text(&document, "pushed_authorization_request_endpoint");
    assert_eq!(endpoint, format!("{}/par", server.url));
    assert_eq!(document["require_pushed_authorization_requests"], false);
}
