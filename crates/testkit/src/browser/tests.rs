//! The browser against a login as simple as can be.

use std::collections::HashMap;

use actix_web::cookie::Cookie;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::*;

type Fields = web::Form<HashMap<String, String>>;

const REDIRECT_URI: &str = "http://localhost:1/callback";

fn see(location: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("Location", location.as_ref()))
        .finish()
}

fn page(html: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html")
        .body(html.into())
}

async fn authorize(request: HttpRequest) -> HttpResponse {
    if request.cookie("session").is_none() {
        return see("/login");
    }
    page(
        r#"<form method="post" action="/consent"><input type="hidden" name="csrf" value="c&amp;1">
        <button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>"#,
    )
}

async fn login_page() -> HttpResponse {
    page(
        r#"<form method="post"><input type="hidden" name="csrf" value="l1">
        <input name="email"><input type="password" name="password"></form>"#,
    )
}

async fn login(fields: Fields) -> HttpResponse {
    let right =
        fields["csrf"] == "l1" && fields["email"] == "a@b.example" && fields["password"] == "right";
    if !right {
        return login_page().await;
    }
    let cookie = Cookie::build("session", "s1")
        .path("/")
        .http_only(true)
        .finish();
    HttpResponse::SeeOther()
        .insert_header(("Location", "/authorize"))
        .cookie(cookie)
        .finish()
}

async fn consent(request: HttpRequest, fields: Fields) -> HttpResponse {
    assert_eq!(fields["csrf"], "c&1");
    assert_eq!(request.cookie("session").expect("a cookie").value(), "s1");
    assert!(request.headers().contains_key("origin"));
    match fields["decision"].as_str() {
        "allow" => see(format!("{REDIRECT_URI}?code=abc")),
        _ => see(format!("{REDIRECT_URI}?error=access_denied")),
    }
}

fn start() -> Url {
    let app = || {
        App::new()
            .route("/authorize", web::get().to(authorize))
            .route("/login", web::get().to(login_page))
            .route("/login", web::post().to(login))
            .route("/consent", web::post().to(consent))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a port");
    let port = server.addrs()[0].port();
    actix_web::rt::spawn(server.run());
    let query = [("redirect_uri", REDIRECT_URI)];
    Url::parse_with_params(&format!("http://127.0.0.1:{port}/authorize"), query).expect("a URL")
}

#[actix_web::test]
async fn a_visit_walks_login_and_consent_to_the_redirect() {
    let url = start();
    let browser = Browser::new();
    let allowed = browser
        .authorize(&url, "a@b.example", "right", Decision::Allow)
        .await;
    assert_eq!(allowed.parameter("code").as_deref(), Some("abc"));
    let denied = browser.authorize(&url, "", "", Decision::Deny).await;
    assert_eq!(
        denied.parameter("error").as_deref(),
        Some("access_denied"),
        "still logged in"
    );
}

#[actix_web::test]
async fn a_wrong_password_ends_at_the_login_page() {
    let outcome = Browser::new()
        .authorize(&start(), "a@b.example", "wrong", Decision::Allow)
        .await;
    assert!(
        matches!(outcome, Outcome::Page { status: 200, .. }),
        "{outcome:?}"
    );
}
