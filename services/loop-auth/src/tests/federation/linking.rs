//! Accounts that exist and accounts at providers: who connects them, and who does not.

use loop_oauth::store::Federation as _;

use super::*;

const KIM: &str = "kim@example.com";

/// Presses "connect" on the page of connected accounts.
async fn connect(place: &Place, browser: &Browser) -> Response {
    let url = place.server.at("/oauth/identities");
    let html = browser.get(&url).await.text().await.unwrap();
    let form = button(&html, "/oauth/identities/link/corp");
    browser.submit(&url, &form, None).await
}

#[actix_web::test]
async fn a_provider_that_vouches_for_an_address_does_not_open_the_account_that_has_it() {
    let place = Place::start(&[Kind::Oidc, Kind::GitHub], "*").await;
    place.server.user(KIM, "admin").await;
    for name in ["corp", "github"] {
        let browser = Browser::new();
        let (status, html) = page(place.sign_in(&browser, name).await).await;
        assert_eq!(status, 403);
        assert!(
            html.contains("An account with your address exists"),
            "{html}"
        );
        assert_eq!(place.account(&browser).await, None);
    }
}

#[actix_web::test]
async fn the_owner_connects_signed_in_and_then_comes_in_by_the_provider() {
    let place = Place::usual().await;
    place.server.user(KIM, "analyst").await;
    let owner = Browser::new();
    log_in(&place.server, &owner, KIM).await;
    let departed = connect(&place, &owner).await;
    let arrived = owner.get(&back_from(&location(&departed)).await).await;
    assert_eq!(location(&arrived).path(), "/oauth/identities");
    let html = owner
        .get(&place.server.at("/oauth/identities"))
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("<strong>CORP</strong>"), "{html}");
    let elsewhere = Browser::new();
    place.sign_in(&elsewhere, "corp").await;
    assert_eq!(place.account(&elsewhere).await.as_deref(), Some(KIM));
    // Another subject with the same address is somebody else.
    place.provider().sign_in(Person::new("2002", KIM));
    let (status, html) = page(place.sign_in(&Browser::new(), "corp").await).await;
    assert_eq!(status, 403);
    assert!(html.contains("from another account at CORP"), "{html}");
    // Removed, it opens nothing.
    let url = place.server.at("/oauth/identities");
    let remove = button(&html_of(&owner, &url).await, "/oauth/identities/remove");
    assert_eq!(owner.submit(&url, &remove, None).await.status(), 303);
    place.provider().sign_in(Person::kim());
    let (status, _) = page(place.sign_in(&Browser::new(), "corp").await).await;
    assert_eq!(status, 403);
}

async fn html_of(browser: &Browser, url: &Url) -> String {
    browser.get(url).await.text().await.unwrap()
}

#[actix_web::test]
async fn an_attacker_cannot_plant_an_account_of_his_own_in_the_victims() {
    let place = Place::usual().await;
    place.server.user(KIM, "admin").await;
    place.server.user("eve@example.com", "member").await;
    let (victim, attacker) = (Browser::new(), Browser::new());
    log_in(&place.server, &victim, KIM).await;
    log_in(&place.server, &attacker, "eve@example.com").await;
    place
        .provider()
        .sign_in(Person::new("6666", "eve@evil.example"));
    // The attacker begins, keeps the answer, and makes the victim's browser finish it.
    let departed = connect(&place, &attacker).await;
    let callback = back_from(&location(&departed)).await;
    let (status, html) = page(victim.get(&callback).await).await;
    assert_eq!(status, 400, "{html}");
    // Without the form's token nothing begins either, nor with the attacker's own.
    let url = place.server.at("/oauth/identities");
    let mut form = button(
        &html_of(&attacker, &url).await,
        "/oauth/identities/link/corp",
    );
    assert_eq!(victim.submit(&url, &form, None).await.status(), 403);
    form.set("csrf", "");
    assert_eq!(victim.submit(&url, &form, None).await.status(), 403);
    // Somebody else has signed in in between.
    let departed = connect(&place, &attacker).await;
    let callback = back_from(&location(&departed)).await;
    log_in(&place.server, &attacker, KIM).await;
    let (status, _) = page(attacker.get(&callback).await).await;
    assert_eq!(status, 400);
    for user in place.server.store.users(9).await.unwrap() {
        let known = place.server.store.identities(user.id).await.unwrap();
        assert!(known.is_empty(), "{known:?}");
    }
}

#[actix_web::test]
async fn an_account_that_came_by_a_provider_keeps_its_door() {
    let place = Place::usual().await;
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    let url = place.server.at("/oauth/identities");
    let html = html_of(&browser, &url).await;
    assert!(!html.contains("/oauth/identities/remove"), "{html}");
    let user = place.server.store.users(1).await.unwrap().remove(0);
    let known = place.server.store.identities(user.id).await.unwrap();
    let mut form = button(&html, "/oauth/identities/link/corp");
    form.action = "/oauth/identities/remove".to_owned();
    form.set("id", &known[0].id.to_string());
    browser.submit(&url, &form, None).await;
    assert_eq!(
        place.server.store.identities(user.id).await.unwrap().len(),
        1
    );
}

#[actix_web::test]
async fn a_disabled_account_is_not_opened_by_any_provider() {
    let place = Place::usual().await;
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    user_admin::disable(&place.server.app.cx(), KIM)
        .await
        .unwrap();
    let (status, html) = page(place.sign_in(&browser, "corp").await).await;
    assert_eq!(status, 403);
    assert!(html.contains("account here is disabled"), "{html}");
    assert_eq!(place.account(&browser).await, None);
}

#[actix_web::test]
async fn an_administrator_lets_one_login_connect_an_account() {
    let place = Place::usual().await;
    place.server.user(KIM, "analyst").await;
    let corp = ProviderId::parse("corp").unwrap();
    let cx = place.server.app.cx();
    user_admin::expect_identity(&cx, KIM, &corp).await.unwrap();
    assert!(
        user_admin::expect_identity(&cx, "nobody@example.com", &corp)
            .await
            .is_err()
    );
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    assert_eq!(place.account(&browser).await.as_deref(), Some(KIM));
    place.provider().sign_in(Person::new("2002", KIM));
    let (status, _) = page(place.sign_in(&Browser::new(), "corp").await).await;
    assert_eq!(status, 403);
}
