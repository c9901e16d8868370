//! A NUL, which PostgreSQL stores nowhere, is an ordinary wrong value wherever somebody puts it.

use reqwest::Method;
use serde_json::json;

use super::{REDIRECT, Server, VERIFIER};

const NUL: &str = "a\0b";

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_nul_in_any_parameter_is_refused_and_breaks_nothing() {
    let server = Server::start().await;
    server.user("a@example.com", "member").await;
    let client = server.client().await;
    for name in [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "resource",
        "code_challenge",
        "login_hint",
    ] {
        let url = server.authorize_url(&client, &[(name, NUL)]);
        let got = status(server.http.request(Method::GET, url)).await;
        assert!(got < 500, "authorize {name}: {got}");
    }
    let form = [
        ("client_id", client.as_str()),
        ("code", "c"),
        ("refresh_token", "r"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("token", "t"),
        ("scope", "mcp:read"),
        ("email", "a@example.com"),
        ("password", "p"),
    ];
    for path in ["/token", "/revoke", "/introspect", "/oauth/login"] {
        for grant in ["authorization_code", "refresh_token", "client_credentials"] {
            for (bad, _) in form {
                let form = form.map(|(name, value)| (name, if name == bad { NUL } else { value }));
                let ask = server.http.post(server.at(path)).form(&form);
                let ask = ask.query(&[("grant_type", grant)]);
                let got = status(ask).await;
                assert!(got < 500, "{path} {grant} {bad}: {got}");
            }
        }
    }
    let credentials = server.http.post(server.at("/token"));
    let credentials = credentials.basic_auth("a%00b", Some("%00"));
    let got = status(credentials.form(&[("grant_type", "client_credentials")])).await;
    assert_eq!(got, 401);
    let cookie = server.http.get(server.at("/oauth/"));
    let cookie = cookie.header("cookie", "loop_session=%00; __Host-loop_session=%00");
    assert!(status(cookie).await < 500);
}

#[actix_web::test]
async fn a_nul_in_any_member_of_a_registration_is_refused_or_dropped() {
    let server = Server::start().await;
    for (name, value) in [
        ("client_name", json!(NUL)),
        ("client_uri", json!(format!("https://{NUL}.example/"))),
        ("redirect_uris", json!([format!("https://x.example/{NUL}")])),
        ("redirect_uris", json!(["https://x.example/%00"])),
        ("scope", json!(NUL)),
        ("grant_types", json!([NUL])),
        ("token_endpoint_auth_method", json!(NUL)),
        ("software_id", json!(NUL)),
        (NUL, json!(NUL)),
    ] {
        let mut body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        body[name] = value;
        let got = status(server.http.post(server.at("/register")).json(&body)).await;
        assert!(got < 500, "{name:?}: {got}");
    }
}
