//! The forms under attack: CSRF, fixation, open redirect, consent riding.

use std::time::{Duration, Instant};

use loop_testkit::html::{Form, forms};
use reqwest::Response;

use super::*;

/// The only form of a page, but for the one that signs in by a passkey where there are any.
pub(super) async fn form(answer: Response) -> Form {
    let html = answer.text().await.unwrap();
    let mut found = forms(&html);
    found.retain(|form| !form.action.ends_with("/oauth/passkey"));
    assert_eq!(found.len(), 1, "{html}");
    found.remove(0)
}

/// Sends the login form, filled in.
pub(super) async fn try_login(
    server: &Server,
    browser: &Browser,
    email: &str,
    password: &str,
) -> Response {
    let (answer, _) = timed_login(server, browser, email, password).await;
    answer
}

/// The same, and how long the answer took.
pub(super) async fn timed_login(
    server: &Server,
    browser: &Browser,
    email: &str,
    password: &str,
) -> (Response, Duration) {
    let page = server.at("/oauth/login");
    let mut login = form(browser.get(&page).await).await;
    login.set("email", email);
    login.set("password", password);
    let begun = Instant::now();
    let answer = browser.submit(&page, &login, None).await;
    (answer, begun.elapsed())
}

/// Logs a browser in and gives its session cookie.
pub(super) async fn log_in(server: &Server, browser: &Browser, email: &str) -> String {
    let page = server.at("/oauth/login");
    let html = browser.get(&page).await.text().await.unwrap();
    // Beside it there may be buttons of providers.
    let mut all = forms(&html).into_iter();
    let mut login = all.find(|form| form.has("password")).unwrap();
    login.set("email", email);
    login.set("password", PASSWORD);
    let answer = browser.submit(&page, &login, None).await;
    assert_eq!(answer.status(), 303);
    browser.cookies()["loop_session"].clone()
}

/// A logged-in browser's consent form for a fresh request.
async fn consent(server: &Server, browser: &Browser, extra: &[(&str, &str)]) -> (Url, Form) {
    let client = server.client().await;
    let page = server.authorize_url(&client, extra);
    let answer = browser.get(&page).await;
    assert_eq!(answer.status(), 200);
    (page, form(answer).await)
}

#[actix_web::test]
async fn a_login_form_of_another_browser_is_refused() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let (victim, attacker) = (Browser::new(), Browser::new());
    let page = server.at("/oauth/login");
    victim.get(&page).await;
    let mut login = form(attacker.get(&page).await).await;
    login.set("email", "kim@example.com");
    login.set("password", PASSWORD);
    let answer = victim.submit(&page, &login, None).await;
    assert_eq!(answer.status(), 403);
    assert!(!victim.cookies().contains_key("loop_session"));
    victim.forget();
    let answer = victim.submit(&page, &login, None).await;
    assert_eq!(answer.status(), 403);
    let answer = attacker.submit(&page, &login, None).await;
    assert_eq!(answer.status(), 303, "its own browser may");
}

#[actix_web::test]
async fn the_consent_form_fits_one_session_and_one_request() {
    let server = Server::start().await;
    server.user("kim@example.com", "admin").await;
    server.user("eve@example.com", "admin").await;
    let (kim, eve) = (Browser::new(), Browser::new());
    log_in(&server, &kim, "kim@example.com").await;
    log_in(&server, &eve, "eve@example.com").await;
    let (page, hers) = consent(&server, &eve, &[]).await;
    let (_, larger) = consent(
        &server,
        &kim,
        &[
            ("scope", ""),
            ("resource", &format!("{}/exec/mcp", server.url)),
        ],
    )
    .await;
    let (_, mine) = consent(&server, &kim, &[]).await;
    let with = |name: &str, value: &str| {
        let mut form = mine.clone();
        form.set(name, value);
        form
    };
    let allow = Some(("decision", "allow"));
    for (what, form) in [
        ("another session's form", hers.clone()),
        ("no token", with("csrf", "")),
        ("a broken token", with("csrf", &"A".repeat(43))),
        (
            "another request's token",
            with("csrf", larger.value("csrf").unwrap()),
        ),
        (
            "another request",
            with("request", larger.value("request").unwrap()),
        ),
        ("no request", with("request", "")),
    ] {
        let answer = kim.submit(&page, &form, allow).await;
        assert_eq!(answer.status(), 403, "{what}");
        assert!(answer.headers().get("location").is_none(), "{what}");
    }
    let answer = kim.submit(&page, &mine, Some(("decision", "maybe"))).await;
    assert_eq!(answer.status(), 400);
    let answer = kim.submit(&page, &mine, allow).await;
    assert_eq!(answer.status(), 303);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(REDIRECT) && to.contains("code="), "{to}");
}

#[actix_web::test]
async fn a_role_taken_away_while_the_page_is_open_narrows_nothing_silently() {
    let server = Server::start().await;
    server.user("boss@example.com", "admin").await;
    server.user("kim@example.com", "admin").await;
    let kim = Browser::new();
    log_in(&server, &kim, "kim@example.com").await;
    let exec = format!("{}/exec/mcp", server.url);
    let (page, shown) = consent(&server, &kim, &[("scope", ""), ("resource", &exec)]).await;
    let roles = Roles::parse("analyst").unwrap();
    user_admin::set_roles(&server.app.cx(), "kim@example.com", roles)
        .await
        .unwrap();
    let answer = kim.submit(&page, &shown, Some(("decision", "allow"))).await;
    assert_eq!(
        answer.status(),
        403,
        "what would be granted was never shown"
    );
}

#[actix_web::test]
async fn requests_that_a_browser_marks_as_foreign_change_nothing() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let kim = Browser::new();
    let session = log_in(&server, &kim, "kim@example.com").await;
    let (_, shown) = consent(&server, &kim, &[]).await;
    let logout = form(kim.get(&server.at("/oauth/logout")).await).await;
    for (path, form) in [("/oauth/consent", shown), ("/oauth/logout", logout)] {
        let mut fields = form.fields.clone();
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let answer = server
            .http
            .post(server.at(path))
            .header("Cookie", format!("loop_session={session}"))
            .header("Sec-Fetch-Site", "cross-site")
            .form(&fields);
        assert_eq!(answer.send().await.unwrap().status(), 403, "{path}");
    }
}

#[actix_web::test]
async fn the_session_is_new_at_every_login_and_the_old_one_ends() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let browser = Browser::new();
    let page = server.at("/oauth/login");
    let planted = "A".repeat(43);
    let mut login = form(browser.get(&page).await).await;
    login.set("email", "kim@example.com");
    login.set("password", PASSWORD);
    let secret = browser.cookies()["loop_form"].clone();
    let answer = server
        .http
        .post(page)
        .header(
            "Cookie",
            format!("loop_form={secret}; loop_session={planted}"),
        )
        .form(&login.fields);
    let answer = answer.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains(&planted) && !cookie.contains("Secure"),
        "{cookie}"
    );

    let first = log_in(&server, &browser, "kim@example.com").await;
    let second = log_in(&server, &browser, "kim@example.com").await;
    assert_ne!(first, second);
    for (session, signed_in) in [(first, false), (second, true)] {
        let home = server
            .http
            .get(server.at("/oauth/"))
            .header("Cookie", format!("loop_session={session}"));
        let html = home.send().await.unwrap().text().await.unwrap();
        assert_eq!(html.contains("kim@example.com"), signed_in);
    }
}

#[actix_web::test]
async fn after_the_login_nobody_is_sent_elsewhere() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    for target in [
        "https://evil.example/",
        "//evil.example/authorize?x=1",
        "/\\evil.example/authorize?x=1",
        "/oauth/logout?x=1",
        "/authorize\r\nX: y",
        "javascript:alert(1)",
    ] {
        let browser = Browser::new();
        let mut page = server.at("/oauth/login");
        page.query_pairs_mut().append_pair("return_to", target);
        let mut login = form(browser.get(&page).await).await;
        assert_eq!(login.value("return_to"), None, "{target}");
        login.set("email", "kim@example.com");
        login.set("password", PASSWORD);
        login.set("return_to", target);
        let answer = browser.submit(&page, &login, None).await;
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "/oauth/", "{target}");
    }
}

#[actix_web::test]
async fn logging_out_takes_a_token_and_ends_the_session() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let browser = Browser::new();
    let session = log_in(&server, &browser, "kim@example.com").await;
    let page = server.at("/oauth/logout");
    let mut logout = form(browser.get(&page).await).await;
    let good = logout.clone();
    logout.set("csrf", "x");
    assert_eq!(browser.submit(&page, &logout, None).await.status(), 403);
    let answer = browser.submit(&page, &good, None).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("You are signed out"));
    assert!(!browser.cookies().contains_key("loop_session"));
    let home = server
        .http
        .get(server.at("/oauth/"))
        .header("Cookie", format!("loop_session={session}"));
    assert!(
        !home
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("kim@")
    );
}
