//! Connected apps.

use super::*;

#[actix_web::test]
async fn somebody_without_a_session_signs_in_first_and_comes_back() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    for path in ["/account", "/account/security"] {
        let answer = Browser::new().get(&server.at(path)).await;
        assert_eq!(answer.status(), 302);
        let to = answer.headers()["location"].to_str().unwrap();
        assert!(to.starts_with("/oauth/login?return_to=%2Faccount"), "{to}");
        Person::open(&server, path, EMAIL).await;
    }
    for path in [
        "/account/password",
        "/account/sessions/end",
        "/account/apps/disconnect",
    ] {
        let answer = Browser::new().get(&server.at(path)).await;
        assert_eq!(answer.status(), 404, "{path} is no page");
    }
}

#[actix_web::test]
async fn members_of_every_role_have_an_account_page() {
    let server = Server::start().await;
    for role in ["member", "analyst", "exec", "admin"] {
        let email = format!("{role}@example.com");
        server.user(&email, role).await;
        let person = Person::open(&server, "/account", &email).await;
        assert!(person.html.contains(&email), "{}", person.html);
    }
}

#[actix_web::test]
async fn an_app_is_listed_in_words_and_disconnecting_it_shuts_every_door() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = server.client().await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    assert!(person.html.contains("No app is connected"));
    let code = server.code(&person.browser, &client, EMAIL).await;
    let (status, tokens) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    let unused = server.code(&person.browser, &client, EMAIL).await;
    assert_eq!(person.look().await, 200);
    for shown in [
        "Test client",
        "client.example",
        "The app chose this name itself.",
        "Read the team vault",
        "just now",
    ] {
        assert!(person.html.contains(shown), "{shown}: {}", person.html);
    }
    server.clock.advance(3 * 3_600);
    let refresh = text(&tokens, "refresh_token");
    let (status, tokens) = server.refresh(&client, refresh).await;
    assert_eq!(status, 200, "{tokens}");
    server.clock.advance(2 * 60);
    person.look().await;
    assert!(person.html.contains("2 minutes ago"), "{}", person.html);

    let form = person.form("/account/apps/disconnect", Some(("client", &client)));
    let (status, to, _) = person.send(&form, None).await;
    assert_eq!((status, &*to), (303, "/account?done=disconnected"));
    let (status, body) = server
        .refresh(&client, text(&tokens, "refresh_token"))
        .await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let (status, body) = server.exchange(&client, &unused).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
    let grant = claims(text(&tokens, "access_token"))["sid"].clone();
    let list = server
        .http
        .get(server.at("/oauth/revocations"))
        .send()
        .await;
    let list = claims(&list.unwrap().text().await.unwrap()).to_string();
    assert!(list.contains(grant.as_str().unwrap()), "APIs know: {list}");
    person.at = server.at("/account?done=disconnected");
    person.look().await;
    assert!(person.html.contains("The app is disconnected."));
    assert!(person.html.contains("No app is connected"));
}

#[actix_web::test]
async fn nobody_disconnects_the_app_of_somebody_else() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    server.user("lee@example.com", "admin").await;
    let client = server.client().await;
    let lee = Browser::new();
    let code = server.code(&lee, &client, "lee@example.com").await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let kim = Browser::new();
    let code = server.code(&kim, &client, EMAIL).await;
    server.exchange(&client, &code).await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    person.browser = kim;
    person.look().await;
    let mut form = person.form("/account/apps/disconnect", None);
    form.set("client", &client);
    form.set("user", "lee@example.com");
    assert_eq!(person.send(&form, None).await.0, 303);
    let refresh = text(&tokens, "refresh_token");
    let (status, body) = server.refresh(&client, refresh).await;
    assert_eq!(status, 200, "lee stays connected: {body}");
}

#[actix_web::test]
async fn another_site_or_session_sends_no_form_of_the_account() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let person = Person::open(&server, "/account", EMAIL).await;
    let other = Person::open(&server, "/account", EMAIL).await;
    let session = person.browser.cookies()["loop_session"].clone();
    for path in [
        "/account/apps/disconnect",
        "/account/sessions/end",
        "/account/sessions/end-others",
        "/account/password",
        "/account/language",
    ] {
        let stranger = forms(&other.html)[0].clone();
        let csrf = stranger.fields.iter().find(|(name, _)| name == "csrf");
        for (site, token) in [
            (None, ""),
            (None, csrf.unwrap().1.as_str()),
            (Some("cross-site"), csrf.unwrap().1.as_str()),
        ] {
            let mut request = server
                .http
                .post(server.at(path))
                .header("cookie", format!("loop_session={session}"))
                .form(&[("csrf", token), ("language", "ko")]);
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {site:?}");
            assert!(answer.headers().get("set-cookie").is_none());
        }
    }
}

#[actix_web::test]
async fn a_chosen_language_stays_with_the_browser_and_beats_what_it_prefers() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    let form = person.form("/account/language", None);
    let (status, _, _) = person.send(&form, Some(("language", "xx"))).await;
    assert_eq!(status, 400);
    let (status, to, _) = person.send(&form, Some(("language", "ko"))).await;
    assert_eq!((status, &*to), (303, "/account?done=language"));
    person.look().await;
    assert!(
        person.html.contains("<html lang=\"ko\">"),
        "{}",
        person.html
    );
    person.at = server.at("/oauth/login");
    person.look().await;
    assert!(person.html.contains("<html lang=\"ko\">"));
}

#[actix_web::test]
async fn the_pages_live_below_the_path_of_the_issuer_too() {
    let setup = Setup {
        external_url: Some("http://login.example/team"),
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    for (path, to) in [
        (
            "/team/account",
            "/team/oauth/login?return_to=%2Fteam%2Faccount%3F",
        ),
        (
            "/account",
            "/team/oauth/login?return_to=%2Fteam%2Faccount%3F",
        ),
    ] {
        let answer = Browser::new().get(&server.at(path)).await;
        assert_eq!(answer.headers()["location"], to);
    }
}
