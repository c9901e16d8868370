//! Attacks at the way to a provider and back.

use std::fmt::Write as _;

use super::*;

#[actix_web::test]
async fn an_answer_is_taken_once_in_the_browser_that_left_and_within_ten_minutes() {
    let place = Place::usual().await;
    let (browser, other) = (Browser::new(), Browser::new());
    other.get(&place.server.at("/oauth/login")).await;
    // Login CSRF: the attacker's answer in the victim's browser signs nobody in, with or without cookies.
    for victim in [&other, &Browser::new()] {
        let callback = place.come_back(&browser, "corp").await;
        let (status, html) = page(victim.get(&callback).await).await;
        assert_eq!(status, 400);
        assert!(html.contains("belongs to another browser"), "{html}");
        assert!(!victim.cookies().contains_key("loop_session"));
        // and it is used up
        assert_eq!(page(browser.get(&callback).await).await.0, 400);
    }
    let callback = place.come_back(&browser, "corp").await;
    assert_eq!(browser.get(&callback).await.status(), 302);
    assert_eq!(page(browser.get(&callback).await).await.0, 400, "a replay");
    let callback = place.come_back(&browser, "corp").await;
    place.server.clock.advance(600);
    assert_eq!(page(browser.get(&callback).await).await.0, 400, "too late");
    for wrong in ["", "made-up", &"x".repeat(5_000)] {
        let callback = with(&place.come_back(&browser, "corp").await, "state", wrong);
        assert_eq!(page(browser.get(&callback).await).await.0, 400, "{wrong:?}");
    }
}

#[actix_web::test]
async fn an_answer_of_one_provider_is_none_of_another() {
    let place = Place::start(&[Kind::Oidc, Kind::Google], "*").await;
    let browser = Browser::new();
    // Mix-up (RFC 9700 §4.4): the state of one at the other one's address.
    let callback = place.come_back(&browser, "corp").await;
    let mut mixed = callback.clone();
    mixed.set_path("/oauth/callback/google");
    assert_eq!(page(browser.get(&mixed).await).await.0, 400);
    assert_eq!(place.providers[1].count("/token"), 0, "no code went astray");
    for name in ["nobody", "CORP", "corp%2F..%2Fcorp"] {
        let url = place
            .server
            .at(&format!("/oauth/callback/{name}?state=x&code=y"));
        assert_eq!(browser.get(&url).await.status(), 404, "{name}");
    }
    // An answer in which another issuer stands is refused before the code is shown to anybody.
    let callback = place.come_back(&browser, "corp").await;
    let before = place.providers[0].count("/token");
    let mixed = with(&callback, "iss", place.providers[1].url());
    assert_eq!(page(browser.get(&mixed).await).await.0, 502);
    assert_eq!(place.providers[0].count("/token"), before);
}

#[actix_web::test]
async fn a_stolen_code_is_worth_nothing_in_another_login() {
    let place = Place::usual().await;
    let (victim, attacker) = (Browser::new(), Browser::new());
    let stolen = place.come_back(&victim, "corp").await;
    let (_, code) = stolen
        .query_pairs()
        .into_owned()
        .find(|(name, _)| name == "code")
        .unwrap();
    let own = place.come_back(&attacker, "corp").await;
    // Code injection: PKCE and nonce belong to the attacker's own login.
    let injected = with(&own, "code", &code);
    assert_eq!(page(attacker.get(&injected).await).await.0, 502);
    assert!(!attacker.cookies().contains_key("loop_session"));
}

#[actix_web::test]
async fn after_a_login_at_a_provider_nobody_is_sent_elsewhere() {
    let place = Place::usual().await;
    for to in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/oauth/logout",
        "javascript:alert(1)",
    ] {
        let browser = Browser::new();
        let page = place.server.at("/oauth/login");
        let html = browser.get(&page).await.text().await.unwrap();
        let mut form = button(&html, "/oauth/federation/corp");
        form.set("return_to", to);
        form.fields.push(("return_to".to_owned(), to.to_owned()));
        let departed = browser.submit(&page, &form, None).await;
        if departed.status() == 303 {
            let arrived = browser.get(&back_from(&location(&departed)).await).await;
            assert_eq!(
                location(&arrived).as_str(),
                format!("{}/oauth/", place.server.url),
                "{to}"
            );
        }
    }
}

#[actix_web::test]
async fn a_planted_session_does_not_survive_a_login_at_a_provider() {
    let place = Place::usual().await;
    place.server.user("eve@example.com", "member").await;
    let browser = Browser::new();
    let planted = log_in(&place.server, &browser, "eve@example.com").await;
    place.sign_in(&browser, "corp").await;
    let own = browser.cookies()["loop_session"].clone();
    assert_ne!(own, planted);
    let cookie = format!("loop_session={planted}");
    let home = place
        .server
        .http
        .get(place.server.at("/oauth/"))
        .header("Cookie", cookie);
    let html = home.send().await.unwrap().text().await.unwrap();
    assert!(
        !html.contains("eve@example.com") && !html.contains("kim@example.com"),
        "{html}"
    );
}

#[actix_web::test]
async fn another_sites_page_cannot_send_anybody_to_a_provider() {
    let place = Place::usual().await;
    let url = place.server.at("/oauth/federation/corp");
    assert_eq!(
        place
            .server
            .http
            .get(url.clone())
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let browser = Browser::new();
    let page = place.server.at("/oauth/login");
    let html = browser.get(&page).await.text().await.unwrap();
    let good = button(&html, "/oauth/federation/corp");
    let mut wrong = good.clone();
    wrong.set("csrf", "forged");
    assert_eq!(browser.submit(&page, &wrong, None).await.status(), 403);
    assert_eq!(
        Browser::new().submit(&page, &good, None).await.status(),
        403
    );
    let cookies = browser.cookies();
    let cookie = format!("loop_form={}", cookies["loop_form"]);
    let foreign = place.server.http.post(url).form(&good.fields);
    let foreign = foreign
        .header("Cookie", cookie)
        .header("Sec-Fetch-Site", "cross-site");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    assert_eq!(
        place.provider().count("/.well-known/openid-configuration"),
        0
    );
}

#[actix_web::test]
async fn one_address_begins_a_bounded_number_of_logins() {
    let place = Place::usual().await;
    let browser = Browser::new().from_address("192.0.2.7");
    let url = place.server.at("/oauth/login");
    let html = browser.get(&url).await.text().await.unwrap();
    let form = button(&html, "/oauth/federation/corp");
    for _ in 0..300 {
        assert_eq!(browser.submit(&url, &form, None).await.status(), 303);
    }
    let answer = browser.submit(&url, &form, None).await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    let other = Browser::new().from_address("192.0.2.8");
    assert_eq!(place.press(&other, "corp", None).await.status(), 303);
}

#[actix_web::test]
async fn no_token_of_a_provider_leaves_the_server_or_is_stored() {
    let place = Place::start(&[Kind::Oidc, Kind::GitHub], "*").await;
    let mut seen = String::new();
    for name in ["corp", "github"] {
        let browser = Browser::new();
        let answer = place.sign_in(&browser, name).await;
        write!(seen, "{:?}", answer.headers()).unwrap();
        seen.push_str(&answer.text().await.unwrap());
        seen.push_str(
            &browser
                .get(&place.server.at("/oauth/identities"))
                .await
                .text()
                .await
                .unwrap(),
        );
        write!(seen, "{:?}", browser.cookies()).unwrap();
        place
            .provider()
            .sign_in(Person::new("7007", "lee@example.com"));
        place.providers[1].sign_in(Person::new("7007", "lee@example.com"));
    }
    for file in std::fs::read_dir(place.server.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        seen.push_str(&String::from_utf8_lossy(&bytes));
    }
    for provider in &place.providers {
        let secrets = provider.secrets();
        assert!(secrets.len() >= 2, "{secrets:?}");
        for secret in secrets {
            assert!(!seen.contains(&secret), "{secret}");
        }
    }
}
